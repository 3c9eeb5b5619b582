package libvirt

import (
	"context"
	"fmt"
	"slices"

	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Virtualisation types.
const (
	typeKVM  = "kvm"
	typeQEMU = "qemu"
)

// spareports is how many PCIe ports a new machine has beyond what it starts with: a device that is added to a running
// machine needs one.
const sparePorts = 8

// basePorts is how many ports the devices take that every machine has.
const basePorts = 6

// maxPorts is what fits on q35's root bus beside everything else.
const maxPorts = 24

// host is what a machine is made for.
type hostFit struct {
	arch    string
	kind    string // kvm or qemu
	machine string
}

// fit chooses the virtualisation and the machine type: what the user says, else the best that the host has.
func (s *session) fit(ctx context.Context, want *platform.LibvirtMachine) (hostFit, error) {
	caps, err := s.capabilities(ctx)
	if err != nil {
		return hostFit{}, err
	}
	f := hostFit{arch: caps.Host.CPU.Arch, kind: value(want.Type), machine: value(want.Machine)}
	guest := guestOf(caps, f.arch)
	if guest == nil {
		return f, platform.As(platform.ErrUnsupported, fmt.Errorf("the host runs no %s guests", f.arch))
	}
	offered := func(kind string) bool {
		return slices.ContainsFunc(guest.Arch.Domains, func(d libvirtxml.CapsGuestDomain) bool { return d.Type == kind })
	}
	switch {
	case f.kind != "" && !offered(f.kind):
		err := fmt.Errorf("the host does not offer %q", f.kind)
		return f, platform.At(platform.As(platform.ErrUnsupported, err), "libvirt", "type")
	case f.kind == "" && offered(typeKVM):
		f.kind = typeKVM
	case f.kind == "" && offered(typeQEMU):
		f.kind = typeQEMU
	case f.kind == "":
		f.kind = guest.Arch.Domains[0].Type // the test driver's
	}
	if f.machine == "" {
		f.machine = defaultMachine(f.arch)
	}
	return f, nil
}

func guestOf(caps *libvirtxml.Caps, arch string) *libvirtxml.CapsGuest {
	for i := range caps.Guests {
		if g := &caps.Guests[i]; g.Arch.Name == arch && g.OSType == "hvm" {
			return g
		}
	}
	return nil
}

// defaultMachine is the machine type that an architecture's guests expect today; "" leaves it to libvirt.
func defaultMachine(arch string) string {
	switch arch {
	case "x86_64":
		return "q35"
	case "aarch64", "riscv64":
		return "virt"
	}
	return ""
}

// blueprint is the document of a new machine before anything that the user decides.
func blueprint(f hostFit, uuid, name string) *libvirtxml.Domain {
	port := uint(0)
	doc := &libvirtxml.Domain{
		Type: f.kind, Name: name, UUID: uuid,
		OS:         &libvirtxml.DomainOS{Type: &libvirtxml.DomainOSType{Arch: f.arch, Machine: f.machine, Type: "hvm"}},
		Features:   &libvirtxml.DomainFeatureList{ACPI: &libvirtxml.DomainFeature{}},
		Clock:      &libvirtxml.DomainClock{Offset: "utc"},
		OnPoweroff: "destroy", OnReboot: "restart", OnCrash: "destroy",
		Devices: &libvirtxml.DomainDeviceList{
			Serials: []libvirtxml.DomainSerial{{
				Source: &libvirtxml.DomainChardevSource{Pty: &libvirtxml.DomainChardevSourcePty{}},
				Target: &libvirtxml.DomainSerialTarget{Port: &port},
			}},
			Channels: []libvirtxml.DomainChannel{{
				Source: &libvirtxml.DomainChardevSource{UNIX: &libvirtxml.DomainChardevSourceUNIX{}},
				Target: &libvirtxml.DomainChannelTarget{VirtIO: &libvirtxml.DomainChannelTargetVirtIO{Name: agentChannel}},
			}},
			RNGs: []libvirtxml.DomainRNG{{
				Model:   "virtio",
				Backend: &libvirtxml.DomainRNGBackend{Random: &libvirtxml.DomainRNGBackendRandom{Device: "/dev/urandom"}},
			}},
			MemBalloon: &libvirtxml.DomainMemBalloon{Model: "virtio"},
		},
	}
	if f.arch == "x86_64" || f.arch == "i686" {
		doc.Features.APIC = &libvirtxml.DomainFeatureAPIC{}
		doc.Features.VMPort = &libvirtxml.DomainFeatureState{State: "off"}
	}
	return doc
}

// addPorts gives a new machine with PCIe its ports: one for each device and some to spare.
func addPorts(doc *libvirtxml.Domain, devices int) {
	if !hasPCIe(doc) {
		return
	}
	root := uint(0)
	ports := []libvirtxml.DomainController{{Type: "pci", Index: &root, Model: "pcie-root"}}
	for i := range uint(min(devices+basePorts+sparePorts, maxPorts)) {
		index := i + 1
		ports = append(ports, libvirtxml.DomainController{Type: "pci", Index: &index, Model: "pcie-root-port"})
	}
	doc.Devices.Controllers = append(ports, doc.Devices.Controllers...)
}

// hasPCIe says whether a machine type has PCI Express ports.
func hasPCIe(doc *libvirtxml.Domain) bool {
	return isMachine(doc, "q35") || isMachine(doc, "virt")
}

// driveBus is the bus that CD drives are on.
func driveBus(doc *libvirtxml.Domain) string {
	switch {
	case isMachine(doc, "q35"):
		return "sata"
	case isMachine(doc, "pc"), isMachine(doc, "i440fx"):
		return "ide"
	}
	return "scsi"
}

// isMachine says whether a document's machine type is of a family: q35, pc-q35-7.2; virt, virt-8.2.
func isMachine(doc *libvirtxml.Domain, family string) bool {
	if doc.OS == nil || doc.OS.Type == nil {
		return false
	}
	machine := doc.OS.Type.Machine
	for _, prefix := range []string{family, "pc-" + family} {
		if machine == prefix || len(machine) > len(prefix) && machine[:len(prefix)+1] == prefix+"-" {
			return !(family == "pc" && isMachine(doc, "q35"))
		}
	}
	return false
}

// drive is an empty CD drive.
func drive(doc *libvirtxml.Domain) libvirtxml.DomainDisk {
	bus := driveBus(doc)
	return libvirtxml.DomainDisk{
		Device:   deviceCDROM,
		Driver:   &libvirtxml.DomainDiskDriver{Name: "qemu", Type: formatRaw},
		Source:   &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{}},
		Target:   &libvirtxml.DomainDiskTarget{Dev: nextTarget(bus, doc), Bus: bus},
		ReadOnly: &libvirtxml.DomainDiskReadOnly{},
	}
}

// agentChannel is the channel of QEMU's guest agent.
const agentChannel = "org.qemu.guest_agent.0"

// agentState is what libvirt says of the guest agent of a running domain: connected, disconnected or nothing.
func agentState(run *libvirtxml.Domain) string {
	for _, c := range devicesOf(run).Channels {
		if c.Target != nil && c.Target.VirtIO != nil && c.Target.VirtIO.Name == agentChannel {
			return c.Target.VirtIO.State
		}
	}
	return ""
}
