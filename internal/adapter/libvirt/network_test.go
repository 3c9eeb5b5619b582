package libvirt

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// networkDoc reads a document.
func networkDoc(t *testing.T, text string) *libvirtxml.Network {
	t.Helper()
	doc := &libvirtxml.Network{}
	if err := doc.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDefaultRange(t *testing.T) {
	for _, c := range []struct{ name, prefix, gateway, first, last string }{
		{"gateway first", "10.0.0.0/24", "10.0.0.1", "10.0.0.2", "10.0.0.254"},
		{"gateway last", "10.0.0.0/24", "10.0.0.254", "10.0.0.1", "10.0.0.253"},
		{"gateway in the middle", "10.0.0.0/24", "10.0.0.128", "10.0.0.129", "10.0.0.254"},
		{"more than libvirt takes", "10.0.0.0/8", "10.0.0.1", "10.0.0.2", "10.0.255.255"},
		{"IPv6", "fd00::/64", "fd00::1", "fd00::2", "fd00::ffff"},
		{"two hosts", "10.0.0.0/30", "10.0.0.1", "10.0.0.2", "10.0.0.2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, last := defaultRange(netip.MustParsePrefix(c.prefix), netip.MustParseAddr(c.gateway))
			if first.String() != c.first || last.String() != c.last {
				t.Errorf("%s to %s, want %s to %s", first, last, c.first, c.last)
			}
		})
	}
}

// TestSpellings notes what the user spelled in his own way and gives it back for what libvirt tells.
func TestSpellings(t *testing.T) {
	want := &platform.Network{
		Subnets: map[string]platform.Subnet{"lan": {
			CIDR: "10.0.0.7/24", Gateway: new("10.0.0.1"), DNS: []string{"FD00::0053"},
			DHCP: &platform.DHCP{First: new("10.0.0.9"), Reservations: map[string]string{"52-54-00-AA-BB-01": "10.0.0.10"}},
		}},
		Libvirt: &platform.LibvirtNetwork{Hosts: map[string]string{"a": "fd00:0::5, 10.0.0.5"}},
	}
	noted := map[string]string{}
	respelled(want, noting(noted))
	canonical := respelled(want, canonically)
	if s := canonical.Subnets["lan"]; s.CIDR != "10.0.0.0/24" || s.DNS[0] != "fd00::53" || s.DHCP.Reservations["52:54:00:aa:bb:01"] != "10.0.0.10" {
		t.Errorf("canonical: %+v", s)
	}
	if got := canonical.Libvirt.Hosts["a"]; got != "10.0.0.5,fd00::5" {
		t.Errorf("canonical: %s", got)
	}
	if diff := cmp.Diff(want, respelled(canonical, restoring(noted))); diff != "" {
		t.Errorf("the user's spelling is lost (-want +got):\n%s", diff)
	}
	changed := respelled(canonical, canonically)
	s := changed.Subnets["lan"]
	s.CIDR = "10.9.0.0/24"
	changed.Subnets["lan"] = s
	if got := respelled(changed, restoring(noted)).Subnets["lan"].CIDR; got != "10.9.0.0/24" {
		t.Errorf("a changed range is read as %s", got)
	}
}

const handMade = `<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>hand</name><uuid>5b7e1c1e-65a7-4c0c-9a7c-0c3f4d2c1a01</uuid>
  <forward mode='nat'/><bridge name='virbr7' stp='on' delay='0'/><mac address='52:54:00:00:00:01'/>
  <dns><forwarder addr='9.9.9.9'/><host ip='10.0.0.5'><hostname>b</hostname><hostname>a</hostname></host></dns>
  <ip address='10.0.0.1' netmask='255.255.255.0'>
    <dhcp><range start='10.0.0.10' end='10.0.0.20'><lease expiry='2' unit='hours'/></range><host mac='52:54:00:AA:BB:01' name='x' ip='10.0.0.9'/><bootp file='pxe'/></dhcp>
  </ip>
  <ip family='ipv6' address='FD00::1' prefix='64'/>
  <portgroup name='gold'><bandwidth><inbound average='1000'/></bandwidth></portgroup>
  <dnsmasq:options><dnsmasq:option value='dhcp-option=6,10.0.0.53'/><dnsmasq:option value='log-dhcp'/></dnsmasq:options>
</network>`

func TestObserveNetwork(t *testing.T) {
	n := &lan{config: networkDoc(t, handMade)}
	var got platform.Network
	n.fill(&got)
	want := map[string]platform.Subnet{
		"ipv4": {
			CIDR: "10.0.0.0/24", ID: new("10.0.0.0/24"), Gateway: new("10.0.0.1"), DNS: []string{"10.0.0.53"},
			DHCP: &platform.DHCP{First: new("10.0.0.10"), Last: new("10.0.0.20"), Reservations: map[string]string{"52:54:00:aa:bb:01": "10.0.0.9"}},
		},
		"ipv6": {CIDR: "fd00::/64", ID: new("fd00::/64"), Gateway: new("fd00::1")},
	}
	if diff := cmp.Diff(want, got.Subnets); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if *got.Mode != "nat" || *got.MTU != 1500 || *got.Libvirt.Bridge != "virbr7" || got.Libvirt.Hosts["a"] != "10.0.0.5" {
		t.Errorf("%+v", got)
	}
}

