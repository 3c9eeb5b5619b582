package engine_test

import (
	"context"
	"maps"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// What the platform cannot do is refused at plan, on the attribute that asks for it.

func TestTraitsRefuse(t *testing.T) {
	disk := func(more object) object { return object{"disks": object{"data": more}} }
	cases := map[string]struct {
		traits map[string]platform.Trait
		before object
		config object
		path   string
		words  []string
	}{
		"unsupported":                  {nil, nil, object{"network_data": "x"}, "network_data", []string{"not supported here", "made from nics"}},
		"unsupported in an element":    {nil, nil, object{"nics": object{"eth0": object{"subnet_id": "s"}}}, `nics["eth0"].subnet_id`, []string{"no subnets"}},
		"unsupported group":            {map[string]platform.Trait{"boot_disk": platform.Unsupported("it boots from the network"), "boot_disk.size": platform.Unsupported("no")}, nil, object{"boot_disk": object{"size": "1GiB"}}, "boot_disk", []string{"boots from the network"}},
		"unsupported block":            {map[string]platform.Trait{"login": platform.Unsupported("use user_data")}, nil, object{"login": object{"user": "x"}}, "login", []string{"use user_data"}},
		"unsupported elements":         {map[string]platform.Trait{"disks": platform.Unsupported("use virt_disk"), "disks.*": platform.Unsupported("use virt_disk")}, nil, disk(object{"size": "1GiB"}), "disks", []string{"use virt_disk"}},
		"unsupported, changed later":   {nil, object{"description": "x"}, object{"description": "x", "network_data": "x"}, "network_data", []string{"made from nics"}},
		"not the neutral value":        {nil, nil, object{"secure_boot": true}, "secure_boot", []string{"firmware cannot"}},
		"no neutral value":             {nil, nil, object{"autostart": false}, "autostart", []string{"cluster's rules"}},
		"needed":                       {map[string]platform.Trait{"size": platform.Live().Must()}, nil, nil, "size", []string{"needed here"}},
		"needed in an element":         {map[string]platform.Trait{"disks.*.type": platform.Live().Must()}, nil, disk(object{"size": "1GiB"}), `disks["data"].type`, []string{"needed here"}},
		"needed in an element to come": {map[string]platform.Trait{"disks.*.type": platform.Live().Must()}, object{}, disk(object{"size": "1GiB"}), `disks["data"].type`, []string{"needed here"}},
		"one of":                       {map[string]platform.Trait{"size": platform.Live().Among("s", "m")}, nil, object{"size": "l"}, "size", []string{`"l" is not offered here`, "s, m"}},
		"one of, in a list":            {map[string]platform.Trait{"nics.*.dns": platform.Live().Among("1.1.1.1")}, nil, object{"nics": object{"a": object{"dns": []any{"1.1.1.1", "2.2.2.2"}}}}, `nics["a"].dns`, []string{"2.2.2.2"}},
		"a multiple":                   {nil, nil, object{"memory": "1536MiB"}, "memory", []string{"multiple"}},
		"too many":                     {nil, nil, object{"cpus": 65}, "cpus", []string{"65 is more than the largest value here, 64"}},
		"too few":                      {map[string]platform.Trait{"cpus": platform.Live().Between(2, 0)}, nil, object{"cpus": 1}, "cpus", []string{"1 is less than the smallest value here, 2"}},
		"shrinking":                    {nil, object{"boot_disk": object{"size": "4GiB"}}, object{"boot_disk": object{"size": "2GiB"}}, "boot_disk.size", []string{"cannot become smaller", "2GiB", "4GiB", "data would be lost"}},
		"shrinking in an element":      {nil, disk(object{"size": "4GiB"}), disk(object{"size": "4095MiB"}), `disks["data"].size`, []string{"cannot become smaller"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			maps.Copy(fake.traits, c.traits)
			r := web(t, fake)
			if c.before != nil {
				r.Must(t).Converge(config(c.before))
			}
			fake.took()
			refused(t, r, config(c.config), c.path, c.words...)
			equalTo(t, "asked the adapter", fake.count("plan"), 0)
		})
	}
}

func TestTraitsLetPass(t *testing.T) {
	cases := map[string]object{
		"neutral value":              {"secure_boot": false},
		"empty text of the lacking":  {"network_data": ""},
		"bounds":                     {"cpus": 64, "memory": "2048MiB"},
		"neither given nor computed": {"autostart": nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { web(t, newCloud()).Must(t).Converge(config(c)) })
	}
}

func TestGrowing(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	m.Converge(config(object{"disks": object{"data": object{"size": "1GiB"}}}))
	m.Converge(config(object{"disks": object{"data": object{"size": "2GiB"}}}))
	equalTo(t, "size", *fake.vms["vm-1"].Disks["disk-2"].Size, 2*platform.GiB)
}

func TestSeveralRefusalsAtOnce(t *testing.T) {
	p, err := web(t, newCloud()).Plan(config(object{"cpus": 99, "network_data": "x", "nics": object{"eth0": object{"subnet_id": "s"}}}))
	clean(t, err)
	equalTo(t, "errors", len(p.Diags), 3)
	mentions(t, p.Diags, "cpus", "Cannot plan machine")
	mentions(t, p.Diags, "network_data", "made from nics")
	mentions(t, p.Diags, `nics["eth0"].subnet_id`, "no subnets")
}

func TestReplaceNamesTheAttribute(t *testing.T) {
	cases := map[string]struct {
		before, after object
		path          string
	}{
		"an attribute":     {object{"hostname": "a"}, object{"hostname": "b"}, "hostname"},
		"given later":      {nil, object{"hostname": "b"}, "hostname"},
		"taken out":        {object{"hostname": "a"}, nil, "hostname"},
		"used at creation": {object{"image_id": "a"}, object{"image_id": "b"}, "image_id"},
		"inside a group":   {object{"placement": object{"zone": "a"}}, object{"placement": object{"zone": "b"}}, "placement.zone"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			m := web(t, fake).Must(t)
			m.Converge(config(c.before))
			p := m.Plan(config(c.after))
			equalTo(t, "action", p.Action, enginetest.Replace)
			equalTo(t, "because of", p.RequiresReplace, []string{c.path})
			m.Apply(p)
			m.Empty(config(c.after))
			equalTo(t, "machines", len(fake.vms), 1)
		})
	}
}

