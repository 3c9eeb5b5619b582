package vsphere

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// planOf is a plan in which everything is known and the named attributes change.
func planOf(prior, want *platform.Machine, changed ...string) *platform.Plan[platform.Machine] {
	return &platform.Plan[platform.Machine]{
		Prior: prior, Want: want,
		Known: func(...string) bool { return true },
		Changed: func(path ...string) bool {
			text := platform.Path(path).String()
			return slices.ContainsFunc(changed, func(c string) bool { return c == text || strings.HasPrefix(c, text+".") })
		},
	}
}

func TestPlanSoftens(t *testing.T) {
	l := start(t, vcenter.Options{})
	cold := l.create(t, l.machine("cold"))
	warm := l.machine("hot")
	warm.VSphere = &platform.VSphereMachine{CPUHotAdd: new(true), MemoryHotAdd: new(true)}
	hot := l.create(t, warm)
	off := l.machine("off")
	off.Power = new(platform.PowerOff)
	l.create(t, off)
	cpus := func(n int64) func(*platform.Machine) { return func(m *platform.Machine) { m.CPUs = &n } }
	tests := map[string]struct {
		prior   *platform.Machine
		change  func(*platform.Machine)
		path    string
		want    platform.Class
		noCalls bool
	}{
		"no hot-add":         {cold, cpus(2), "cpus", platform.ClassRestart, false},
		"hot-add":            {hot, cpus(2), "cpus", platform.ClassLive, false},
		"hot-add of memory":  {hot, func(m *platform.Machine) { m.Memory = new(platform.GiB) }, "memory", platform.ClassLive, false},
		"less memory":        {hot, func(m *platform.Machine) { m.Memory = new(256 * platform.MiB) }, "memory", platform.ClassRestart, false},
		"off":                {off, cpus(2), "cpus", platform.ClassLive, true},
		"off and an adapter": {off, func(m *platform.Machine) { n := m.NICs["eth0"]; n.MAC = new("00:50:56:00:00:01"); m.NICs["eth0"] = n }, "nics.eth0.mac", platform.ClassLive, true},
		"something else":     {cold, func(m *platform.Machine) { m.Firmware = new(platform.FirmwareUEFI) }, "firmware", platform.ClassRestart, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l.Reset()
			p := planOf(tt.prior, with(tt.prior, tt.change), tt.path)
			must(t, l.machines.Plan(t.Context(), p))
			path := platform.ParsePath(tt.path)
			trait, ok := machineTraits().Of(path)
			if got := p.Cost(trait.Class, path); !ok || got != tt.want {
				t.Errorf("it costs %v, want %v", got, tt.want)
			}
			if tt.noCalls && l.Total() > 0 {
				t.Errorf("calls %v", l.Calls())
			}
		})
	}
}

func TestPlanRecomputes(t *testing.T) {
	for change, want := range map[string][]string{
		"power": {"addresses", "booted_at"}, "nics.eth0.network_id": {"addresses", "unmanaged_nics"},
		"disks.data.size":    {"unmanaged_disks"},
		"disks.data.disk_id": {"disks.data.id", "disks.data.size", "disks.data.storage", "disks.data.type", "unmanaged_disks"},
		"name":               {"native"}, "description": nil, "cpus": nil,
	} {
		t.Run(change, func(t *testing.T) {
			next := &platform.Machine{Name: "x", Disks: map[string]platform.MachineDisk{"data": {}, "logs": {}}}
			p := planOf(&platform.Machine{}, next, change)
			recompute(p)
			var got []string
			for _, path := range p.Recomputed() {
				got = append(got, path.String())
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	tests := map[string]struct {
		want platform.Machine
		path string
	}{
		"no size":      {platform.Machine{Name: "x", BootDisk: &platform.BootDisk{}}, "boot_disk.size"},
		"long name":    {platform.Machine{Name: strings.Repeat("x", 81)}, "name"},
		"secure bios":  {platform.Machine{Name: "x", SecureBoot: new(true), Firmware: new("bios")}, "secure_boot"},
		"storage path": {platform.Machine{Name: "x", Disks: map[string]platform.MachineDisk{"d": {Storage: new("/DC0/datastore/ds0")}}}, "disks.d.storage"},
		"folder path":  {platform.Machine{Name: "x", VSphere: &platform.VSphereMachine{Folder: new("/DC0/vm/web")}}, "vsphere.folder"},
		"metadata":     {platform.Machine{Name: "x", Metadata: map[string]string{"network": "y"}}, "metadata.network"},
		"login":        {platform.Machine{Name: "x", UserData: new("{}"), Login: &platform.Login{User: new("u")}}, "login"},
		"empty tag":    {platform.Machine{Name: "x", Labels: platform.Labels{Tags: map[string]string{"a": ""}}}, "tags.a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := checkPlan(planOf(nil, &tt.want))
			wantClass(t, err, platform.ErrInvalid)
			if err != nil && !strings.HasPrefix(err.Error(), tt.path+": ") {
				t.Errorf("error %v is not on %s", err, tt.path)
			}
		})
	}
}

// TestTraitsCoverEverything wants a row for every attribute of the kind.
func TestTraitsCoverEverything(t *testing.T) {
	traits := machineTraits()
	var walk func(kind reflect.Type, at platform.Path)
	walk = func(kind reflect.Type, at platform.Path) {
		for f := range fieldsOf(kind) {
			path := append(slices.Clone(at), f.Tag.Get("tfsdk"))
			if f.Tag.Get("virt") == "local" || slices.Contains([]string{"timeouts", "platform", "tags_all"}, path[0]) {
				continue
			}
			if f.Tag.Get("virt") == "platform" && path[0] != "vsphere" {
				continue
			}
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Map && inner.Elem().Kind() == reflect.Struct {
				inner, path = inner.Elem(), append(path, "*")
			}
			if _, ok := traits.Of(path); ok {
				continue
			}
			if inner.Kind() != reflect.Struct {
				t.Errorf("%s has no row", path)
				continue
			}
			walk(inner, path)
		}
	}
	walk(reflect.TypeFor[platform.Machine](), nil)
}

func fieldsOf(kind reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(kind) {
			if f.Tag.Get("tfsdk") != "" && f.IsExported() && !yield(f) {
				return
			}
		}
	}
}
