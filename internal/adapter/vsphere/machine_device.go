package vsphere

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Disk types, in the words of the API for first-class disks.
const (
	diskThin  = "thin"
	diskLazy  = "lazyZeroedThick"
	diskEager = "eagerZeroedThick"
)

// slot is where a disk sits: its controller's bus and type and the unit there.
type slot struct {
	bus  string // scsi, sata, ide, nvme
	num  int32
	unit int32
}

func (s slot) String() string { return fmt.Sprintf("%s%d-%d", s.bus, s.num, s.unit) }

// disk is a virtual disk of a machine as the API tells it.
type disk struct {
	slot   slot
	device *types.VirtualDisk
	id     string // the UUID of its backing, else the path of its file
	path   string // "[ds0] web/web.vmdk"
	kind   string // thin, lazyZeroedThick, eagerZeroedThick
	fcd    string // id as a first-class disk, if it is one
}

func (d *disk) size() platform.Size {
	if d.device.CapacityInBytes > 0 {
		return platform.Size(d.device.CapacityInBytes)
	}
	return platform.Size(d.device.CapacityInKB) * platform.KiB
}

// datastore is the name of the datastore the disk lies on.
func (d *disk) datastore() string {
	var path object.DatastorePath
	path.FromString(d.path)
	return path.Datastore
}

// nic is a network adapter of a machine as the API tells it.
type nic struct {
	device  types.BaseVirtualDevice
	card    *types.VirtualEthernetCard
	id      string // its device key
	mac     string // lower case
	network string // moref of its network, or the id of an opaque one

	connected bool // plugged in: now, or of a machine that is off, when it starts
}

// disksOf lists a machine's disks in the order of their slots.
func disksOf(vm *mo.VirtualMachine) []disk {
	if vm.Config == nil {
		return nil
	}
	devices := object.VirtualDeviceList(vm.Config.Hardware.Device)
	var found []disk
	for _, d := range devices {
		if v, ok := d.(*types.VirtualDisk); ok {
			found = append(found, diskOf(devices, v))
		}
	}
	slices.SortFunc(found, func(a, b disk) int {
		return cmp.Or(cmp.Compare(busRank(a.slot.bus), busRank(b.slot.bus)), cmp.Compare(a.slot.num, b.slot.num), cmp.Compare(a.slot.unit, b.slot.unit))
	})
	return found
}

// busRank is the order in which firmware looks for a boot disk by default.
func busRank(bus string) int { return slices.Index([]string{"scsi", "nvme", "sata", "ide"}, bus) }

func diskOf(devices object.VirtualDeviceList, v *types.VirtualDisk) disk {
	d := disk{device: v, kind: diskLazy}
	d.slot = slotOf(devices, v)
	switch b := v.Backing.(type) {
	case *types.VirtualDiskFlatVer2BackingInfo:
		d.id, d.path = b.Uuid, b.FileName
		switch {
		case b.ThinProvisioned != nil && *b.ThinProvisioned:
			d.kind = diskThin
		case b.EagerlyScrub != nil && *b.EagerlyScrub:
			d.kind = diskEager
		}
	case *types.VirtualDiskSeSparseBackingInfo:
		d.id, d.path, d.kind = b.Uuid, b.FileName, diskThin
	case *types.VirtualDiskRawDiskMappingVer1BackingInfo:
		d.id, d.path = b.Uuid, b.FileName
	case types.BaseVirtualDeviceFileBackingInfo:
		d.path = b.GetVirtualDeviceFileBackingInfo().FileName
	}
	d.id = cmp.Or(d.id, d.path)
	if v.VDiskId != nil {
		d.fcd = v.VDiskId.Id
	}
	return d
}

func slotOf(devices object.VirtualDeviceList, v *types.VirtualDisk) slot {
	s := slot{bus: "scsi"}
	if v.UnitNumber != nil {
		s.unit = *v.UnitNumber
	}
	controller, ok := devices.FindByKey(v.ControllerKey).(types.BaseVirtualController)
	if !ok {
		return s
	}
	s.num = controller.GetVirtualController().BusNumber
	switch controller.(type) {
	case *types.VirtualIDEController:
		s.bus = "ide"
	case types.BaseVirtualSATAController:
		s.bus = "sata"
	case *types.VirtualNVMEController:
		s.bus = "nvme"
	}
	return s
}

// nicsOf lists a machine's network adapters in the order of their making.
func nicsOf(vm *mo.VirtualMachine) []nic {
	if vm.Config == nil {
		return nil
	}
	var found []nic
	for _, d := range vm.Config.Hardware.Device {
		if e, ok := d.(types.BaseVirtualEthernetCard); ok {
			n := nicOf(d, e.GetVirtualEthernetCard())
			if plug := n.card.Connectable; plug != nil {
				n.connected = plug.StartConnected
				if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
					n.connected = plug.Connected
				}
			}
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b nic) int { return cmp.Compare(a.card.Key, b.card.Key) })
	return found
}

func nicOf(device types.BaseVirtualDevice, card *types.VirtualEthernetCard) nic {
	n := nic{device: device, card: card, id: strconv.Itoa(int(card.Key)), mac: strings.ToLower(card.MacAddress)}
	switch b := card.Backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		n.network = b.DeviceName
		if b.Network != nil {
			n.network = b.Network.Value
		}
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		n.network = b.Port.PortgroupKey
	case *types.VirtualEthernetCardOpaqueNetworkBackingInfo:
		n.network = b.OpaqueNetworkId
	}
	return n
}

// hasTPM says whether a machine has a virtual TPM.
func hasTPM(vm *mo.VirtualMachine) bool { return tpmOf(vm) != nil }

func tpmOf(vm *mo.VirtualMachine) types.BaseVirtualDevice {
	if vm.Config == nil {
		return nil
	}
	for _, d := range vm.Config.Hardware.Device {
		if _, ok := d.(*types.VirtualTPM); ok {
			return d
		}
	}
	return nil
}

// extra gives a machine's extraConfig as a map.
func extra(vm *mo.VirtualMachine) map[string]string {
	values := map[string]string{}
	if vm.Config == nil {
		return values
	}
	for _, o := range vm.Config.ExtraConfig {
		if v := o.GetOptionValue(); v != nil {
			if text, ok := v.Value.(string); ok && text != "" {
				values[v.Key] = text
			}
		}
	}
	return values
}
