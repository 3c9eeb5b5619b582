package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Rule 4: a plan says what changes and nothing else.

func TestPlanKeepsComputedValues(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	m.Converge(config(object{"power": "off", "disks": object{"a": object{"size": "1GiB"}}}))
	p := m.Plan(config(object{"power": "off", "disks": object{"a": object{"size": "1GiB"}}, "description": "x"}))
	equalTo(t, "action", p.Action, enginetest.Update)
	equalTo(t, "id", p.At("id"), any("vm-1"))
	equalTo(t, "cpus", p.At("cpus"), any(int64(1)))
	equalTo(t, "disk id", p.At("disks", "a", "id"), any("disk-2"))
	equalTo(t, "group", p.At("boot_disk", "size"), any("10GiB"))
	equalTo(t, "null stays null", p.At("booted_at"), nil)
	equalTo(t, "native", p.At("native", "ref"), any("vm-1"))
	if !p.Planned.IsFullyKnown() {
		t.Fatalf("something is unknown in the plan of a new description: %v", enginetest.Plain(p.Planned))
	}
}

func TestPlanOfANewElementIsOpen(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	m.Converge(config(object{"disks": object{"a": object{"size": "1GiB"}}}))
	p := m.Plan(config(object{"disks": object{"a": object{"size": "1GiB"}, "b": object{"size": "2GiB"}}}))
	equalTo(t, "new id", p.At("disks", "b", "id"), any(enginetest.Unknown))
	equalTo(t, "new type", p.At("disks", "b", "type"), any(enginetest.Unknown))
	equalTo(t, "old id", p.At("disks", "a", "id"), any("disk-2"))
	m.Converge(config(object{"disks": object{"a": object{"size": "1GiB"}, "b": object{"size": "2GiB"}}}))
}

func TestEqualPlanCallsNobody(t *testing.T) {
	cases := map[string]object{
		"the same":         {"cpus": 2, "memory": "4GiB", "description": "x", "disks": object{"a": object{"size": "1GiB"}}},
		"another spelling": {"cpus": 2, "memory": "4096MiB", "description": "x", "disks": object{"a": object{"size": "1024MiB"}}},
		"less said":        {"description": "x", "disks": object{"a": object{"size": "1GiB"}}},
	}
	for name, second := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			m := web(t, fake).Must(t)
			m.Converge(config(cases["the same"]))
			fake.took()
			m.Empty(config(second), enginetest.SkipRefresh())
			fake.expect(t, "")
			m.Empty(config(second))
			fake.expect(t, "read")
		})
	}
}

func TestAdapterRecomputes(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	m.Converge(config())
	fake.plan = func(_ context.Context, p *platform.Plan[machine]) error {
		if p.Changed("tpm") {
			p.Recompute("native")
			p.Recompute("cpus")
			p.Recompute("memory")
		}
		return nil
	}
	p := m.Plan(config(object{"description": "x"}))
	equalTo(t, "native, unasked", p.At("native", "ref"), any("vm-1"))
	p = m.Plan(config(object{"tpm": true, "memory": "1GiB"}))
	equalTo(t, "native", p.At("native"), any(enginetest.Unknown))
	equalTo(t, "kept and not configured", p.At("cpus"), any(enginetest.Unknown))
	equalTo(t, "configured", p.At("memory"), any("1GiB"))
	m.Converge(config(object{"tpm": true, "memory": "1GiB"}))
}

func TestAdapterChooses(t *testing.T) {
	fake := newCloud()
	fake.plan = func(_ context.Context, p *platform.Plan[machine]) error {
		if p.Want.CPUs == nil && p.Known("cpus") {
			return errors.New("cpus cannot be known while it is open")
		}
		if p.Prior == nil && p.Known("memory") && p.Want.CPUs == nil {
			p.Want.CPUs = new(int64(*p.Want.Memory / platform.GiB))
		}
		p.Want.ID = new("vm-99") // never the adapter's to choose; a plan that creates cannot know it
		return nil
	}
	r := web(t, fake)
	p, err := r.Plan(config(object{"memory": "4GiB"}))
	clean(t, err)
	equalTo(t, "chosen", p.At("cpus"), any(int64(4)))
	a := r.Must(t).PlanApply(config(object{"memory": "4GiB"}))
	equalTo(t, "made so", a.At("cpus"), any(int64(4)))
	fake.plan = nil
	equalTo(t, "the user's word counts more", r.Must(t).Plan(config(object{"memory": "4GiB", "cpus": 2})).At("cpus"), any(int64(2)))
}

func TestAdapterWarnsAndRefuses(t *testing.T) {
	fake := newCloud()
	fake.plan = func(_ context.Context, p *platform.Plan[machine]) error {
		p.Warn("little memory", "memory")
		p.Warn("a strange name")
		if p.Want.Name == "bad" {
			return platform.At(&platform.OpError{Op: "take the name", On: "bad", Err: errors.New("taken"), Hint: "Choose another one"}, "name")
		}
		return nil
	}
	r := web(t, fake)
	p := r.Must(t).Plan(config())
	mentions(t, p.Diags.Warnings(), "memory", `machine "web"`, "Little memory.")
	mentions(t, p.Diags.Warnings(), "", "A strange name.")
	refused(t, r, config(object{"name": "bad"}), "name", "Cannot plan machine", "Cannot take the name bad: taken. Choose another one.")
}