// The blocks of other platforms are inert: their adapters never see them, and changing them calls nobody.
func TestForeignBlocksAreInert(t *testing.T) {
	fake := newCloud()
	fake.typ = "other"
	delete(fake.traits, "vsphere")
	var seen []*platform.VSphereMachine
	fake.create = func(ctx context.Context, want *machine, made func(string)) error {
		seen = append(seen, want.VSphere)
		return fake.honestCreate(ctx, want, made)
	}
	fake.update = func(ctx context.Context, prior, want *machine) error {
		seen = append(seen, prior.VSphere, want.VSphere)
		return fake.honestUpdate(ctx, prior, want)
	}
	fake.read = func(ctx context.Context, have *machine) error {
		seen = append(seen, have.VSphere)
		return fake.honestRead(ctx, have)
	}
	fake.plan = func(_ context.Context, p *platform.Plan[machine]) error {
		seen = append(seen, p.Want.VSphere)
		return nil
	}
	m := web(t, fake).Must(t)
	with := func(folder any, more object) enginetest.Config {
		return config(object{"vsphere": object{"folder": folder, "extra_config": object{"k": "v"}}}, more)
	}
	a := m.Converge(with("a", nil))
	equalTo(t, "kept in the state", a.At("vsphere", "folder"), any("a"))
	m.Converge(with("a", object{"description": "x"}))
	fake.took()
	p := m.Plan(with("b", object{"description": "x"}))
	equalTo(t, "action", p.Action, enginetest.Update)
	fake.expect(t, "read")
	equalTo(t, "state", m.Apply(p).At("vsphere", "folder"), any("b"))
	m.PlanApply(config(object{"description": "x"}))
	fake.expect(t, "read")
	for _, block := range seen {
		if block != nil {
			t.Fatalf("the adapter saw %+v", block)
		}
	}
}
