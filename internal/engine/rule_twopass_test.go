package engine_test

import (
	"context"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Rule 5: Terraform plans again at apply, once values are known, and the second plan may only refine the first.

func TestUnknownCountsAsChanged(t *testing.T) {
	cases := map[string]struct {
		before, planned, applied object
		action                   enginetest.Action
		unknown                  string // an attribute that the plan must leave open
	}{
		"replaced, whatever it will be": {object{"image_id": "i1"}, object{"image_id": enginetest.Unknown}, object{"image_id": "i1"}, enginetest.Replace, "id"},
		"in place":                      {object{"description": "x"}, object{"description": enginetest.Unknown}, object{"description": "y"}, enginetest.Update, "description"},
		"in place, and then the same":   {object{"description": "x"}, object{"description": enginetest.Unknown}, object{"description": "x"}, enginetest.Update, "description"},
		"a restart":                     {object{"cpus": 2}, object{"cpus": enginetest.Unknown}, object{"cpus": 4}, enginetest.Update, "booted_at"},
		"a restart that is none":        {object{"cpus": 2}, object{"cpus": enginetest.Unknown}, object{"cpus": 2}, enginetest.Update, "booted_at"},
		"a map of elements":             {object{"disks": object{"a": object{"size": "1GiB"}}}, object{"disks": enginetest.Unknown}, object{"disks": object{"b": object{"size": "1GiB"}}}, enginetest.Update, "disks"},
		"inside an element":             {object{"disks": object{"a": object{"size": "1GiB"}}}, object{"disks": object{"a": object{"size": enginetest.Unknown}}}, object{"disks": object{"a": object{"size": "3GiB"}}}, enginetest.Update, ""},
		"a block":                       {object{"vsphere": object{"folder": "a"}}, object{"vsphere": object{"folder": enginetest.Unknown}}, object{"vsphere": object{"folder": "b"}}, enginetest.Update, ""},
		"a zone in a block":             {object{"placement": object{"zone": "a"}}, object{"placement": object{"zone": enginetest.Unknown}}, object{"placement": object{"zone": "b"}}, enginetest.Replace, ""},
		"tags":                          {object{"tags": object{"a": "b"}}, object{"tags": object{"a": enginetest.Unknown}}, object{"tags": object{"a": "c"}}, enginetest.Update, "tags_all"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			m := web(t, fake).Must(t)
			m.Converge(config(c.before))
			p := m.Plan(config(c.planned))
			equalTo(t, "action", p.Action, c.action)
			if c.unknown != "" {
				equalTo(t, c.unknown, p.At(c.unknown), any(enginetest.Unknown))
			}
			m.ApplyConfig(p, config(c.applied))
			m.Empty(config(c.applied))
		})
	}
}

func TestUnknownAtCreation(t *testing.T) {
	all := object{
		"cpus": enginetest.Unknown, "memory": enginetest.Unknown, "image_id": enginetest.Unknown, "disks": enginetest.Unknown,
		"nics": object{"eth0": object{"network_id": enginetest.Unknown, "mac": enginetest.Unknown}}, "tags": enginetest.Unknown,
		"boot_disk": object{"size": enginetest.Unknown}, "firmware": enginetest.Unknown, "network_data": enginetest.Unknown,
	}
	known := object{
		"cpus": 2, "memory": "2GiB", "image_id": "i", "disks": object{"a": object{"size": "1GiB"}},
		"nics": object{"eth0": object{"network_id": "n", "mac": "00:50:56:00:00:01"}}, "tags": object{"a": "b"},
		"boot_disk": object{"size": "1GiB"}, "firmware": "uefi", "network_data": nil,
	}
	m := web(t, newCloud()).Must(t)
	m.ApplyConfig(m.Plan(config(all)), config(known))
	m.Empty(config(known))
}

func TestRefusalsWaitForTheSecondPass(t *testing.T) {
	cases := map[string]struct {
		before  object
		path    string
		planned object
		applied object
		says    string
	}{
		"range":       {nil, "cpus", object{"cpus": enginetest.Unknown}, object{"cpus": 65}, "more than the largest"},
		"multiple":    {nil, "memory", object{"memory": enginetest.Unknown}, object{"memory": "1MiB"}, "multiple"},
		"choice":      {object{"firmware": "bios"}, "secure_boot", object{"secure_boot": enginetest.Unknown}, object{"secure_boot": true}, "the firmware cannot do it"},
		"unsupported": {nil, "network_data", object{"network_data": enginetest.Unknown}, object{"network_data": "x"}, "made from nics"},
		"shrinking":   {object{"boot_disk": object{"size": "4GiB"}}, "boot_disk.size", object{"boot_disk": object{"size": enginetest.Unknown}}, object{"boot_disk": object{"size": "3GiB"}}, "smaller"},
		"no restart":  {object{"cpus": 2}, "cpus", object{"cpus": enginetest.Unknown, "allow_restart": false}, object{"cpus": 3, "allow_restart": false}, "allow_restart = false"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			r := web(t, fake)
			r.Must(t).Converge(config(c.before))
			p := r.Must(t).Plan(config(c.planned))
			fake.took()
			a, err := r.ApplyConfig(p, config(c.applied))
			clean(t, err)
			says(t, a.Diags.Errors(), c.path, c.says)
			equalTo(t, "updates", fake.count("update")+fake.count("create"), 0)
		})
	}
}

// A map of elements whose keys are unknown may yet lose or gain any of them.
func TestUnknownElementsMayReplace(t *testing.T) {
	cases := map[string]func(t platform.Traits){
		"added":   func(t platform.Traits) { t["nics.*"] = platform.Elements(platform.ClassReplace, platform.ClassLive) },
		"removed": func(t platform.Traits) { t["nics.*"] = platform.Elements(platform.ClassLive, platform.ClassReplace) },
		"changed": func(t platform.Traits) { t["nics.*.network_id"] = platform.Replace() },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			change(fake.traits)
			m := web(t, fake).Must(t)
			m.Converge(config(object{"nics": object{"a": object{"network_id": "n"}}}))
			p := m.Plan(config(object{"nics": enginetest.Unknown}))
			after := config(object{"nics": object{"b": object{"network_id": "m"}}})
			if name == "changed" {
				after = config(object{"nics": object{"a": object{"network_id": "m"}}})
			}
			m.ApplyConfig(p, after)
			equalTo(t, "action", p.Action, enginetest.Replace)
		})
	}
}

// What a planner softens or chooses, it may only do from what is known.
func TestSofteningWaitsForKnownValues(t *testing.T) {
	fake := newCloud()
	fake.plan = func(_ context.Context, p *platform.Plan[machine]) error {
		p.Soften(platform.ClassLive, "cpus") // whatever the value is
		return nil
	}
	m := web(t, fake).Must(t)
	m.Converge(config(object{"cpus": 2}))
	booted := fake.vms["vm-1"].BootedAt
	p := m.Plan(config(object{"cpus": enginetest.Unknown}))
	equalTo(t, "booted_at while unknown", p.At("booted_at"), any(enginetest.Unknown))
	a := m.ApplyConfig(p, config(object{"cpus": 4}))
	equalTo(t, "booted_at once known", a.Plan.At("booted_at"), any(*booted))
}
