package vsphere

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Plan refuses what cannot be, lowers the cost of changes that this machine takes while it runs or that come while
// it is off, and names what a change alters. It asks the server only where processors or memory change.
func (m *machines) Plan(ctx context.Context, p *platform.Plan[platform.Machine]) error {
	if err := checkPlan(p); err != nil {
		return err
	}
	if p.Prior == nil {
		return nil
	}
	recompute(p)
	if value(p.Prior.Power) == platform.PowerOff {
		for _, path := range restarting(p) {
			p.Soften(platform.ClassLive, path...)
		}
		return nil
	}
	return m.soften(ctx, p)
}

// soften asks the machine whether processors and memory can be added while it runs.
func (m *machines) soften(ctx context.Context, p *platform.Plan[platform.Machine]) error {
	cpus, memory := p.Changed("cpus") && p.Known("cpus"), p.Changed("memory") && p.Known("memory")
	if !cpus && !memory {
		return nil
	}
	vm, err := m.lookup(ctx, value(p.Prior.ID))
	if errors.Is(err, platform.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	plug := hotPlugOf(vm)
	if cpus && p.Want.CPUs != nil && plug.liveCPUs(value(p.Prior.CPUs), *p.Want.CPUs) {
		p.Soften(platform.ClassLive, "cpus")
	}
	if memory && p.Want.Memory != nil && plug.liveMemory(value(p.Prior.Memory), *p.Want.Memory) {
		p.Soften(platform.ClassLive, "memory")
	}
	return nil
}

// restarting lists the attributes of a plan that a running machine would be restarted for.
func restarting(p *platform.Plan[platform.Machine]) []platform.Path {
	var paths []platform.Path
	traits := machineTraits()
	for _, row := range slices.Sorted(maps.Keys(traits)) {
		if traits[row].Class != platform.ClassRestart {
			continue
		}
		if before, after, many := strings.Cut(row, ".*."); many && before == "nics" {
			for _, key := range platform.Keys(p.Want.NICs) {
				paths = append(paths, platform.Path{before, key, after})
			}
			continue
		}
		paths = append(paths, platform.ParsePath(row))
	}
	return paths
}

// recompute names what a change alters beside itself.
func recompute(p *platform.Plan[platform.Machine]) {
	for of, causes := range map[string][]string{
		"booted_at":       {"power"},
		"addresses":       {"power", "nics"},
		"unmanaged_disks": {"disks"},
		"unmanaged_nics":  {"nics"},
		"native":          {"name", "vsphere.folder", "vsphere.resource_pool", "placement.host", "boot_disk.storage"},
	} {
		if slices.ContainsFunc(causes, func(c string) bool { return p.Changed(platform.ParsePath(c)...) }) {
			p.Recompute(of)
		}
	}
	for _, key := range platform.Keys(p.Want.Disks) {
		if p.Changed("disks", key, "disk_id") { // another disk under the same key
			for _, of := range []string{"id", "size", "type", "storage"} {
				p.Recompute("disks", key, of)
			}
		}
	}
	for _, path := range []string{"user_data", "login", "hostname", "network_data", "metadata"} {
		if p.Changed(path) {
			p.Warn("the machine is told at once, but a guest reads this when it starts, and cloud-init acts on most of it at the first start only", path)
			return
		}
	}
}

// checkPlan refuses what this platform cannot make of what is known by now.
func checkPlan(p *platform.Plan[platform.Machine]) error {
	want := p.Want
	errs := []error{checkName(p), checkTags(p), checkStorage(p)}
	if p.Known("metadata") && p.Known("user_data") && p.Known("login") {
		errs = append(errs, checkMetadata(want))
	}
	if value(want.SecureBoot) && p.Known("firmware") && value(want.Firmware) == platform.FirmwareBIOS {
		err := errors.New(`secure boot needs firmware = "uefi"`)
		errs = append(errs, platform.At(platform.As(platform.ErrInvalid, err), "secure_boot"))
	}
	if p.Prior == nil && want.ImageID == nil && p.Known("image_id") && want.BootDisk != nil && want.BootDisk.Size == nil && p.Known("boot_disk", "size") {
		err := errors.New("a machine that is not made from an image needs the size of its boot disk")
		errs = append(errs, platform.At(platform.As(platform.ErrInvalid, err), "boot_disk", "size"))
	}
	return errors.Join(errs...)
}

func checkName(p *platform.Plan[platform.Machine]) error {
	if p.Known("name") && (len(p.Want.Name) > 80 || p.Want.Name == "") {
		err := fmt.Errorf("a name has 1 to 80 bytes here, this one %d", len(p.Want.Name))
		return platform.At(platform.As(platform.ErrInvalid, err), "name")
	}
	folder := blank(p.Want.VSphere).Folder
	if folder != nil && (strings.HasPrefix(*folder, "/") || strings.HasSuffix(*folder, "/")) {
		err := errors.New(`write the path below the datacenter's vm folder, such as "web/front", with no slash at its ends`)
		return platform.At(platform.As(platform.ErrInvalid, err), "vsphere", "folder")
	}
	return nil
}

// checkTags refuses what a custom attribute cannot hold.
func checkTags(p *platform.Plan[platform.Machine]) error {
	for _, name := range platform.Keys(p.Want.Tags) {
		if p.Known("tags", name) && p.Want.Tags[name] == "" {
			err := errors.New("a custom attribute cannot be empty: give it a value or leave it out")
			return platform.At(platform.As(platform.ErrInvalid, err), "tags", name)
		}
	}
	return nil
}

// checkStorage wants datastores by their names: that is how they are read back.
func checkStorage(p *platform.Plan[platform.Machine]) error {
	check := func(storage *string, path ...string) error {
		if storage == nil || !strings.ContainsAny(*storage, "/[]") {
			return nil
		}
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q: write the datastore's name alone", *storage)), path...)
	}
	var errs []error
	if b := p.Want.BootDisk; b != nil {
		errs = append(errs, check(b.Storage, "boot_disk", "storage"))
	}
	for _, key := range platform.Keys(p.Want.Disks) {
		errs = append(errs, check(p.Want.Disks[key].Storage, "disks", key, "storage"))
	}
	return errors.Join(errs...)
}
