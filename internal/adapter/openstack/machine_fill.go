package openstack

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// fill is the one translation from a server. have holds bindings and nothing else. It asks for the subnets and the
// default security group where it does not know them yet, and for nothing else.
func (m *machines) fill(ctx context.Context, s *sighting, have *platform.Machine) error {
	bound, sv := *have, s.server
	*have = platform.Machine{Meta: have.Meta}
	have.ID, have.Name = &sv.ID, sv.Name
	have.Description = unless("", value(sv.Description))
	if sv.Hostname != "" && (!platform.Importing(ctx) || sv.Hostname != hostnameOf(sv.Name)) {
		have.Hostname = &sv.Hostname
	}
	cpus, mib := sv.asked()
	memory := platform.Size(mib) * platform.MiB
	have.CPUs, have.Memory, have.Size = &cpus, &memory, &sv.Flavor.Name
	have.Tags, have.Metadata = tagMap(sv.Tags), metadataTags(sv.Metadata)
	if platform.Importing(ctx) && len(have.Metadata) == 0 {
		have.Metadata = nil
	}
	s.fillPower(have)
	have.UnmanagedDisks, have.UnmanagedNICs = map[string]platform.UnmanagedDisk{}, map[string]platform.UnmanagedNIC{}
	s.fillDisks(ctx, &bound, have)
	if err := m.fillNICs(ctx, s, &bound, have); err != nil {
		return err
	}
	have.Addresses = s.addresses()
	have.Native = s.native()
	if len(sv.Groups) > 0 {
		have.Placement = &platform.Placement{Group: &sv.Groups[0]}
	}
	s.fillOwn(&bound, have)
	return nil
}

// hostnameOf is the guest's name that nova makes of a server's.
func hostnameOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r == ' ' || r == '_' || r == '.':
			b.WriteByte('-')
		case r == '-', r >= '0' && r <= '9', r >= 'a' && r <= 'z':
			b.WriteRune(r)
		}
	}
	host := strings.Trim(b.String(), ".-")
	return host[:min(63, len(host))]
}

// powerOf translates the state of a server.
func powerOf(sv *server) string {
	switch sv.Status {
	case "SUSPENDED", "PAUSED":
		return platform.PowerSuspended
	case "SHUTOFF", "SHELVED", "SHELVED_OFFLOADED", "BUILD":
		return platform.PowerOff
	case "ERROR", "VERIFY_RESIZE":
		if sv.Power != 1 { // anything but running
			return platform.PowerOff
		}
	}
	return platform.PowerOn
}

// markBooted goes before the moment at which this provider switched a server on: the service tells only that of its
// making and of its last resize.
const markBooted = ours + "booted:"

func (s *sighting) fillPower(have *platform.Machine) {
	power := powerOf(s.server)
	have.Power = &power
	if power == platform.PowerOff {
		return
	}
	have.BootedAt = unless("", bootedAt(s.server))
}

func bootedAt(sv *server) string {
	latest := ""
	if at, err := time.Parse("2006-01-02T15:04:05.999999", sv.LaunchedAt); err == nil {
		latest = at.UTC().Format(time.RFC3339)
	}
	for _, tag := range sv.Tags {
		if at, ok := strings.CutPrefix(tag, markBooted); ok {
			latest = max(latest, at)
		}
	}
	return latest
}

// addresses lists what the ports have, in their order: nova learns of a port's addresses some time after neutron. A
// floating IP is not among them: the guest does not know of it, and it comes and goes without the server.
func (s *sighting) addresses() []string {
	var list []string
	for _, p := range s.ports {
		for _, ip := range p.IPs {
			if addr, err := netip.ParseAddr(ip.Address); err == nil && !addr.IsLinkLocalUnicast() && !addr.IsLoopback() {
				list = append(list, ip.Address)
			}
		}
	}
	return list
}

// native is what the cloud says beyond the shared attributes.
func (s *sighting) native() map[string]string {
	sv := s.server
	native := map[string]string{"status": sv.Status}
	for name, v := range map[string]string{
		"zone": sv.Zone, "host": sv.Host, "host_id": sv.HostID, "key_pair": sv.KeyName,
	} {
		if v != "" {
			native[name] = v
		}
	}
	return native
}

// fillDisks binds the volumes by their ids. What is bound to nobody is unmanaged, or after an import gets the key that
// its metadata holds, or that of the server for one that was attached, else that of its device.
func (s *sighting) fillDisks(ctx context.Context, bound, have *platform.Machine) {
	sv := s.server
	left := slices.Clone(s.volumes)
	have.BootDisk = &platform.BootDisk{}
	if root := rootOf(sv, left); root != nil {
		size := root.bytes()
		have.BootDisk = &platform.BootDisk{ID: &root.ID, Size: &size, Type: unless("", root.Type)}
		have.ImageID = unless("", root.Image["image_id"])
		left = slices.DeleteFunc(left, func(v *cinderVolume) bool { return v == root })
	} else {
		have.ImageID = unless("", sv.image())
		have.BootDisk.Type = new(localDisk)
		if size := platform.Size(sv.Flavor.Disk) * platform.GiB; size > 0 {
			have.BootDisk.Size = &size
		}
	}
	if bound.Disks != nil || platform.Importing(ctx) {
		have.Disks = map[string]platform.MachineDisk{}
	}
	for key, b := range bound.Disks {
		i := slices.IndexFunc(left, func(v *cinderVolume) bool { return b.ID != nil && strings.EqualFold(v.ID, *b.ID) })
		if i < 0 {
			continue
		}
		have.Disks[key] = diskOf(left[i])
		left = slices.Delete(left, i, i+1)
	}
	for _, v := range left {
		if !platform.Importing(ctx) {
			size := v.bytes()
			keyed(&have.UnmanagedDisks, s.slot(v), platform.UnmanagedDisk{ID: &v.ID, Name: unless("", v.Name), Size: &size})
			continue
		}
		key := cmp.Or(sv.Metadata[markDisk+v.ID], v.Metadata[metaKey])
		if _, taken := have.Disks[key]; key == "" || taken {
			key = s.slot(v)
		}
		have.Disks[key] = diskOf(v)
	}
	if platform.Importing(ctx) && len(have.Disks) == 0 {
		have.Disks = nil
	}
}

// diskOf describes a volume: one that a machine made inline, or one that was attached.
func diskOf(v *cinderVolume) platform.MachineDisk {
	d := platform.MachineDisk{ID: &v.ID}
	size := v.bytes()
	d.Size, d.Type = &size, unless("", v.Type)
	if v.Metadata[metaMachine] == "" {
		d.DiskID = &v.ID
	}
	return d
}

// slot is the name of a volume's device: vdb.
func (s *sighting) slot(v *cinderVolume) string {
	if device := v.device(s.server.ID); device != "" {
		return device[strings.LastIndex(device, "/")+1:]
	}
	return v.ID
}

// keyed sets one key of a map that may be nil.
func keyed[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}

// fillOwn fills the platform's own block, where it is managed.
func (s *sighting) fillOwn(bound, have *platform.Machine) {
	if bound.OpenStack == nil {
		return
	}
	own := &platform.OpenStackMachine{Locked: &s.server.Locked}
	for key, n := range bound.NICs {
		for _, p := range s.ports {
			if n.ID == nil || p.ID != *n.ID {
				continue
			}
			if p.key() == "" {
				keyed(&own.Ports, key, p.ID)
			}
			if p.Security != nil && (own.PortSecurity == nil || !*p.Security) {
				own.PortSecurity = p.Security
			}
		}
	}
	have.OpenStack = own
}
