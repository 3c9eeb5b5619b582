package libvirt

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// observed is all that is read of one machine. Filling asks nothing more: it may come when the list is long over.
type observed struct {
	id, name  string
	err       error
	d         *domain
	nets      map[string]string // network UUIDs by name
	disks     []seenDisk
	addresses []string
	host      string
}

// seenDisk is a disk with what its document does not say.
type seenDisk struct {
	device *libvirtxml.DomainDisk
	file   string
	slot   string
	whole  bool // it is both in the definition and in what runs
	size   *platform.Size
	pool   string
}

// observe asks for what a machine's documents do not say.
func (s *session) observe(ctx context.Context, d *domain) (*observed, error) {
	about := &observed{id: d.id, name: d.doc.Name, d: d, host: s.uri.where()}
	bound := map[string]bool{d.rec.Boot: d.rec.Boot != ""}
	for _, disk := range d.rec.Disks {
		bound[disk.Path] = true
	}
	seen := map[string]bool{}
	for _, doc := range []*libvirtxml.Domain{d.doc, d.run} {
		for _, device := range disksOf(doc) {
			file := identity(device, bound)
			if seen[file] {
				continue
			}
			seen[file] = true
			whole := d.run == nil || findDisk(d.doc, file) != nil && findDisk(d.run, file) != nil
			about.disks = append(about.disks, seenDisk{device: device, file: file, slot: device.Target.Dev, whole: whole})
		}
	}
	pools, err := s.poolsByPath(ctx)
	if err != nil {
		return nil, err
	}
	for i := range about.disks {
		disk := &about.disks[i]
		disk.pool = pools.holding(disk.file)
		if disk.size, err = s.diskSize(ctx, d, disk); err != nil {
			return nil, err
		}
	}
	about.addresses, err = s.addresses(ctx, d)
	return about, err
}

// diskSize is the size that the guest sees; nil where the file cannot be read any more.
func (s *session) diskSize(ctx context.Context, d *domain, disk *seenDisk) (*platform.Size, error) {
	path := sourceOf(disk.device.Source)
	if path == "" {
		return nil, nil //nolint:nilnil // a disk over the network has no size that libvirt tells
	}
	size, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (platform.Size, error) {
		_, capacity, _, err := l.DomainGetBlockInfo(d.rpc, path, 0)
		return platform.Size(capacity), err //nolint:gosec // libvirt's sizes are below 2^63
	})
	var told libvirt.Error
	switch {
	case err == nil:
		return &size, nil
	case is(err, libvirt.ErrNoDomain), lost(err), ctx.Err() != nil:
		return nil, err
	case asError(err, &told):
		return nil, nil //nolint:nilnil // the file is gone or not readable: the plan shows the disk without a size
	}
	return nil, err
}

// fill sets all that is known of the machine.
func (o *observed) fill(importing bool, have *platform.Machine) {
	d := o.d
	have.ID, have.Name = &o.id, d.doc.Name
	have.Description = unless(d.doc.Description, "")
	cpus, _ := cpusOf(d.doc)
	memory, _ := memoryOf(d.doc)
	have.CPUs, have.Memory = &cpus, &memory
	firmware, secure, tpm, autostart, power := firmwareOf(d.doc), secureOf(d.doc), len(d.doc.Devices.TPMs) > 0, d.autostart, d.power
	have.Firmware, have.SecureBoot, have.TPM, have.Autostart, have.Power = &firmware, &secure, &tpm, &autostart, &power
	have.Tags = maps.Clone(d.rec.Tags)
	have.BootedAt = nil
	if d.power != platform.PowerOff {
		have.BootedAt = unless(d.bootedAt, "")
	}
	have.Addresses = slices.Clone(o.addresses)
	o.fillDisks(importing, have)
	o.fillNICs(importing, have)
	o.fillOwn(have)
	have.Native = map[string]string{"uuid": o.id, "host": o.host, "arch": d.doc.OS.Type.Arch, "machine": d.doc.OS.Type.Machine, "type": d.doc.Type}
}

// fillDisks sorts the disks into the boot disk, those bound to a key and those nobody declared. After an import the
// recorded one, else the first, is the boot disk, and every other one gets the key it was made under, else its slot.
func (o *observed) fillDisks(importing bool, have *platform.Machine) {
	keys := map[string]string{}
	for key, d := range have.Disks {
		keys[value(d.ID)] = key
	}
	boot := ""
	if have.BootDisk != nil {
		boot = value(have.BootDisk.ID)
	}
	if importing && boot == "" {
		boot = o.bootFile()
	}
	have.BootDisk = nil
	have.Disks, have.UnmanagedDisks = map[string]platform.MachineDisk{}, map[string]platform.UnmanagedDisk{}
	for i := range o.disks {
		disk := &o.disks[i]
		key, known := keys[disk.file]
		if importing && !known {
			key, known = disk.slot, true
			if recorded, ok := o.d.rec.diskKey(disk.file); ok {
				key = recorded
			}
		}
		switch {
		case disk.file == boot && disk.whole:
			have.BootDisk = disk.boot()
		case known && disk.whole:
			have.Disks[key] = disk.machineDisk(o.d.rec)
		default:
			have.UnmanagedDisks[disk.slot] = platform.UnmanagedDisk{ID: &disk.file, Name: &disk.file, Size: disk.size}
		}
	}
}

