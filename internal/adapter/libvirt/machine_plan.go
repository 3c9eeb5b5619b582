package libvirt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/cloudinit"
)

// Plan refuses what cannot be, lowers the cost of changes that this machine takes while it runs or that come while
// it is off, and names what a change alters. It asks the server only where the block is new in the configuration.
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
	soften(p)
	return m.adopt(ctx, p)
}

// adopt looks at the machine where a block is written for one that had none, as after an import: what it says already is
// no reason for a restart.
func (m *machines) adopt(ctx context.Context, p *platform.Plan[platform.Machine]) error {
	if p.Prior.Libvirt != nil || p.Want.Libvirt == nil {
		return nil
	}
	d, err := m.s.load(ctx, value(p.Prior.ID), false)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	seen := platform.Machine{Libvirt: &platform.LibvirtMachine{}}
	(&observed{d: d}).fillOwn(&seen)
	is, want := reflect.ValueOf(*seen.Libvirt), reflect.ValueOf(*p.Want.Libvirt)
	for i := range is.NumField() {
		name := is.Type().Field(i).Tag.Get("tfsdk")
		if p.Known("libvirt", name) && reflect.DeepEqual(is.Field(i).Interface(), want.Field(i).Interface()) {
			p.Soften(platform.ClassLive, "libvirt", name)
		}
	}
	return nil
}

// soften lets processors and memory grow while the machine runs, as far as it was told to leave room.
func soften(p *platform.Plan[platform.Machine]) {
	room := blank(p.Prior.Libvirt)
	known := func(name string) bool {
		return p.Known(name) && p.Known("libvirt", "max_"+name) && !p.Changed("libvirt", "max_"+name)
	}
	if p.Changed("cpus") && known("cpus") && p.Want.CPUs != nil && room.MaxCPUs != nil {
		if to := *p.Want.CPUs; to > value(p.Prior.CPUs) && to <= *room.MaxCPUs {
			p.Soften(platform.ClassLive, "cpus")
		}
	}
	if p.Changed("memory") && known("memory") && p.Want.Memory != nil && room.MaxMemory != nil {
		if to := *p.Want.Memory; to > value(p.Prior.Memory) && to <= *room.MaxMemory {
			p.Soften(platform.ClassLive, "memory")
		}
	}
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
		"addresses":       {"power", "nics", "libvirt.address_source"},
		"unmanaged_disks": {"disks"},
		"unmanaged_nics":  {"nics"},
		"native":          {"libvirt.machine", "libvirt.type"},
	} {
		if slices.ContainsFunc(causes, func(c string) bool { return p.Changed(platform.ParsePath(c)...) }) {
			p.Recompute(of)
		}
	}
	if b := p.Prior.BootDisk; b != nil && b.ID != nil && b.Size == nil { // an interrupted creation may have left it out
		p.Recompute("boot_disk", "size")
	}
	for _, key := range platform.Keys(p.Want.Disks) {
		if p.Changed("disks", key, "disk_id") { // another disk under the same key
			for _, of := range []string{"id", "size", "type", "storage"} {
				p.Recompute("disks", key, of)
			}
		}
	}
	for _, key := range platform.Keys(p.Want.NICs) {
		if p.Changed("nics", key, "mac") {
			p.Recompute("nics", key, "id")
		}
	}
	for _, path := range []string{"user_data", "login", "hostname", "network_data", "metadata"} {
		if p.Changed(path) {
			p.Warn("the disc in the machine's drive is changed at once, but a guest reads it when it starts, and cloud-init acts on most of it at the first start only", path)
			return
		}
	}
}