// TestReviseKeeps changes one thing of a network made by hand: everything else stays as it was.
func TestReviseKeeps(t *testing.T) {
	first := map[string]platform.Subnet{"lan": {CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{First: new("10.0.0.10"), Last: new("10.0.0.20")}}}
	longer := map[string]platform.Subnet{"lan": {CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{First: new("10.0.0.10"), Last: new("10.0.0.30")}}}
	for _, c := range []struct {
		name        string
		prior, want platform.Network
		changes     map[string]string // what is replaced in the document
	}{
		{"nothing", platform.Network{}, platform.Network{}, nil},
		{"only tags", platform.Network{}, platform.Network{Labels: platform.Labels{Tags: map[string]string{"a": "b"}}}, nil},
		{"range", platform.Network{Subnets: first}, platform.Network{Subnets: longer}, map[string]string{"end='10.0.0.20'": "end='10.0.0.30'"}},
		{
			"hosts that are the same",
			platform.Network{},
			platform.Network{Libvirt: &platform.LibvirtNetwork{Hosts: map[string]string{"a": "10.0.0.5", "b": "10.0.0.5"}}},
			nil,
		},
		{
			"bridge",
			platform.Network{Libvirt: &platform.LibvirtNetwork{Bridge: new("virbr7")}},
			platform.Network{Libvirt: &platform.LibvirtNetwork{Bridge: new("br-x")}},
			map[string]string{"name='virbr7'": "name='br-x'"},
		},
		{"mode", platform.Network{Mode: new("nat")}, platform.Network{Mode: new("routed")}, map[string]string{"mode='nat'": "mode='route'"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.prior.Name, c.want.Name = "hand", "hand"
			doc, text := networkDoc(t, handMade), handMade
			for from, to := range c.changes {
				text = strings.Replace(text, from, to, 1)
			}
			revise(doc, &c.prior, &c.want)
			if diff := cmp.Diff(networkDoc(t, text), doc); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			written, err := spelledXML(doc, handMade)
			if err != nil || !strings.Contains(written, "average=\"1000\"") {
				t.Errorf("what the type does not hold is lost: %v\n%s", err, written)
			}
		})
	}
}

