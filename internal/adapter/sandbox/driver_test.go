package sandbox

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func likes() map[string]Likeness {
	return map[string]Likeness{
		"vsphere": {Conformant: true, Traits: map[string]platform.Traits{
			"machine": {
				"id": platform.Computed(), "name": platform.Live(), "cpus": platform.Live(), "memory": platform.Live(), "description": platform.Live(),
				"size":        platform.Unsupported("set cpus and memory"),
				"tpm":         platform.Unsupported("use a newer vCenter").Except("false"),
				"hostname":    platform.Live().Unobservable(),
				"user_data":   platform.Replace(),
				"boot_disk":   platform.Live(),
				"disks":       platform.Live(),
				"disks.*":     platform.Elements(platform.ClassLive, platform.ClassLive),
				"nics":        platform.Live(),
				"nics.*":      platform.Elements(platform.ClassRestart, platform.ClassRestart),
				"nics.*.dns":  platform.Unsupported("set it in the guest"),
				"vsphere":     platform.Live(),
				"secure_boot": platform.Restart(),
			},
			"network": networkTraits(),
		}},
		"azure": {Traits: map[string]platform.Traits{"machine": {"name": platform.Replace()}}},
	}
}

func TestMimic(t *testing.T) {
	d := New(likes())
	for _, c := range []struct {
		name, like, want string
	}{
		{"own rules", "", ""},
		{"a conformant platform", "vsphere", ""},
		{"unknown", "vmware", `it takes azure, vsphere`},
		{"not conformant", "azure", "the azure adapter has not passed the conformance suite yet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := platform.NewConfig(map[string]any{"dir": t.TempDir(), "like": c.like})
			name, traits, err := d.Mimic(cfg)
			_, openErr := d.Open(t.Context(), cfg)
			for _, err := range []error{err, openErr} {
				if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("got the error %v", err)
				}
			}
			if c.want == "" && (name != c.like || (len(traits) > 0) != (c.like != "")) {
				t.Errorf("got %q and %d kinds", name, len(traits))
			}
		})
	}
}

func TestMimicHidesWhatIsHashed(t *testing.T) {
	_, traits, err := New(likes()).Mimic(platform.NewConfig(map[string]any{"like": "vsphere"}))
	must(t, err)
	if !traits["machine"]["user_data"].Unseen {
		t.Error("user_data cannot be told back")
	}
	if likes()["vsphere"].Traits["machine"]["user_data"].Unseen {
		t.Error("the platform's own table was changed")
	}
}

func TestLikeHidesWhatThePlatformLacks(t *testing.T) {
	dir := t.TempDir()
	c, err := New(likes()).Open(t.Context(), platform.NewConfig(map[string]any{"dir": dir, "like": "vsphere"}))
	must(t, err)
	if c.Images != nil || c.Machines == nil {
		t.Fatal("the kinds are not those of the platform")
	}
	l := &lab{t, dir, c}
	m := l.machine(&platform.Machine{
		Name: "a", CPUs: new(int64(2)), Hostname: new("h"), NICs: map[string]platform.NIC{"eth0": {}},
		VSphere: &platform.VSphereMachine{Folder: new("prod"), ExtraConfig: map[string]string{"a": "1"}},
	})
	if m.Size != nil || *m.CPUs != 2 {
		t.Errorf("size %v, cpus %v", m.Size, m.CPUs)
	}
	got := l.read(m)
	if got.Size != nil || got.Hostname != nil || got.NICs["eth0"].DNS != nil {
		t.Error("it tells what the platform does not")
	}
	if got.TPM != nil {
		t.Error("it tells what the platform lacks, if only as the value that passes there")
	}
	same(t, got.VSphere, m.VSphere)
	m = l.update(m, func(w *platform.Machine) {
		w.VSphere = &platform.VSphereMachine{GuestID: new("debian12_64Guest"), ExtraConfig: map[string]string{"b": "2"}}
	})
	same(t, l.read(m).VSphere, &platform.VSphereMachine{GuestID: new("debian12_64Guest"), ExtraConfig: map[string]string{"b": "2"}})
	booted := *m.BootedAt
	m = l.update(m, func(w *platform.Machine) { w.CPUs, w.BootedAt = new(int64(4)), nil })
	if *m.BootedAt != booted {
		t.Error("a live change restarted the machine")
	}
	m = l.update(m, func(w *platform.Machine) { w.NICs["eth1"], w.BootedAt = platform.NIC{}, nil })
	if *m.BootedAt == booted {
		t.Error("a new NIC did not restart the machine, as the traits say")
	}
}

