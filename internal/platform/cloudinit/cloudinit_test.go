package cloudinit

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestTold(t *testing.T) {
	tests := map[string]struct {
		m    platform.Machine
		want bool
	}{
		"nothing":  {platform.Machine{Metadata: map[string]string{}, NICs: map[string]platform.NIC{"eth0": {}}}, false},
		"hostname": {platform.Machine{Hostname: new("web")}, true},
		"login":    {platform.Machine{Login: &platform.Login{}}, true},
		"metadata": {platform.Machine{Metadata: map[string]string{"a": "b"}}, true},
		"DNS":      {platform.Machine{NICs: map[string]platform.NIC{"eth0": {DNS: []string{"10.0.0.1"}}}}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Told(&tt.m); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestIsIgnition(t *testing.T) {
	tests := map[string]struct {
		data string
		want bool
	}{
		"Ignition":      {"\n {\"ignition\":{\"version\":\"3.4.0\"}}\n", true},
		"other JSON":    {`{"users":[]}`, false},
		"broken":        {`{"ignition":{`, false},
		"cloud-config":  {"#cloud-config\nignition: {}\n", false},
		"nothing":       {"", false},
		"not an object": {`["ignition"]`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := IsIgnition(tt.data); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	login := &platform.Login{User: new("ops")}
	tests := map[string]struct {
		m  platform.Machine
		ok bool
	}{
		"nothing":            {platform.Machine{}, true},
		"own key":            {platform.Machine{Metadata: map[string]string{"role": "web"}}, true},
		"instance":           {platform.Machine{Metadata: map[string]string{"instance-id": "i"}}, false},
		"the adapter's":      {platform.Machine{Metadata: map[string]string{"network": "n"}}, false},
		"login":              {platform.Machine{Login: login, UserData: new("#!/bin/sh\n")}, true},
		"login and Ignition": {platform.Machine{Login: login, UserData: new(`{"ignition":{}}`)}, false},
		"Ignition":           {platform.Machine{UserData: new(`{"ignition":{}}`)}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := Check(&tt.m, "network")
			if tt.ok != (err == nil) || (err != nil && !errors.Is(err, platform.ErrInvalid)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNetworkFile(t *testing.T) {
	nics := map[string]platform.NIC{
		"eth0": {Addresses: []string{"10.0.0.5/24", "fd00::5/64"}, Gateway: new("fd00::1"), DNS: []string{"10.0.0.2"}}, "eth1": {},
	}
	rendered := `{"version":2,"ethernets":{
		"eth0":{"match":{"macaddress":"00:50:56:00:00:0a"},"dhcp4":false,"addresses":["10.0.0.5/24","fd00::5/64"],
			"routes":[{"to":"::/0","via":"fd00::1"}],"nameservers":{"addresses":["10.0.0.2"]}},
		"eth1":{"match":{"macaddress":""},"dhcp4":true}}}`
	file, err := NetworkFile(&platform.Machine{NICs: nics}, map[string]string{"eth0": "00:50:56:00:00:0A"})
	must(t, err)
	var got, want any
	must(t, json.Unmarshal([]byte(file[len(renderedMark):]), &got))
	must(t, json.Unmarshal([]byte(rendered), &want))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if own := OwnNetwork(file); own != "" {
		t.Errorf("it passes for the user's own: %s", own)
	}
	file, err = NetworkFile(&platform.Machine{NICs: nics, NetworkData: new("version: 2\n")}, nil)
	if err != nil || file != "version: 2\n" || OwnNetwork(file) != file {
		t.Errorf("got %q, %v", file, err)
	}
	file, err = NetworkFile(&platform.Machine{NICs: map[string]platform.NIC{"eth0": {}}}, nil)
	if err != nil || file != "" {
		t.Errorf("got %q, %v", file, err)
	}
}
