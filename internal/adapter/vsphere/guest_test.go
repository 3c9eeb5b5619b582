package vsphere

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestPack(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "text": "a: b\n", "long": strings.Repeat("x\n", 1<<16)} {
		t.Run(name, func(t *testing.T) {
			first, second := pack(text), pack(text)
			got, err := unpack(first)
			if err != nil || got != text || first != second {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	}
}

func TestNetworkConfig(t *testing.T) {
	m := &platform.Machine{NICs: map[string]platform.NIC{
		"eth0": {Addresses: []string{"10.0.0.5/24", "fd00::5/64"}, Gateway: new("10.0.0.1"), DNS: []string{"10.0.0.2"}}, "eth1": {},
	}}
	m.ID, m.Hostname = new("id"), new("web")
	config, err := guestConfig(m, map[string]string{"eth0": "00:50:56:00:00:01", "eth1": "00:50:56:00:00:02"}, "")
	must(t, err)
	var got, want any
	must(t, json.Unmarshal([]byte(unpackKey(config, guestMetadata)), &got))
	must(t, json.Unmarshal([]byte(`{"instance-id":"id","local-hostname":"web","network":{"version":2,"ethernets":{
		"eth0":{"match":{"macaddress":"00:50:56:00:00:01"},"dhcp4":false,"addresses":["10.0.0.5/24","fd00::5/64"],
			"routes":[{"to":"0.0.0.0/0","via":"10.0.0.1"}],"nameservers":{"addresses":["10.0.0.2"]}},
		"eth1":{"match":{"macaddress":"00:50:56:00:00:02"},"dhcp4":true}}}}`), &want))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIgnition(t *testing.T) {
	m := &platform.Machine{UserData: new(`{"ignition":{"version":"3.4.0"}}`)}
	config, err := guestConfig(m, nil, "")
	must(t, err)
	if config[guestUserData] != "" || unpackKey(config, guestIgnition) != *m.UserData {
		t.Errorf("config %v", config)
	}
	m.Login = &platform.Login{User: new("ops")}
	wantClass(t, checkMetadata(m), platform.ErrInvalid)
}
