package libvirt

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// bare is a machine that is off and has no disk.
func bare(name string) *platform.Machine {
	off, memory := platform.PowerOff, 64*platform.MiB
	return &platform.Machine{Name: name, Power: &off, Memory: &memory}
}

// made creates a machine and takes it away at the end.
func made(t *testing.T, s *session, m *platform.Machine) {
	t.Helper()
	all := &machines{s}
	if err := all.Create(t.Context(), m, func(string) {}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := all.Delete(context.WithoutCancel(t.Context()), m); err != nil {
			t.Error(err)
		}
	})
}

// TestIgnition: an Ignition configuration reaches the guest by the firmware, as a file that changes with its content.
func TestIgnition(t *testing.T) {
	h := newStorageHost(t)
	const first, second = `{"ignition":{"version":"3.4.0"}}`, `{"ignition":{"version":"3.3.0"}}`
	m := bare("ignited")
	m.UserData = new(first)
	made(t, h.s, m)
	passed := func() string {
		t.Helper()
		found := regexp.MustCompile(`name='opt/com.coreos/config' file='([^']+)'`).FindStringSubmatch(h.virsh(t, "dumpxml", "ignited", "--inactive"))
		if found == nil {
			t.Fatal("the firmware passes no configuration")
		}
		content, err := os.ReadFile(found[1])
		if err != nil {
			t.Fatal(err)
		}
		if want := *m.UserData; string(content) != want {
			t.Errorf("it passes %s instead of %s", content, want)
		}
		return found[1]
	}
	before := passed()
	prior := *m
	m.UserData = new(second)
	if err := (&machines{h.s}).Update(t.Context(), &prior, m); err != nil {
		t.Fatal(err)
	}
	if after := passed(); after == before {
		t.Errorf("another content has the same file %s", after)
	}
	if _, err := os.Stat(before); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file before is still there: %v", err)
	}
}

// TestAdaptersOnTheHost: adapters on a bridge and on a device of the host, without a network of libvirt's.
func TestAdaptersOnTheHost(t *testing.T) {
	h := newStorageHost(t)
	for _, args := range [][]string{{"link", "add", "br9", "type", "bridge"}, {"link", "set", "br9", "up"}} {
		if _, err := h.Exec(t.Context(), append([]string{"ip"}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	m := bare("wired")
	m.NICs = map[string]platform.NIC{"a": {NetworkID: new("bridge:br9")}, "b": {NetworkID: new("macvtap:eth0")}, "c": {NetworkID: new("macvtap:eth0/vepa")}}
	made(t, h.s, m)
	text := h.virsh(t, "dumpxml", "wired")
	for _, want := range []string{`<source bridge='br9'/>`, `<source dev='eth0' mode='bridge'/>`, `<source dev='eth0' mode='vepa'/>`} {
		if !strings.Contains(text, want) {
			t.Errorf("the domain has no %s", want)
		}
	}
	got := m.Bindings(*m.ID)
	if err := (&machines{h.s}).Read(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	for key, n := range m.NICs {
		if is := value(got.NICs[key].NetworkID); is != *n.NetworkID {
			t.Errorf("the adapter %s is on %q and is read as on %q", key, *n.NetworkID, is)
		}
	}
	prior := *m
	m.NICs = map[string]platform.NIC{"a": prior.NICs["a"]}
	m.Power = new(platform.PowerOn)
	if err := (&machines{h.s}).Update(t.Context(), &prior, m); err != nil {
		t.Fatal(err)
	}
	if out := h.virsh(t, "domiflist", "wired"); !strings.Contains(out, "br9") {
		t.Errorf("it runs without its bridge: %s", out)
	}
}

// TestDetachNeedsAGuest: a device that no guest releases is an error that says so, and the machine keeps it.
func TestDetachNeedsAGuest(t *testing.T) {
	h := newStorageHost(t)
	m := bare("deaf")
	m.Power, m.BootDisk = new(platform.PowerOn), &platform.BootDisk{Size: new(64 * platform.MiB)}
	m.Disks = map[string]platform.MachineDisk{"data": {Size: new(64 * platform.MiB)}}
	made(t, h.s, m)
	limited, cancel := context.WithTimeout(t.Context(), 10*time.Second) // libvirt itself waits for five
	defer cancel()
	prior, want := *m, *m
	want.Disks = map[string]platform.MachineDisk{}
	err := (&machines{h.s}).Update(limited, &prior, &want)
	if err == nil || !strings.Contains(err.Error(), "release") {
		t.Errorf("nothing runs in the machine and the error is: %v", err)
	}
	got := m.Bindings(*m.ID)
	if err := (&machines{h.s}).Read(t.Context(), &got); err != nil || len(got.Disks)+len(got.UnmanagedDisks) != 1 {
		t.Errorf("the disk is lost: %v %v %v", got.Disks, got.UnmanagedDisks, err)
	}
}
