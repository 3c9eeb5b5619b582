package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// crowd is a platform with machines vm-0, vm-1 and so on, called old.
func crowd(n int) *cloud {
	fake := newCloud()
	for i := range n {
		id := fmt.Sprint("vm-", i)
		fake.vms[id] = native(id)
		fake.vms[id].NICs = nil
	}
	return fake
}

func TestList(t *testing.T) {
	fake := crowd(3)
	l, err := start(t, fake).List("virt_machine", object{}, enginetest.ListOptions{})
	clean(t, err)
	equalTo(t, "diagnostics", len(l.Diags), 0)
	equalTo(t, "items", len(l.Items), 3)
	for i, item := range l.Items {
		equalTo(t, "identity", enginetest.Plain(item.Identity), any(object{"platform": "dc1", "id": fmt.Sprint("vm-", i)}))
		equalTo(t, "name", item.DisplayName, "old")
	}
	fake.expect(t, "list")
}

func TestListWithResources(t *testing.T) {
	fake := crowd(1)
	fake.vms["vm-0"].VSphere = &platform.VSphereMachine{Folder: new("x")}
	core := start(t, fake)
	l, err := core.List("virt_machine", object{"platform": "dc1"}, enginetest.ListOptions{IncludeResource: true})
	clean(t, err)
	r := core.Resource("virt_machine", "web")
	r.Must(t).Import("dc1/vm-0")
	listed := l.Items[0].Resource
	for _, attr := range []string{"id", "platform", "name", "description", "cpus", "memory", "tags", "tags_all", "boot_disk", "vsphere", "native", "metadata"} {
		equalTo(t, attr, enginetest.At(listed, attr), r.State().At(attr))
	}
}

func TestListLimit(t *testing.T) {
	fake := crowd(9)
	taken := 0
	fake.list = func(ctx context.Context) iter.Seq2[platform.Entry[machine], error] {
		return func(yield func(platform.Entry[machine], error) bool) {
			for e, err := range fake.honestList(ctx) {
				if taken++; !yield(e, err) {
					return
				}
			}
		}
	}
	l, err := start(t, fake).List("virt_machine", object{}, enginetest.ListOptions{Limit: 4})
	clean(t, err)
	equalTo(t, "items", len(l.Items), 4)
	equalTo(t, "taken from the platform", taken, 4)
}

func TestListRefusals(t *testing.T) {
	type entries = iter.Seq2[platform.Entry[machine], error]
	whole := crowd(2)
	listing := func(f func(yield func(platform.Entry[machine], error) bool)) *cloud {
		fake := crowd(2)
		fake.list = func(context.Context) entries { return f }
		return fake
	}
	cases := map[string]struct {
		clouds []*cloud
		config object
		path   string
		words  []string
		items  int
	}{
		"several platforms": {[]*cloud{whole, whole.second("dc2", "vc-2")}, object{}, "platform", []string{"which platform", "dc1, dc2"}, 0},
		"no such platform":  {[]*cloud{whole}, object{"platform": "dc9"}, "platform", []string{`no platform "dc9"`}, 0},
		"half-way": {[]*cloud{listing(func(yield func(platform.Entry[machine], error) bool) {
			vm := whole.vms["vm-0"]
			yield(platform.Entry[machine]{ID: "vm-0", Name: "a", Fill: func(have *machine) error { observed(vm, have, false); return nil }}, nil)
			yield(platform.Entry[machine]{}, errors.New("lost the connection"))
		})}, object{}, "", []string{"Cannot list machine", "lost the connection"}, 1},
		"panic": {[]*cloud{listing(func(func(platform.Entry[machine], error) bool) { panic("boom") })}, object{}, "", []string{"panic: boom", "bug in the provider"}, 0},
		"panic in an entry": {[]*cloud{listing(func(yield func(platform.Entry[machine], error) bool) {
			yield(platform.Entry[machine]{ID: "vm-0", Fill: func(*machine) error { panic("boom") }}, nil)
		})}, object{}, "", []string{"panic: boom"}, 0},
		"error in an entry": {[]*cloud{listing(func(yield func(platform.Entry[machine], error) bool) {
			yield(platform.Entry[machine]{ID: "vm-0", Fill: func(*machine) error { return errors.New("unreadable") }}, nil)
		})}, object{}, "", []string{"unreadable"}, 0},
		"another one's entry": {[]*cloud{listing(func(yield func(platform.Entry[machine], error) bool) {
			yield(platform.Entry[machine]{ID: "vm-0", Fill: func(have *machine) error { have.ID = new("vm-1"); return nil }}, nil)
		})}, object{}, "", []string{`"vm-0"`, `"vm-1"`, "bug in the provider"}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l, err := start(t, c.clouds...).List("virt_machine", c.config, enginetest.ListOptions{IncludeResource: true})
			clean(t, err)
			says(t, l.Diags, c.path, c.words...)
			equalTo(t, "items", len(l.Items), c.items)
		})
	}
}

func TestListWithoutLister(t *testing.T) {
	fake := crowd(1)
	fake.open = func(context.Context, platform.Config) (*platform.Conn, error) {
		return &platform.Conn{Endpoint: "vc-1", Machines: plainOnly{fake.fake}}, nil
	}
	l, err := start(t, fake).List("virt_machine", object{}, enginetest.ListOptions{})
	clean(t, err)
	says(t, l.Diags, "", "Fake vsphere cannot list every machine")
}