func (o *observed) bootFile() string {
	for _, d := range o.disks {
		if d.file == o.d.rec.Boot {
			return d.file
		}
	}
	if len(o.disks) > 0 && len(o.d.rec.Disks) == 0 && o.d.doc.OS.Kernel == "" {
		return o.disks[0].file
	}
	return ""
}

func (d *seenDisk) format() *string {
	if d.device.Driver == nil {
		return nil
	}
	return unless(d.device.Driver.Type, "")
}

func (d *seenDisk) boot() *platform.BootDisk {
	return &platform.BootDisk{ID: &d.file, Size: d.size, Type: d.format(), Storage: unless(d.pool, "")}
}

func (d *seenDisk) machineDisk(rec machineRecord) platform.MachineDisk {
	m := platform.MachineDisk{ID: &d.file, Size: d.size, Type: d.format(), Storage: unless(d.pool, "")}
	if key, ok := rec.diskKey(d.file); ok && rec.Disks[key].Attached {
		m.DiskID = &d.file
	}
	return m
}

// fillNICs sorts the adapters into those bound to a key by their address and those nobody declared.
func (o *observed) fillNICs(importing bool, have *platform.Machine) {
	keys := map[string]string{}
	for key, n := range have.NICs {
		keys[boundMAC(n)] = key
	}
	spelled := have.NICs
	have.NICs, have.UnmanagedNICs = map[string]platform.NIC{}, map[string]platform.UnmanagedNIC{}
	for i, n := range o.nics() {
		mac, network := macOf(n), networkOf(n, o.nets)
		slot := fmt.Sprintf("nic%d", i)
		key, known := keys[mac]
		if importing && !known {
			key, known = slot, true
			if recorded, ok := o.d.rec.nicKey(mac); ok {
				key = recorded
			}
		}
		whole := o.d.run == nil || findNIC(o.d.run, mac) != nil && findNIC(o.d.doc, mac) != nil
		if !known || !whole {
			have.UnmanagedNICs[slot] = platform.UnmanagedNIC{ID: &mac, MAC: &mac, NetworkID: unless(network, "")}
			continue
		}
		connected := plugged(n)
		nic := platform.NIC{ID: &mac, MAC: &mac, NetworkID: unless(network, ""), Connected: &connected}
		if was := spelled[key].MAC; was != nil && boundMAC(platform.NIC{MAC: was}) == mac {
			nic.MAC = was
		}
		have.NICs[key] = nic
	}
}

// nics lists the adapters, of a running machine as they run.
func (o *observed) nics() []*libvirtxml.DomainInterface {
	var list []*libvirtxml.DomainInterface
	seen := map[string]bool{}
	for _, doc := range []*libvirtxml.Domain{o.d.run, o.d.doc} {
		for i := range devicesOf(doc).Interfaces {
			n := &doc.Devices.Interfaces[i]
			if mac := macOf(n); !seen[mac] {
				seen[mac] = true
				list = append(list, n)
			}
		}
	}
	return list
}

// fillOwn sets what only libvirt domains have, where it is managed.
func (o *observed) fillOwn(have *platform.Machine) {
	own, doc := have.Libvirt, o.d.doc
	if own == nil {
		return
	}
	_, cpus := cpusOf(doc)
	_, memory := memoryOf(doc)
	kind, listen := graphicsOf(doc)
	machine, model := spelledMachine(&o.d.rec, doc.OS.Type.Machine), modelOf(doc.CPU)
	own.Type, own.Machine, own.MaxCPUs, own.MaxMemory, own.CPU = &doc.Type, &machine, &cpus, &memory, unless(model, "")
	if doc.CPU != nil && doc.CPU.Topology != nil {
		cores, threads := int64(doc.CPU.Topology.Cores), int64(doc.CPU.Topology.Threads)
		own.Cores, own.Threads = &cores, &threads
	}
	own.Kernel, own.Initrd, own.CommandLine = unless(doc.OS.Kernel, ""), unless(doc.OS.Initrd, ""), unless(doc.OS.Cmdline, "")
	own.BootOrder, own.AddressSource = bootOrder(doc), slices.Clone(o.d.rec.Sources)
	if drives := drivesOf(doc); len(drives) > 0 {
		disc := sourceOf(drives[len(drives)-1].Source)
		if disc != o.d.rec.Seed {
			own.CDROM = unless(disc, "")
		}
	}
	own.SerialLog, own.Graphics, own.GraphicsListen = unless(serialLog(doc), ""), &kind, &listen
	own.XMLOverlay = unless(o.d.rec.Overlay, "")
}