// TestTraitsCoverEveryAttribute walks the structs: each attribute has a row, each row an attribute.
func TestTraitsCoverEveryAttribute(t *testing.T) {
	kinds := map[string]reflect.Type{
		"machine": reflect.TypeFor[platform.Machine](), "network": reflect.TypeFor[platform.Network](), "disk": reflect.TypeFor[platform.Disk](),
		"image": reflect.TypeFor[platform.Image](), "snapshot": reflect.TypeFor[platform.Snapshot](),
		"storage_pool": reflect.TypeFor[platform.StoragePool](), "host": reflect.TypeFor[platform.Host](),
		"container": reflect.TypeFor[platform.Container](), "container_image": reflect.TypeFor[platform.ContainerImage](),
		"registry_image": reflect.TypeFor[platform.RegistryImage](), "registry_repository": reflect.TypeFor[platform.RegistryRepository](),
		"volume": reflect.TypeFor[platform.Volume](), "service": reflect.TypeFor[platform.Service](),
		"secret": reflect.TypeFor[platform.Secret](), "config": reflect.TypeFor[platform.ConfigFile](),
		"router": reflect.TypeFor[platform.Router](), "public_ip": reflect.TypeFor[platform.PublicIP](),
		"firewall": reflect.TypeFor[platform.Firewall](), "placement_group": reflect.TypeFor[platform.PlacementGroup](),
		"ssh_key": reflect.TypeFor[platform.SSHKey](), "project": reflect.TypeFor[platform.Project](),
	}
	traits := New(nil).Traits
	if len(traits) != len(kinds) {
		t.Errorf("there are traits for %d kinds", len(traits))
	}
	for kind, typ := range kinds {
		paths := attributes(typ, nil)
		for _, path := range paths {
			if _, ok := traits[kind].Of(path); !ok {
				t.Errorf("%s: no row covers %s", kind, path)
			}
		}
		for row := range traits[kind] {
			if !slices.ContainsFunc(paths, func(p platform.Path) bool { return p.String() == row }) {
				t.Errorf("%s: the row %s is no attribute", kind, row)
			}
		}
	}
}

func attributes(t reflect.Type, path platform.Path) []platform.Path {
	var list []platform.Path
	for _, f := range fieldsOf(t) {
		if f.local || f.block {
			continue
		}
		at := append(slices.Clone(path), f.name)
		list = append(list, at)
		typ := t.FieldByIndex(f.index).Type
		below, ok := nested(typ)
		if ok && isElements(typ) {
			at = append(slices.Clone(at), "*")
			list = append(list, at)
		}
		if ok {
			list = append(list, attributes(below, at)...)
		}
	}
	return list
}

func TestSettingsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, c := range []struct {
		name     string
		settings map[string]any
		want     string
	}{
		{"no directory", map[string]any{}, "dir is empty"},
		{"a file", map[string]any{"dir": file}, "not a directory"},
		{"seed of another kind", map[string]any{"seed": []string{"disk:a"}}, "image:<name> or network:<name>"},
		{"seed without a name", map[string]any{"seed": []string{"image"}}, "image:<name> or network:<name>"},
		{"fault without effect", map[string]any{"faults": []string{"read"}}, "<verb> [<kind> [<name>]]: <effect>"},
		{"fault of no verb", map[string]any{"faults": []string{"reed: fail"}}, "the verb is one of open"},
		{"fault of no kind", map[string]any{"faults": []string{"read vm: fail"}}, "the kind is one of config"},
		{"fault of no effect", map[string]any{"faults": []string{"read: explode"}}, "the effect is one of fail"},
		{"fault with a wrong number", map[string]any{"faults": []string{"read: throttle many"}}, "throttle many"},
		{"fault with a wrong share", map[string]any{"faults": []string{"read: error 101%"}}, "percentage"},
		{"fault with words too many", map[string]any{"faults": []string{"read: fail half-way now"}}, "one or two words"},
		{"fault with a wrong half", map[string]any{"faults": []string{"read: fail twice"}}, "only half-way"},
		{"fault with a wrong glob", map[string]any{"faults": []string{"read machine [: fail"}}, "syntax error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, ok := c.settings["dir"]; !ok && c.name != "no directory" {
				c.settings["dir"] = t.TempDir()
			}
			_, err := New(nil).Open(t.Context(), platform.NewConfig(c.settings))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got the error %v", err)
			}
		})
	}
}
