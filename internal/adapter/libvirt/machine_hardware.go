package libvirt

import (
	"context"
	"fmt"
	"slices"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// kib is libvirt's unit of memory.
const kib = platform.KiB

// hardware sets processors, memory, machine type and firmware.
func (c *change) hardware(ctx context.Context) error {
	if err := c.machineType(ctx); err != nil {
		return err
	}
	if err := c.processors(); err != nil {
		return err
	}
	c.model(ctx)
	c.memory()
	c.firmware()
	c.tpm()
	return nil
}

// machineType sets the virtualisation and the machine type. libvirt writes the newest version of a family in place of
// its name: the record keeps what the user wrote, and what that meant then.
func (c *change) machineType(ctx context.Context) error {
	if kind := pick(c, c.own.Type, c.was.Type, c.doc.Type); kind != nil && *kind != c.doc.Type {
		c.doc.Type = *kind
		c.needsOff("libvirt.type")
	}
	want := pick(c, c.own.Machine, c.was.Machine, defaultMachine(c.doc.OS.Type.Arch))
	is := c.doc.OS.Type.Machine
	if want == nil || !c.fresh && (*want == is || *want == spelledMachine(c.rec, is)) {
		return nil
	}
	caps, err := c.s.capabilities(ctx)
	if err != nil {
		return err
	}
	if !c.fresh {
		c.needsOff("libvirt.machine")
		c.forgetAddresses()
	}
	c.doc.OS.Type.Machine = *want
	c.rec.Machine, c.rec.Canonical = *want, canonical(caps, c.doc.OS.Type.Arch, *want)
	return nil
}

// spelledMachine is the machine type as the user wrote it, where libvirt's spelling still means that.
func spelledMachine(rec *machineRecord, is string) string {
	if rec.Canonical == is && rec.Machine != "" {
		return rec.Machine
	}
	return is
}

// canonical is what libvirt makes of a machine type.
func canonical(caps *libvirtxml.Caps, arch, machine string) string {
	guest := guestOf(caps, arch)
	if guest == nil {
		return machine
	}
	for _, m := range guest.Arch.Machines {
		if m.Name == machine && m.Canonical != "" {
			return m.Canonical
		}
	}
	return machine
}

// forgetAddresses lets libvirt place every device anew: another machine type has other buses.
func (c *change) forgetAddresses() {
	d := c.doc.Devices
	d.Controllers = nil
	for i := range d.Disks {
		d.Disks[i].Address = nil
	}
	for i := range d.Interfaces {
		d.Interfaces[i].Address = nil
	}
	for i := range d.RNGs {
		d.RNGs[i].Address = nil
	}
	for i := range d.Videos {
		d.Videos[i].Address = nil
	}
	for i := range d.Inputs {
		d.Inputs[i].Address = nil
	}
	if d.MemBalloon != nil {
		d.MemBalloon.Address = nil
	}
}

// cpusOf are the processors of a document: those in use and the most that there can be.
func cpusOf(doc *libvirtxml.Domain) (current, limit int64) {
	if doc.VCPU == nil {
		return 1, 1
	}
	limit = int64(doc.VCPU.Value) //nolint:gosec // a number of processors
	if doc.VCPU.Current != 0 {
		return int64(doc.VCPU.Current), limit //nolint:gosec // a number of processors
	}
	return limit, limit
}

func (c *change) processors() error {
	current, limit := cpusOf(c.doc)
	cpus := current
	if c.want.CPUs != nil {
		cpus = *c.want.CPUs
	} else if c.fresh {
		cpus = 1
	}
	most := pick(c, c.own.MaxCPUs, c.was.MaxCPUs, cpus)
	top := limit
	switch {
	case most != nil:
		top = *most
	case limit == current: // no room was asked for: it follows
		top = cpus
	}
	top = max(top, cpus)
	if top != limit || c.fresh {
		c.needsOff(pathOf(c.own.MaxCPUs != nil || c.was.MaxCPUs != nil, "libvirt.max_cpus", "cpus"))
	}
	if cpus < current { // a guest may never let go of a processor
		c.needsOff("cpus")
	}
	if cpus > current && top == limit {
		c.live("change the processors", []string{"cpus"}, func(ctx context.Context) error {
			return do(ctx, c.s.client, func(l *libvirt.Libvirt) error { return l.DomainSetVcpusFlags(c.is.rpc, uint32(cpus), both) }) //nolint:gosec // bounded by the traits
		})
	}
	if cpus != current || top != limit || c.fresh {
		c.doc.VCPU = &libvirtxml.DomainVCPU{Placement: "static", Value: uint(top)}
		if cpus != top {
			c.doc.VCPU.Current = uint(cpus)
		}
		c.doc.VCPUs = nil
	}
	return c.topology(top)
}

func pathOf(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// topology arranges the processors; without cores and threads each one is a socket.
func (c *change) topology(limit int64) error {
	cores, threads := pick(c, c.own.Cores, c.was.Cores, 0), pick(c, c.own.Threads, c.was.Threads, 0)
	if cores == nil && threads == nil {
		if c.doc.CPU != nil && c.doc.CPU.Topology != nil && !c.fresh {
			return c.restack(limit)
		}
		return nil
	}
	n, t := value(cores), value(threads)
	if n == 0 && t == 0 {
		if c.doc.CPU != nil && c.doc.CPU.Topology != nil {
			c.doc.CPU.Topology = nil
			c.needsOff("libvirt.cores")
		}
		return nil
	}
	n, t = max(n, 1), max(t, 1)
	if err := checkTopology(limit, n, t); err != nil {
		return platform.At(err, "libvirt", "cores")
	}
	want := libvirtxml.DomainCPUTopology{Sockets: int(limit / (n * t)), Dies: 1, Cores: int(n), Threads: int(t)}
	if c.doc.CPU == nil {
		c.doc.CPU = &libvirtxml.DomainCPU{}
	}
	if is := c.doc.CPU.Topology; is == nil || is.Sockets != want.Sockets || is.Cores != want.Cores || is.Threads != want.Threads {
		c.doc.CPU.Topology = &want
		c.needsOff("libvirt.cores")
	}
	return nil
}

// restack keeps a topology that is not managed in step with the number of processors.
func (c *change) restack(limit int64) error {
	t := c.doc.CPU.Topology
	per := int64(max(t.Cores, 1) * max(t.Threads, 1) * max(t.Dies, 1))
	if err := checkTopology(limit, per, 1); err != nil {
		return platform.At(err, "cpus")
	}
	t.Sockets = int(limit / per)
	return nil
}

// model sets the processor's model.
func (c *change) model(context.Context) {
	reset := "maximum"
	if c.doc.Type == typeKVM {
		reset = "host-passthrough"
	}
	want := pick(c, c.own.CPU, c.was.CPU, reset)
	if want == nil || *want == modelOf(c.doc.CPU) {
		return
	}
	var topology *libvirtxml.DomainCPUTopology
	if c.doc.CPU != nil {
		topology = c.doc.CPU.Topology
	}
	c.doc.CPU = &libvirtxml.DomainCPU{Mode: *want, Topology: topology}
	if !slices.Contains([]string{"host-passthrough", "host-model", "maximum"}, *want) {
		c.doc.CPU.Mode, c.doc.CPU.Match = "custom", "exact"
		c.doc.CPU.Model = &libvirtxml.DomainCPUModel{Fallback: "forbid", Value: *want}
	}
	c.needsOff("libvirt.cpu")
}

// modelOf spells a processor's model as the user does.
func modelOf(cpu *libvirtxml.DomainCPU) string {
	switch {
	case cpu == nil:
		return ""
	case cpu.Mode != "" && cpu.Mode != "custom":
		return cpu.Mode
	case cpu.Model != nil:
		return cpu.Model.Value
	}
	return ""
}

// memoryOf is the memory of a document: what is in use and the most that there can be.
func memoryOf(doc *libvirtxml.Domain) (current, limit platform.Size) {
	if doc.Memory != nil {
		limit = sizeIn(uint64(doc.Memory.Value), doc.Memory.Unit)
	}
	current = limit
	if doc.CurrentMemory != nil {
		current = sizeIn(uint64(doc.CurrentMemory.Value), doc.CurrentMemory.Unit)
	}
	return current, limit
}

// sizeIn reads a number with libvirt's unit, KiB where there is none.
func sizeIn(n uint64, unit string) platform.Size {
	units := map[string]platform.Size{
		"b": 1, "bytes": 1, "": kib, "KiB": kib, "k": kib, "MiB": platform.MiB, "M": platform.MiB, "GiB": platform.GiB, "G": platform.GiB,
		"TiB": platform.TiB, "T": platform.TiB,
	}
	return platform.Size(n) * max(units[unit], 1) //nolint:gosec // libvirt's sizes are below 2^63
}

func (c *change) memory() {
	current, limit := memoryOf(c.doc)
	memory := current
	if c.want.Memory != nil {
		memory = *c.want.Memory
	} else if c.fresh {
		memory = platform.GiB
	}
	most := pick(c, c.own.MaxMemory, c.was.MaxMemory, memory)
	top := limit
	switch {
	case most != nil:
		top = *most
	case limit == current:
		top = memory
	}
	top = max(top, memory)
	if top != limit {
		c.needsOff(pathOf(c.own.MaxMemory != nil || c.was.MaxMemory != nil, "libvirt.max_memory", "memory"))
	}
	if memory < current { // a guest may never give memory back
		c.needsOff("memory")
	}
	if memory > current && top == limit {
		c.live("change the memory", []string{"memory"}, func(ctx context.Context) error {
			return do(ctx, c.s.client, func(l *libvirt.Libvirt) error {
				return l.DomainSetMemoryFlags(c.is.rpc, uint64(memory/kib), both) //nolint:gosec // never negative
			})
		})
	}
	if memory != current || top != limit || c.fresh {
		c.doc.Memory = &libvirtxml.DomainMemory{Value: uint(top / kib), Unit: "KiB"}
		c.doc.CurrentMemory = &libvirtxml.DomainCurrentMemory{Value: uint(memory / kib), Unit: "KiB"}
	}
}

// firmwareOf is the firmware of a document.
func firmwareOf(doc *libvirtxml.Domain) string {
	if doc.OS.Firmware == "efi" || doc.OS.Loader != nil && doc.OS.Loader.Type == "pflash" {
		return platform.FirmwareUEFI
	}
	return platform.FirmwareBIOS
}

// secureOf says whether a document's firmware checks what it starts.
func secureOf(doc *libvirtxml.Domain) bool {
	if doc.OS.FirmwareInfo != nil {
		for _, f := range doc.OS.FirmwareInfo.Features {
			if f.Name == "enrolled-keys" {
				return f.Enabled == "yes"
			}
		}
	}
	return doc.OS.Loader != nil && doc.OS.Loader.Secure == "yes"
}

// firmware lets libvirt choose the files that fit: of another firmware they are others.
func (c *change) firmware() {
	firmware, secure := firmwareOf(c.doc), secureOf(c.doc)
	if c.want.Firmware != nil && *c.want.Firmware != firmware {
		firmware = *c.want.Firmware
		c.needsOff("firmware")
	} else if c.fresh && c.want.Firmware == nil && value(c.want.SecureBoot) {
		firmware = platform.FirmwareUEFI
	}
	if c.want.SecureBoot != nil && *c.want.SecureBoot != secure {
		secure = *c.want.SecureBoot
		c.needsOff("secure_boot")
	}
	if firmware == firmwareOf(c.doc) && secure == secureOf(c.doc) {
		return
	}
	c.doc.OS.Loader, c.doc.OS.NVRam = nil, nil
	if firmware == platform.FirmwareBIOS {
		c.doc.OS.Firmware, c.doc.OS.FirmwareInfo, c.doc.Features.SMM = "", nil, nil
		return
	}
	on := yesNo(secure)
	c.doc.OS.Firmware = "efi"
	c.doc.OS.FirmwareInfo = &libvirtxml.DomainOSFirmwareInfo{Features: []libvirtxml.DomainOSFirmwareFeature{
		{Enabled: on, Name: "enrolled-keys"}, {Enabled: on, Name: "secure-boot"},
	}}
	c.doc.Features.SMM = nil
	if secure {
		c.doc.Features.SMM = &libvirtxml.DomainFeatureSMM{State: "on"}
	}
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// tpm gives the machine an emulated TPM 2.0 or takes it away.
func (c *change) tpm() {
	has := len(c.doc.Devices.TPMs) > 0
	if c.want.TPM == nil || *c.want.TPM == has {
		return
	}
	c.needsOff("tpm")
	if has {
		c.doc.Devices.TPMs = nil
		return
	}
	c.doc.Devices.TPMs = []libvirtxml.DomainTPM{{
		Model:   tpmModel(c.doc),
		Backend: &libvirtxml.DomainTPMBackend{Emulator: &libvirtxml.DomainTPMBackendEmulator{Version: "2.0"}},
	}}
}

func tpmModel(doc *libvirtxml.Domain) string {
	if isMachine(doc, "virt") {
		return "tpm-tis"
	}
	return "tpm-crb"
}

// checkNVMe refuses a bus that this host's QEMU does not have.
func (s *session) checkBus(ctx context.Context, doc *libvirtxml.Domain, bus string) error {
	caps, err := s.domainCapabilities(ctx, doc.Type, doc.OS.Type.Arch, doc.OS.Type.Machine)
	if err != nil || caps.Devices == nil || caps.Devices.Disk == nil {
		return err
	}
	for _, enum := range caps.Devices.Disk.Enums {
		if enum.Name == "bus" && len(enum.Values) > 0 && !slices.Contains(enum.Values, bus) {
			err := fmt.Errorf("the host's libvirt has no disks on the bus %q: it has %v", bus, enum.Values)
			return platform.At(platform.As(platform.ErrUnsupported, err), "libvirt", "disk_bus")
		}
	}
	return nil
}
