package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/cloudinit"
)

// Bounds of what nova keeps.
const (
	longestTag  = 60
	mostTags    = 46 // beside our own four
	longestData = 65535
)

// Plan refuses what cannot be, lowers the cost of a new size that is none or comes while the machine is off, and names
// what a change alters. It asks for the flavors where a size has to be chosen.
func (m *machines) Plan(ctx context.Context, p *platform.Plan[platform.Machine]) error {
	if err := m.checkPlan(p); err != nil {
		return err
	}
	if p.Prior == nil {
		return m.checkSize(ctx, p)
	}
	if err := m.planSize(ctx, p); err != nil {
		return err
	}
	recompute(p)
	return nil
}

// checkSize refuses at plan what no size has.
func (m *machines) checkSize(ctx context.Context, p *platform.Plan[platform.Machine]) error {
	if !p.Known("size") || !p.Known("cpus") || !p.Known("memory") || !p.Known("boot_disk", "type") || !p.Known("openstack", "volume_boot") {
		return nil
	}
	n := plannedNeed(p)
	if p.Want.Size == nil && n.cpus == 0 && n.memory == 0 && n.root == 0 {
		return nil
	}
	_, err := m.choose(ctx, p.Want.Size, n)
	return err
}

// plannedNeed is what the user asks of the size, as far as a plan knows it: not what the image needs.
func plannedNeed(p *platform.Plan[platform.Machine]) need {
	n := needOf(p.Want)
	n.local = false
	if p.Left("boot_disk", "size") {
		n.root = 0 // it is what the present size has
	}
	return n
}

// planSize says what a change of processors, memory or the size costs: nothing where the present size will do.
func (m *machines) planSize(ctx context.Context, p *platform.Plan[platform.Machine]) error {
	cpus, memory, size := p.Changed("cpus"), p.Changed("memory"), p.Changed("size")
	if !cpus && !memory && !size {
		return nil
	}
	if value(p.Prior.Power) == platform.PowerOff {
		for _, name := range []string{"cpus", "memory", "size"} {
			p.Soften(platform.ClassLive, name)
		}
	}
	if size {
		recomputeNumbers(p)
		return nil
	}
	if p.Known("cpus") && p.Known("memory") {
		stays, err := m.willDo(ctx, p)
		if err != nil {
			return err
		}
		if stays {
			p.Soften(platform.ClassLive, "cpus")
			p.Soften(platform.ClassLive, "memory")
			return nil
		}
	}
	if !p.Left("size") {
		return nil
	}
	p.Recompute("size")
	recomputeNumbers(p)
	return nil
}

// recomputeNumbers names the numbers that a new size brings with it.
func recomputeNumbers(p *platform.Plan[platform.Machine]) {
	for _, name := range []string{"cpus", "memory"} {
		if p.Left(name) {
			p.Recompute(name)
		}
	}
	if local(p.Prior.BootDisk) && p.Left("boot_disk", "size") {
		p.Recompute("boot_disk", "size")
	}
}

// willDo reports whether the present size has what is wanted; where a size is configured, it has to.
func (m *machines) willDo(ctx context.Context, p *platform.Plan[platform.Machine]) (bool, error) {
	list, err := m.flavors(ctx)
	if err != nil {
		return false, err
	}
	n := plannedNeed(p)
	if !p.Left("size") && p.Want.Size != nil {
		_, err := pick(list, *p.Want.Size, n)
		return err == nil, err
	}
	for _, f := range list {
		if f.Name == value(p.Prior.Size) && n.met(&f) {
			return true, nil
		}
	}
	_, err = m.choose(ctx, nil, n)
	return false, err
}

// recompute names what a change alters beside itself.
func recompute(p *platform.Plan[platform.Machine]) {
	for of, causes := range map[string][]string{
		"booted_at":       {"power"},
		"addresses":       {"nics", "openstack.ports"},
		"unmanaged_disks": {"disks"},
		"unmanaged_nics":  {"nics", "openstack.ports"},
		"native":          {"power", "cpus", "memory", "size"},
	} {
		if slices.ContainsFunc(causes, func(c string) bool { return p.Changed(platform.ParsePath(c)...) }) {
			p.Recompute(of)
		}
	}
	for _, key := range platform.Keys(p.Want.Disks) {
		if p.Changed("disks", key, "disk_id") { // another disk under the same key
			for _, of := range []string{"id", "size", "type"} {
				p.Recompute("disks", key, of)
			}
		}
	}
	for _, key := range platform.Keys(p.Want.NICs) {
		network := p.Changed("nics", key, "network_id") || p.Changed("nics", key, "subnet_id")
		if network || p.Changed("nics", key, "mac") || p.Changed("openstack", "ports") { // another port
			p.Recompute("nics", key, "id")
		}
		if p.Changed("openstack", "ports") && p.Left("nics", key, "mac") {
			p.Recompute("nics", key, "mac")
			p.Recompute("nics", key, "connected")
		}
	}
}