// checkPlan refuses what this platform cannot make of what is known by now.
func checkPlan(p *platform.Plan[platform.Machine]) error {
	want := p.Want
	errs := []error{checkName(p), checkSecure(p), checkLists(p), checkGraphics(p), checkRoom(p)}
	if p.Known("metadata") && p.Known("user_data") && p.Known("login") {
		errs = append(errs, cloudinit.Check(want))
	}
	if p.Prior == nil && want.ImageID == nil && p.Known("image_id") && want.BootDisk != nil && want.BootDisk.Size == nil && p.Known("boot_disk", "size") {
		err := errors.New("a boot disk that is not made from an image needs a size")
		errs = append(errs, platform.At(platform.As(platform.ErrInvalid, err), "boot_disk", "size"))
	}
	if overlay := blank(want.Libvirt).XMLOverlay; overlay != nil && p.Known("libvirt", "xml_overlay") {
		_, err := parseOverlay(*overlay)
		errs = append(errs, platform.At(err, "libvirt", "xml_overlay"))
	}
	return errors.Join(errs...)
}

func checkName(p *platform.Plan[platform.Machine]) error {
	if p.Known("name") && strings.ContainsAny(p.Want.Name, "/\n") {
		err := fmt.Errorf("a name holds no slash and no line break here: %q", p.Want.Name)
		return platform.At(platform.As(platform.ErrInvalid, err), "name")
	}
	return nil
}

func checkSecure(p *platform.Plan[platform.Machine]) error {
	if value(p.Want.SecureBoot) && p.Known("firmware") && value(p.Want.Firmware) == platform.FirmwareBIOS {
		err := errors.New(`secure boot needs firmware = "uefi"`)
		return platform.At(platform.As(platform.ErrInvalid, err), "secure_boot")
	}
	return nil
}

// checkLists refuses words that the lists do not take.
func checkLists(p *platform.Plan[platform.Machine]) error {
	own := blank(p.Want.Libvirt)
	check := func(list, words []string, name string) error {
		for _, word := range list {
			if word != "" && !slices.Contains(words, word) {
				err := fmt.Errorf("%q is not known: it takes %s", word, joined(words))
				return platform.At(platform.As(platform.ErrInvalid, err), "libvirt", name)
			}
		}
		return nil
	}
	return errors.Join(
		check(own.AddressSource, []string{fromLease, fromAgent, fromARP}, "address_source"),
		check(own.BootOrder, []string{"hd", "cdrom", "network", "fd"}, "boot_order"),
	)
}

// checkGraphics refuses what belongs to a graphical console that there is not.
func checkGraphics(p *platform.Plan[platform.Machine]) error {
	own := blank(p.Want.Libvirt)
	if !p.Known("libvirt", "graphics") || own.Graphics != nil && *own.Graphics != graphicsNone {
		return nil
	}
	for name, given := range map[string]bool{"graphics_listen": own.GraphicsListen != nil, "graphics_password_wo": own.GraphicsPasswordWO != nil} {
		if given {
			err := errors.New(`there is no graphical console: set libvirt.graphics to "vnc" or "spice"`)
			return platform.At(platform.As(platform.ErrInvalid, err), "libvirt", name)
		}
	}
	return nil
}

// checkRoom refuses maxima below what is wanted at once.
func checkRoom(p *platform.Plan[platform.Machine]) error {
	own := blank(p.Want.Libvirt)
	var errs []error
	if own.MaxCPUs != nil && p.Want.CPUs != nil && p.Known("cpus") && p.Known("libvirt", "max_cpus") && *own.MaxCPUs < *p.Want.CPUs {
		err := fmt.Errorf("%d is less than cpus, %d", *own.MaxCPUs, *p.Want.CPUs)
		errs = append(errs, platform.At(platform.As(platform.ErrInvalid, err), "libvirt", "max_cpus"))
	}
	if own.MaxMemory != nil && p.Want.Memory != nil && p.Known("memory") && p.Known("libvirt", "max_memory") && *own.MaxMemory < *p.Want.Memory {
		err := fmt.Errorf("%s is less than memory, %s", own.MaxMemory, p.Want.Memory)
		errs = append(errs, platform.At(platform.As(platform.ErrInvalid, err), "libvirt", "max_memory"))
	}
	return errors.Join(errs...)
}
