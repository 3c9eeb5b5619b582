package libvirt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// lanHost is a server with one network of ours on it.
type lanHost struct {
	*storageHost
	networks *networks
	lan      platform.Network // as the state has it
}

func newLANHost(t *testing.T) *lanHost {
	t.Helper()
	h := &lanHost{storageHost: newStorageHost(t)}
	h.networks = &networks{h.s}
	h.lan = platform.Network{
		Name: "lan", Description: new("a \"quoted\" <text>"),
		Labels: platform.Labels{Tags: map[string]string{"role": "web"}},
		Subnets: map[string]platform.Subnet{
			"four": {CIDR: "10.31.0.0/24", DNS: []string{"10.31.0.53"}, DHCP: &platform.DHCP{
				First: new("10.31.0.10"), Last: new("10.31.0.20"), Reservations: map[string]string{"52:54:00:AA:bb:01": "10.31.0.5"},
			}},
			"six": {CIDR: "FD31:0::/64", Gateway: new("fd31:0::1"), DHCP: &platform.DHCP{}},
		},
		Libvirt: &platform.LibvirtNetwork{Domain: new("lan.example"), Hosts: map[string]string{"gw": "10.31.0.1,FD31::1"}},
	}
	if err := h.networks.Create(t.Context(), &h.lan, func(string) {}); err != nil {
		t.Fatal(err)
	}
	return h
}

// read gives the network as a refresh does.
func (h *lanHost) read(t *testing.T) platform.Network {
	t.Helper()
	have := platform.Network{Meta: platform.Meta{ID: h.lan.ID}, Libvirt: &platform.LibvirtNetwork{}, Subnets: map[string]platform.Subnet{}}
	for key, s := range h.lan.Subnets {
		have.Subnets[key] = platform.Subnet{ID: s.ID}
	}
	if err := h.networks.Read(t.Context(), &have); err != nil {
		t.Fatal(err)
	}
	return have
}

// update applies a change to a copy of the state.
func (h *lanHost) update(t *testing.T, change func(n *platform.Network)) error {
	t.Helper()
	next := *respelled(&h.lan, func(_, text string, _ func(string) string) string { return text })
	change(&next)
	prior := *respelled(&h.lan, func(_, text string, _ func(string) string) string { return text })
	w := &platform.Warnings{}
	err := h.networks.Update(platform.WithWarnings(t.Context(), w), &prior, &next)
	for _, text := range w.Take() {
		t.Errorf("warning: %v", text.Err)
	}
	if err == nil {
		h.lan = next
	}
	return err
}

func (h *lanHost) must(t *testing.T, change func(n *platform.Network)) {
	t.Helper()
	if err := h.update(t, change); err != nil {
		t.Fatal(err)
	}
}

