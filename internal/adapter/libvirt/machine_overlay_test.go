package libvirt

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestOverlay(t *testing.T) {
	const doc = `<domain type="qemu"><memory unit="KiB">1024</memory><features><acpi/></features><devices><disk type="file"/></devices></domain>`
	for name, c := range map[string]struct{ before, after, want string }{
		"none": {"", "", doc},
		"an element that is not there": {
			"", `<domain><memoryBacking><hugepages/></memoryBacking></domain>`,
			`<domain type="qemu"><memory unit="KiB">1024</memory><features><acpi/></features><devices><disk type="file"/></devices><memoryBacking><hugepages/></memoryBacking></domain>`,
		},
		"an attribute and a text win": {
			"", `<domain type="kvm"><memory unit="MiB">2</memory></domain>`,
			`<domain type="kvm"><memory unit="MiB">2</memory><features><acpi/></features><devices><disk type="file"/></devices></domain>`,
		},
		"a device is added": {
			"", `<domain><devices><disk type="block"/></devices></domain>`,
			`<domain type="qemu"><memory unit="KiB">1024</memory><features><acpi/></features><devices><disk type="file"/><disk type="block"/></devices></domain>`,
		},
		"one group is merged with that which is there": {
			"", `<domain><features><apic/></features></domain>`,
			`<domain type="qemu"><memory unit="KiB">1024</memory><features><acpi/><apic/></features><devices><disk type="file"/></devices></domain>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := overlaid(doc, c.before, c.after)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if c.after == "" {
				return
			}
			twice, err := overlaid(got, c.after, c.after)
			if err != nil {
				t.Fatal(err)
			}
			if thrice, err := overlaid(twice, c.after, c.after); err != nil || thrice != twice || len(twice) != len(got) {
				t.Errorf("merged again and again it is (-twice +thrice): %v\n%s", err, cmp.Diff(twice, thrice))
			}
		})
	}
}

// TestOverlayTakenOut: what was added goes although libvirt has written addresses into it; what was there stays.
func TestOverlayTakenOut(t *testing.T) {
	const overlay = `<domain><memoryBacking><nosharepages/></memoryBacking><devices><watchdog model="i6300esb"/></devices></domain>`
	const is = `<domain type="qemu"><memoryBacking><nosharepages/></memoryBacking><devices><disk type="file"/>` +
		`<watchdog model="i6300esb" action="reset"><address type="pci"/></watchdog></devices></domain>`
	got, err := overlaid(is, overlay, "")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(`<domain type="qemu"><devices><disk type="file"/></devices></domain>`, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestOverlayRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"no XML":         {"<domain>", "cannot be read"},
		"another root":   {"<disk/>", "<domain>"},
		"nothing":        {"", "<domain>"},
		"the name":       {"<domain><name>x</name></domain>", "<name>"},
		"the UUID":       {"<domain><uuid>x</uuid></domain>", "<uuid>"},
		"our own record": {"<domain><metadata/></domain>", "<metadata>"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseOverlay(c.text)
			if err == nil || !errors.Is(err, platform.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func FuzzOverlay(f *testing.F) {
	f.Add(`<domain><devices><watchdog model="i6300esb"/></devices></domain>`, `<domain><memory unit="MiB">2</memory></domain>`)
	f.Fuzz(func(t *testing.T, before, after string) {
		const doc = `<domain type="qemu"><memory unit="KiB">1024</memory><devices><disk type="file"/></devices></domain>`
		got, err := overlaid(doc, before, after)
		if err == nil && !strings.HasPrefix(got, "<domain") {
			t.Errorf("it is no domain any more: %s", got)
		}
	})
}

func TestTargets(t *testing.T) {
	for n, want := range map[int]string{0: "a", 25: "z", 26: "aa", 27: "ab", 701: "zz", 702: "aaa"} {
		if got := targetLetters(n); got != want || targetNumber(got) != n {
			t.Errorf("%d is %q and back %d", n, got, targetNumber(got))
		}
	}
}

func TestFileName(t *testing.T) {
	const uuid = "1f3c9a2b-0000-4000-8000-000000000000"
	for _, c := range []struct {
		machine, key string
		n            int
		want         string
	}{
		{"web-1", "data", 1, "web-1-data-1f3c9a2b"},
		{"web-1", "data", 2, "web-1-data-1f3c9a2b-2"},
		{"a b/ü", "x y", 1, "a-b--x-y-1f3c9a2b"},
		{"..", "k", 1, "k-1f3c9a2b"},
		{strings.Repeat("n", 200), "k", 1, strings.Repeat("n", 100) + "-1f3c9a2b"},
	} {
		if got := fileName(c.machine, c.key, uuid, c.n); got != c.want {
			t.Errorf("%q %q %d: %q", c.machine, c.key, c.n, got)
		}
	}
}