func TestPatches(t *testing.T) {
	prior := platform.Network{Name: "hand", Subnets: map[string]platform.Subnet{"lan": {
		CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{Reservations: map[string]string{"52:54:00:aa:bb:01": "10.0.0.9"}},
	}}}
	want := platform.Network{Name: "hand", Libvirt: &platform.LibvirtNetwork{Hosts: map[string]string{"a": "10.0.0.6"}}, Subnets: map[string]platform.Subnet{"lan": {
		CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{Reservations: map[string]string{"52:54:00:aa:bb:01": "10.0.0.8", "52:54:00:aa:bb:02": "10.0.0.9"}},
	}}}
	live, doc := networkDoc(t, handMade), networkDoc(t, handMade)
	revise(doc, &prior, &want)
	if skeleton(live) != skeleton(doc) {
		t.Errorf("this can be changed while it runs, but:\n%s", cmp.Diff(skeleton(live), skeleton(doc)))
	}
	var got []string
	for _, p := range patches(live, doc) {
		got = append(got, strings.Join([]string{string(rune('0' + p.command)), string(rune('0' + p.section)), p.text}, " "))
	}
	wanted := []string{
		`2 4 <host mac="52:54:00:AA:BB:01" name="x" ip="10.0.0.9"></host>`,
		`2 : <host ip="10.0.0.5"><hostname>b</hostname><hostname>a</hostname></host>`,
		`3 4 <host mac="52:54:00:AA:BB:01" name="x" ip="10.0.0.8"></host>`,
		`3 4 <host mac="52:54:00:aa:bb:02" ip="10.0.0.9"></host>`,
		`3 : <host ip="10.0.0.6"><hostname>a</hostname></host>`,
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	revise(doc, &want, &platform.Network{Name: "hand", MTU: new(int64(9000)), Subnets: want.Subnets, Libvirt: want.Libvirt})
	if skeleton(live) == skeleton(doc) {
		t.Error("another MTU needs a start")
	}
}

// TestKeyed follows keys through what somebody else did.
func TestKeyed(t *testing.T) {
	seen := func(ranges ...string) (list []platform.Subnet) {
		for _, cidr := range ranges {
			list = append(list, platform.Subnet{CIDR: cidr, ID: new(cidr)})
		}
		return list
	}
	known := map[string]platform.Subnet{"a": {ID: new("10.1.0.0/24")}, "b": {ID: new("10.2.0.0/24")}, "six": {ID: new("fd00::/64")}}
	for _, c := range []struct {
		name     string
		seen     []platform.Subnet
		known    map[string]platform.Subnet
		recorded map[string]string
		want     []string
		rest     int
	}{
		{"as it was", seen("10.1.0.0/24", "10.2.0.0/24", "fd00::/64"), known, nil, []string{"a=10.1.0.0/24", "b=10.2.0.0/24", "six=fd00::/64"}, 0},
		{"one gone", seen("10.2.0.0/24", "fd00::/64"), known, nil, []string{"b=10.2.0.0/24", "six=fd00::/64"}, 0},
		{"one changed", seen("10.2.0.0/24", "10.3.0.0/24"), known, nil, []string{"a=10.3.0.0/24", "b=10.2.0.0/24"}, 0},
		{"one more", seen("10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24", "fd00::/64"), known, nil, []string{"a=10.1.0.0/24", "b=10.2.0.0/24", "six=fd00::/64"}, 1},
		{"imported", seen("10.1.0.0/24", "10.2.0.0/24", "fd00::/64"), nil, nil, []string{"ipv4-2=10.2.0.0/24", "ipv4=10.1.0.0/24", "ipv6=fd00::/64"}, 0},
		{"imported, recorded", seen("10.1.0.0/24", "10.2.0.0/24"), nil, map[string]string{"10.2.0.0/24": "lan"}, []string{"ipv4=10.1.0.0/24", "lan=10.2.0.0/24"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, rest := keyed(c.seen, c.known, c.recorded)
			var got []string
			for key, s := range keys {
				got = append(got, key+"="+s.CIDR)
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" || len(rest) != c.rest {
				t.Errorf("%d left; -want +got:\n%s", len(rest), diff)
			}
		})
	}
}

func TestCheckNetwork(t *testing.T) {
	lan := func(s platform.Subnet) platform.Network {
		return platform.Network{Subnets: map[string]platform.Subnet{"lan": s}}
	}
	for _, c := range []struct {
		name string
		want platform.Network
		says string
	}{
		{"fine", lan(platform.Subnet{CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{}, DNS: []string{"1.1.1.1"}}), ""},
		{"no range", lan(platform.Subnet{CIDR: "10.0.0.0"}), "subnets.lan.cidr"},
		{"gateway outside", lan(platform.Subnet{CIDR: "10.0.0.0/24", Gateway: new("10.1.0.1")}), "subnets.lan.gateway"},
		{"range backwards", lan(platform.Subnet{CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{First: new("10.0.0.9"), Last: new("10.0.0.3")}}), "subnets.lan.dhcp.last"},
		{"name server of the other family", lan(platform.Subnet{CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{}, DNS: []string{"fd00::1"}}), "subnets.lan.dns"},
		{"name servers without DHCP", lan(platform.Subnet{CIDR: "10.0.0.0/24", DNS: []string{"1.1.1.1"}}), "subnets.lan.dns"},
		{"MAC address in IPv6", lan(platform.Subnet{CIDR: "fd00::/64", DHCP: &platform.DHCP{Reservations: map[string]string{"52:54:00:00:00:01": "fd00::9"}}}), "no reservations by MAC"},
		{"two MAC addresses that are one", lan(platform.Subnet{CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{Reservations: map[string]string{"52:54:00:00:00:0a": "10.0.0.9", "52:54:00:00:00:0A": "10.0.0.8"}}}), "reserved"},
		{"bridge without one", platform.Network{Mode: new("bridge")}, "libvirt.bridge"},
		{"bridge with subnets", platform.Network{Mode: new("bridge"), Libvirt: &platform.LibvirtNetwork{Bridge: new("br0")}, Subnets: map[string]platform.Subnet{"lan": {CIDR: "10.0.0.0/24"}}}, "subnets: in the mode bridge"},
		{"NAT of nothing", platform.Network{Mode: new("nat")}, "nothing to forward"},
		{"names without a server", platform.Network{Libvirt: &platform.LibvirtNetwork{Hosts: map[string]string{"a": "10.0.0.1"}}}, "no DNS server"},
		{"overlap", platform.Network{Subnets: map[string]platform.Subnet{"a": {CIDR: "10.0.0.0/16"}, "b": {CIDR: "10.0.1.0/24"}}}, "overlaps"},
		{"DHCP twice", platform.Network{Subnets: map[string]platform.Subnet{"a": {CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{}}, "b": {CIDR: "10.1.0.0/24", DHCP: &platform.DHCP{}}}}, "subnets.b.dhcp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkAll(nil, &c.want)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}