// checkPlan refuses what this platform cannot make of what is known by now.
func (m *machines) checkPlan(p *platform.Plan[platform.Machine]) error {
	errs := []error{checkMachineName(p), checkMachineTags(p), checkBoot(p), checkNICs(p), checkGuest(p)}
	return errors.Join(errs...)
}

func checkMachineName(p *platform.Plan[platform.Machine]) error {
	if p.Known("name") && (len(p.Want.Name) > 255 || strings.TrimSpace(p.Want.Name) != p.Want.Name || p.Want.Name == "") {
		err := errors.New("a name has 1 to 255 characters, with no space at its ends")
		return platform.At(platform.As(platform.ErrInvalid, err), "name")
	}
	return nil
}

func checkMachineTags(p *platform.Plan[platform.Machine]) error {
	if !p.Known("tags") {
		return nil
	}
	if n := len(p.Want.Tags); n > mostTags {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("a server has %d tags at most, these are %d", mostTags, n)), "tags")
	}
	return checkTags(p.Want.Tags, longestTag, "/,")
}

// checkBoot refuses a boot disk that nothing says how to make, and changes of one that is the flavor's.
func checkBoot(p *platform.Plan[platform.Machine]) error {
	boot := value(p.Want.BootDisk)
	if p.Prior == nil {
		if p.Known("image_id") && p.Want.ImageID == nil {
			err := errors.New("a machine is made from an image here")
			return platform.At(platform.As(platform.ErrInvalid, err), "image_id")
		}
		if p.Known("boot_disk", "type") && p.Known("openstack", "volume_boot") && boot.Type != nil && (*boot.Type == localDisk) == bootsVolume(p.Want) {
			err := fmt.Errorf("volume_boot says otherwise: leave it out, as the type %q is the disk of the flavor and every other one a volume", localDisk)
			return platform.At(platform.As(platform.ErrInvalid, err), "boot_disk", "type")
		}
		return nil
	}
	if p.Known("boot_disk", "type") && boot.Type != nil && (*boot.Type == localDisk) != local(p.Prior.BootDisk) {
		err := errors.New("a local disk never becomes a volume, nor a volume a local disk: make the machine anew")
		return platform.At(platform.As(platform.ErrInvalid, err), "boot_disk", "type")
	}
	if local(p.Prior.BootDisk) && p.Known("boot_disk", "size") && boot.Size != nil && value(p.Prior.BootDisk.Size) != *boot.Size && !p.Changed("size") {
		return platform.At(localBoot(), "boot_disk", "size")
	}
	return nil
}

// local reports whether a machine boots from the disk of its flavor.
func local(boot *platform.BootDisk) bool { return boot != nil && boot.ID == nil }

// checkNICs refuses adapters of no network, and addresses that are none.
func checkNICs(p *platform.Plan[platform.Machine]) error {
	var errs []error
	for _, key := range platform.Keys(p.Want.NICs) {
		n, port := p.Want.NICs[key], value(p.Want.OpenStack).Ports[key]
		known := p.Known("nics", key, "network_id") && p.Known("nics", key, "subnet_id") && p.Known("openstack", "ports", key)
		if known && n.NetworkID == nil && n.SubnetID == nil && port == "" {
			errs = append(errs, platform.At(nowhere(), "nics", key, "network_id"))
		}
		if !p.Known("nics", key, "addresses") {
			continue
		}
		for _, text := range p.Want.NICs[key].Addresses {
			if _, err := netip.ParsePrefix(text); err != nil && text != "" {
				err := fmt.Errorf("%q is no address with its prefix length: write one such as 10.0.0.5/24", text)
				errs = append(errs, platform.At(platform.As(platform.ErrInvalid, err), "nics", key, "addresses"))
			}
		}
	}
	return errors.Join(errs...)
}

// checkGuest refuses what the guest cannot be told.
func checkGuest(p *platform.Plan[platform.Machine]) error {
	if !p.Known("metadata") || !p.Known("user_data") || !p.Known("login") {
		return nil
	}
	var errs []error
	for _, key := range platform.Keys(p.Want.Metadata) {
		if strings.HasPrefix(key, ours) || strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:. ") != "" {
			err := fmt.Errorf("a name of metadata has letters, digits, spaces and -_:. alone, and does not begin with %q", ours)
			errs = append(errs, platform.At(platform.As(platform.ErrInvalid, err), "metadata", key))
		}
		if len(p.Want.Metadata[key]) > 255 {
			errs = append(errs, platform.At(platform.As(platform.ErrInvalid, errors.New("a value of metadata has 255 bytes at most")), "metadata", key))
		}
	}
	if err := errors.Join(append(errs, cloudinit.Check(p.Want))...); err != nil || p.Prior != nil {
		return err
	}
	data, err := cloudinit.UserData(p.Want, "", "")
	if err != nil {
		return platform.At(err, "login")
	}
	if n := (len(data) + 2) / 3 * 4; n > longestData {
		err := fmt.Errorf("it has %d bytes as the service counts them (base64), and %d are the most", n, longestData)
		return platform.At(platform.As(platform.ErrInvalid, err), "user_data")
	}
	return nil
}