// define writes a document into a file for virsh.
func (h *lanHost) file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(h.Dir, "hand.xml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const idleGuest = `<domain type='qemu'><name>guest</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><interface type='network'><source network='lan'/><mac address='52:54:00:aa:bb:01'/><model type='virtio'/></interface></devices></domain>`

// plugged says to which bridge the guest's interface is connected.
func (h *lanHost) plugged(t *testing.T) string {
	t.Helper()
	_, bridge, _ := strings.Cut(h.run(t, "ip", "-o", "link", "show", "vnet0"), " master ")
	bridge, _, _ = strings.Cut(bridge, " ")
	return bridge
}

func TestNetworkOnLibvirt(t *testing.T) {
	h := newLANHost(t)
	t.Run("made as told", h.madeAsTold)
	t.Run("read as told", h.readAsTold)
	t.Run("imported", h.imported)
	t.Run("name taken", h.nameTaken)
	t.Run("changed while it runs", h.changedLive)
	t.Run("changed by hand", h.changedByHand)
	h.virsh(t, "create", h.file(t, idleGuest))
	t.Run("started anew with a guest", h.startedAnew)
	t.Run("a change that cannot be", h.cannotStart)
	t.Run("bridged", h.bridged)
	t.Run("not deleted under a guest", h.deleteBusy)
	h.virsh(t, "destroy", "guest")
	t.Run("stopped and started", h.stopped)
	t.Run("deleted", h.deleted)
}

func (h *lanHost) madeAsTold(t *testing.T) {
	doc := h.virsh(t, "net-dumpxml", "lan")
	for _, part := range []string{"<forward mode='nat'", "ipv6='yes'", "<domain name='lan.example'/>", "10.31.0.1", "range start='fd31::2' end='fd31::ffff'"} {
		if !strings.Contains(doc, part) {
			t.Errorf("virsh does not show %q:\n%s", part, doc)
		}
	}
	conf := h.run(t, "cat", "/var/lib/libvirt/dnsmasq/lan.conf")
	if !strings.Contains(conf, "dhcp-option=option:dns-server,10.31.0.53") || !strings.Contains(conf, "dhcp-range=10.31.0.10,10.31.0.20") {
		t.Errorf("dnsmasq hands out something else:\n%s", conf)
	}
	bridge := h.lan.Native["bridge"]
	if out := h.run(t, "ip", "-br", "address", "show", bridge); !strings.Contains(out, "10.31.0.1/24") || !strings.Contains(out, "fd31::1/64") {
		t.Errorf("the bridge has %s", out)
	}
	if !strings.Contains(h.virsh(t, "net-info", "lan"), "Autostart:      yes") {
		t.Error("it does not start with the host")
	}
	if *h.lan.Mode != modeNAT || *h.lan.MTU != 1500 || *h.lan.Subnets["four"].Gateway != "10.31.0.1" || *h.lan.Subnets["six"].ID != "fd31::/64" {
		t.Errorf("left open: %+v", h.lan)
	}
}

// readAsTold demands every value in the user's own spelling.
func (h *lanHost) readAsTold(t *testing.T) {
	got := h.read(t)
	want := h.lan
	six := want.Subnets["six"]
	six.DHCP = got.Subnets["six"].DHCP // what was left open
	want.Subnets["six"] = six
	want.Libvirt = &platform.LibvirtNetwork{Bridge: got.Libvirt.Bridge, Domain: want.Libvirt.Domain, Hosts: want.Libvirt.Hosts, Autostart: new(true), Active: new(true)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	count := 0
	for e, err := range h.networks.List(t.Context()) {
		listed := platform.Network{Meta: platform.Meta{ID: h.lan.ID}, Subnets: h.lan.Subnets}
		if err != nil || e.Name != "lan" || e.Fill(&listed) != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, listed); diff != "" {
			t.Errorf("the list differs (-read +listed):\n%s", diff)
		}
		count++
	}
	if count != 1 {
		t.Errorf("%d networks are listed", count)
	}
}

func (h *lanHost) imported(t *testing.T) {
	id, err := h.networks.Find(t.Context(), "lan")
	if err != nil || id != *h.lan.ID {
		t.Fatalf("%s, %v", id, err)
	}
	got := platform.Network{Meta: platform.Meta{ID: &id}}
	if err := h.networks.Read(t.Context(), &got); err != nil || got.Subnets["four"].CIDR != "10.31.0.0/24" || got.Subnets["six"].CIDR != "FD31:0::/64" {
		t.Errorf("%+v, %v", got.Subnets, err)
	}
	_, err = h.networks.Find(t.Context(), "no-such")
	isClass(t, err, platform.ErrNotFound, "no-such")
}

func (h *lanHost) nameTaken(t *testing.T) {
	made := false
	err := h.networks.Create(t.Context(), &platform.Network{Name: "lan"}, func(string) { made = true })
	var exists *platform.ExistsError
	if !errors.As(err, &exists) || exists.ID != *h.lan.ID || exists.Unfinished || made {
		t.Errorf("%v, made: %t", err, made)
	}
}

// bridgeIndex tells whether the bridge was made anew.
func (h *lanHost) bridgeIndex(t *testing.T) string {
	t.Helper()
	index, _, _ := strings.Cut(h.run(t, "ip", "-o", "link", "show", h.lan.Native["bridge"]), ":")
	return index
}

func (h *lanHost) changedLive(t *testing.T) {
	h.must(t, func(n *platform.Network) { n.Libvirt.Hosts = map[string]string{"gw": "10.31.0.1"} }) // two of one name: not while it runs
	before := h.bridgeIndex(t)
	h.must(t, func(n *platform.Network) {
		s := n.Subnets["four"]
		s.DHCP.Last, s.DHCP.Reservations = new("10.31.0.30"), map[string]string{"52:54:00:AA:bb:01": "10.31.0.6", "52:54:00:aa:bb:02": "10.31.0.5"}
		n.Tags, n.Description = map[string]string{"role": "db"}, nil
		n.Libvirt.Hosts = map[string]string{"gw": "10.31.0.1", "www": "10.31.0.1", "x": "fd31::9"}
	})
	if after := h.bridgeIndex(t); after != before {
		t.Error("the network was started anew")
	}
	if conf := h.run(t, "cat", "/var/lib/libvirt/dnsmasq/lan.conf"); !strings.Contains(conf, "dhcp-range=10.31.0.10,10.31.0.30") {
		t.Errorf("dnsmasq hands out something else:\n%s", conf)
	}
	hosts := h.run(t, "cat", "/var/lib/libvirt/dnsmasq/lan.hostsfile", "/var/lib/libvirt/dnsmasq/lan.addnhosts")
	if !strings.Contains(hosts, "bb:02,10.31.0.5") || !strings.Contains(hosts, "www") || !strings.Contains(hosts, "fd31::9") {
		t.Errorf("dnsmasq knows:\n%s", hosts)
	}
	got := h.read(t)
	if got.Description != nil || got.Tags["role"] != "db" || *got.Subnets["four"].DHCP.Last != "10.31.0.30" {
		t.Errorf("%+v", got)
	}
}

func (h *lanHost) changedByHand(t *testing.T) {
	h.virsh(t, "net-update", "lan", "add", "dns-host", "<host ip='10.31.0.9'><hostname>byhand</hostname></host>", "--live")
	if got := h.read(t).Libvirt.Hosts["byhand"]; got != "10.31.0.9" {
		t.Errorf("what was changed while it runs is read as %q", got)
	}
	h.lan.Libvirt.Hosts["byhand"] = "10.31.0.9"
	h.must(t, func(n *platform.Network) { delete(n.Libvirt.Hosts, "byhand") })
	if live := h.virsh(t, "net-dumpxml", "lan"); strings.Contains(live, "byhand") {
		t.Errorf("it is not set right:\n%s", live)
	}
	doc := strings.Replace(h.virsh(t, "net-dumpxml", "--inactive", "lan"), "lan.example", "hand.example", 1)
	h.virsh(t, "net-define", h.file(t, doc))
	if got := h.read(t).Libvirt.Domain; *got != "hand.example" {
		t.Errorf("what was changed for the next start is read as %q", *got)
	}
	before := h.bridgeIndex(t)
	h.lan.Libvirt.Domain = new("hand.example")
	h.must(t, func(n *platform.Network) { n.Libvirt.Domain = new("lan.example") })
	if h.bridgeIndex(t) != before || strings.Contains(h.virsh(t, "net-dumpxml", "--inactive", "lan"), "hand.example") {
		t.Error("what runs was right already, but the network was started anew, or the definition is still wrong")
	}
}

func (h *lanHost) startedAnew(t *testing.T) {
	before := h.bridgeIndex(t)
	h.must(t, func(n *platform.Network) {
		n.MTU = new(int64(1400))
		s := n.Subnets["four"]
		s.Gateway = new("10.31.0.254")
		n.Subnets["four"] = s
	})
	if h.bridgeIndex(t) == before {
		t.Error("it was not started anew")
	}
	if bridge := h.plugged(t); bridge != h.lan.Native["bridge"] {
		t.Errorf("the guest is connected to %q", bridge)
	}
	if out := h.run(t, "ip", "-o", "address", "show", h.lan.Native["bridge"]); !strings.Contains(out, "10.31.0.254/24") {
		t.Errorf("the bridge has %s", out)
	}
	if names := h.virsh(t, "net-list", "--all", "--name"); strings.TrimSpace(names) != "lan" {
		t.Errorf("networks: %s", names)
	}
}

// cannotStart changes to a range that the host has already: the network comes back as it was, with its guest.
func (h *lanHost) cannotStart(t *testing.T) {
	h.run(t, "ip", "link", "add", "taken0", "type", "bridge")
	h.run(t, "ip", "address", "add", "10.32.0.1/24", "dev", "taken0")
	h.run(t, "ip", "link", "set", "taken0", "up")
	err := h.update(t, func(n *platform.Network) {
		n.Subnets["four"] = platform.Subnet{CIDR: "10.32.0.0/24"}
	})
	if err == nil || !strings.Contains(err.Error(), "choose another cidr") {
		t.Errorf("%v", err)
	}
	if bridge := h.plugged(t); bridge != h.lan.Native["bridge"] || !strings.Contains(h.virsh(t, "net-dumpxml", "lan"), "10.31.0.254") {
		t.Errorf("the guest is connected to %q:\n%s", bridge, h.virsh(t, "net-dumpxml", "lan"))
	}
	if got := h.read(t).Subnets["four"]; got.CIDR != "10.31.0.0/24" || *got.DHCP.Last != "10.31.0.30" {
		t.Errorf("%+v", got)
	}
}

// bridged takes the network, with its guest, to a bridge of the host and back.
func (h *lanHost) bridged(t *testing.T) {
	h.run(t, "ip", "link", "add", "br9", "type", "bridge")
	h.run(t, "ip", "link", "set", "br9", "up")
	for ref, class := range map[string]error{"bridge:br9": nil, "bridge:br8": platform.ErrNotFound} {
		if got, err := h.networks.Find(t.Context(), ref); !errors.Is(err, class) || err == nil && got != ref {
			t.Errorf("%s: %s, %v", ref, got, err)
		}
	}
	before := h.lan
	h.must(t, func(n *platform.Network) {
		n.Mode, n.MTU, n.Subnets, n.Libvirt = new(modeBridge), nil, nil, &platform.LibvirtNetwork{Bridge: new("br9")}
	})
	if bridge := h.plugged(t); bridge != "br9" {
		t.Errorf("the guest is connected to %q", bridge)
	}
	if got := h.read(t); *got.Mode != modeBridge || got.MTU != nil || len(got.Subnets) > 0 {
		t.Errorf("%+v", got)
	}
	h.must(t, func(n *platform.Network) {
		n.Mode, n.Subnets, n.Libvirt = new(modeRouted), before.Subnets, &platform.LibvirtNetwork{Bridge: new("lanbr"), Autostart: new(false)}
	})
	if bridge := h.plugged(t); bridge != "lanbr" || *h.lan.MTU != 1500 {
		t.Errorf("the guest is connected to %q", bridge)
	}
}

func (h *lanHost) deleteBusy(t *testing.T) {
	err := h.networks.Delete(t.Context(), &h.lan)
	isClass(t, err, platform.ErrConflict, "guest", "stop them")
	if h.plugged(t) != "lanbr" {
		t.Error("the guest was disconnected")
	}
}

func (h *lanHost) stopped(t *testing.T) {
	h.virsh(t, "net-destroy", "lan")
	w := &platform.Warnings{}
	have := platform.Network{Meta: platform.Meta{ID: h.lan.ID}}
	if err := h.networks.Read(platform.WithWarnings(t.Context(), w), &have); err != nil || have.Native["active"] != "false" || len(w.Take()) != 1 {
		t.Errorf("%+v, %v", have.Native, err)
	}
	h.lan.Libvirt.Active = new(false)
	h.must(t, func(n *platform.Network) { n.Libvirt.Active = new(true) })
	if out := h.virsh(t, "net-list", "--name"); !strings.Contains(out, "lan") {
		t.Error("it was not started")
	}
}

func (h *lanHost) deleted(t *testing.T) {
	for range 2 {
		if err := h.networks.Delete(t.Context(), &h.lan); err != nil {
			t.Fatal(err)
		}
	}
	if out := h.virsh(t, "net-list", "--all", "--name"); strings.TrimSpace(out) != "" {
		t.Errorf("left: %s", out)
	}
	isClass(t, h.networks.Read(t.Context(), &h.lan), platform.ErrNotFound)
}
