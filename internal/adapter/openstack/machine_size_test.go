package openstack

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func someFlavors() []flavor {
	return []flavor{
		{Name: "gpu", CPUs: 1, Memory: 512, Disk: 10, Specs: map[string]string{"pci_passthrough:alias": "gpu:1"}},
		{Name: "large", CPUs: 4, Memory: 4096, Disk: 10},
		{Name: "medium", CPUs: 2, Memory: 2048, Disk: 1},
		{Name: "nodisk", CPUs: 1, Memory: 512},
		{Name: "small", CPUs: 1, Memory: 512, Disk: 1},
		{Name: "wide", CPUs: 1, Memory: 8192, Disk: 1},
		{Name: "old", CPUs: 1, Memory: 64, Disk: 1, Disabled: true},
	}
}

func TestChooseFlavor(t *testing.T) {
	m := &machines{}
	m.sizes.list = someFlavors()
	m.sizes.at = time.Now().Add(time.Hour)
	named := func(name string) *string { return &name }
	for name, c := range map[string]struct {
		size *string
		need need
		want string
		says string
	}{
		"the smallest":             {nil, need{}, "nodisk", ""},
		"with a local disk":        {nil, need{local: true}, "small", ""},
		"that the image fits on":   {nil, need{local: true, disk: 5}, "large", ""},
		"of exactly that size":     {nil, need{local: true, root: 10}, "large", ""},
		"of no flavor's size":      {nil, need{local: true, root: 3}, "", "no flavor has a local disk of 3GiB"},
		"another size of its own":  {named("small"), need{local: true, root: 3}, "", "has a local disk of 1GiB"},
		"two processors":           {nil, need{cpus: 2}, "medium", ""},
		"memory weighs, too":       {nil, need{memory: 1024}, "medium", ""},
		"by its name":              {named("gpu"), need{}, "gpu", ""},
		"too large a wish":         {nil, need{cpus: 8}, "", "no flavor has 8 CPUs: the largest of 7 are"},
		"a name that nobody knows": {named("huge"), need{}, "", `no flavor "huge": the project has gpu, large`},
		"a name that does not fit": {named("small"), need{cpus: 2}, "", "the flavor small has 1 CPUs"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := m.choose(t.Context(), c.size, c.need)
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) || !errors.Is(err, platform.ErrInvalid) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || got.Name != c.want {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestLeastIsRemembered(t *testing.T) {
	want := &platform.Machine{CPUs: new(int64(1)), Memory: new(512 * platform.MiB)}
	*want.CPUs = 3
	mark := leastMark(want, "large", 4, 4096)
	if len(mark) > longestTag || strings.ContainsAny(mark, "/,") {
		t.Errorf("the mark is %q", mark)
	}
	sv := &server{Tags: []string{"role=web", mark}, Flavor: serverFlavor{Name: "large", CPUs: 4, Memory: 4096}}
	if cpus, memory := sv.asked(); cpus != 3 || memory != 512 {
		t.Errorf("got %d, %d", cpus, memory)
	}
	sv.Flavor = serverFlavor{Name: "huge", CPUs: 8, Memory: 8192} // resized by hand
	if cpus, memory := sv.asked(); cpus != 8 || memory != 8192 {
		t.Errorf("got %d, %d", cpus, memory)
	}
	if mark := leastMark(&platform.Machine{}, "large", 4, 4096); mark != "" {
		t.Errorf("nothing was asked for, but the mark is %q", mark)
	}
}

func TestHostnameOf(t *testing.T) {
	for name, want := range map[string]string{"web-1": "web-1", "Web_1.example": "web-1-example", "  ": "", "käse": "kse"} {
		if got := hostnameOf(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func TestAddressesInOrder(t *testing.T) {
	s := &sighting{server: &server{}, ports: []*neutronPort{
		{IPs: []fixedIP{{Address: "10.0.1.2"}, {Address: "fe80::1"}}}, {}, {IPs: []fixedIP{{Address: "10.0.0.1"}, {Address: "2001:db8::1"}}},
	}}
	if got, want := s.addresses(), []string{"10.0.1.2", "10.0.0.1", "2001:db8::1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
