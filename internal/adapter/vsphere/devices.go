package vsphere

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// The shape of SCSI: four controllers of sixteen units, of which the controller itself is one.
const (
	scsiControllers = 4
	scsiUnits       = 16
	scsiSelf        = 7
)

// devices plans the changes of a machine's virtual hardware. New devices get negative keys, which the server
// replaces.
type devices struct {
	changes     []types.BaseVirtualDeviceConfigSpec
	controllers []*bus
	nextKey     int32
}

// bus is a SCSI controller and which of its units are taken.
type bus struct {
	key, num int32
	taken    map[int32]bool
}

func newDevices(vm *mo.VirtualMachine) devices {
	d := devices{nextKey: -101}
	for _, device := range vm.Config.Hardware.Device {
		if c, ok := device.(types.BaseVirtualSCSIController); ok {
			v := c.GetVirtualSCSIController()
			d.controllers = append(d.controllers, &bus{key: v.Key, num: v.BusNumber, taken: map[int32]bool{scsiSelf: true}})
		}
	}
	slices.SortFunc(d.controllers, func(a, b *bus) int { return cmp.Compare(a.num, b.num) })
	for _, device := range vm.Config.Hardware.Device {
		v := device.GetVirtualDevice()
		for _, b := range d.controllers {
			if v.ControllerKey == b.key && v.UnitNumber != nil {
				b.taken[*v.UnitNumber] = true
			}
		}
	}
	return d
}

// key gives a key for a new device.
func (d *devices) key() int32 {
	d.nextKey--
	return d.nextKey
}

func (d *devices) add(device types.BaseVirtualDevice, file types.VirtualDeviceConfigSpecFileOperation) {
	d.changes = append(d.changes, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, FileOperation: file, Device: device})
}

func (d *devices) edit(device types.BaseVirtualDevice) {
	d.changes = append(d.changes, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: device})
}

// remove takes a device out; destroy deletes its file with it.
func (d *devices) remove(device types.BaseVirtualDevice, destroy bool) {
	c := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: device}
	if destroy {
		c.FileOperation = types.VirtualDeviceConfigSpecFileOperationDestroy
	}
	d.changes = append(d.changes, c)
}

// removes says whether the device with a key leaves.
func (d *devices) removes(key int32) bool {
	return slices.ContainsFunc(d.changes, func(change types.BaseVirtualDeviceConfigSpec) bool {
		c := change.GetVirtualDeviceConfigSpec()
		return c.Operation == types.VirtualDeviceConfigSpecOperationRemove && c.Device.GetVirtualDevice().Key == key
	})
}

// tpm adds a TPM, or removes the one that is there.
func (d *devices) tpm(is types.BaseVirtualDevice) {
	if is != nil {
		d.remove(is, false)
		return
	}
	d.add(&types.VirtualTPM{VirtualDevice: types.VirtualDevice{Key: d.key()}}, "")
}

// free finds the first free unit, on a new controller where all are taken; false when there is no more room.
func (d *devices) free(scsiType string) (*bus, int32, bool) {
	for _, b := range d.controllers {
		for unit := range int32(scsiUnits) {
			if !b.taken[unit] {
				b.taken[unit] = true
				return b, unit, true
			}
		}
	}
	num := d.freeNumber()
	if num == scsiControllers {
		return nil, 0, false
	}
	b := &bus{key: d.key(), num: num, taken: map[int32]bool{scsiSelf: true, 0: true}}
	d.controllers = append(d.controllers, b)
	d.add(scsiController(scsiType, b), "")
	return b, 0, true
}

func (d *devices) freeNumber() int32 {
	for num := range int32(scsiControllers) {
		if !slices.ContainsFunc(d.controllers, func(b *bus) bool { return b.num == num }) {
			return num
		}
	}
	return scsiControllers
}

// scsiController makes a controller of a type: pvscsi, lsilogic, lsilogic-sas, buslogic.
func scsiController(kind string, b *bus) types.BaseVirtualDevice {
	base := types.VirtualSCSIController{
		SharedBus:         types.VirtualSCSISharingNoSharing,
		VirtualController: types.VirtualController{BusNumber: b.num, VirtualDevice: types.VirtualDevice{Key: b.key}},
	}
	switch kind {
	case "lsilogic":
		return &types.VirtualLsiLogicController{VirtualSCSIController: base}
	case "lsilogic-sas":
		return &types.VirtualLsiLogicSASController{VirtualSCSIController: base}
	case "buslogic":
		return &types.VirtualBusLogicController{VirtualSCSIController: base}
	}
	return &types.ParaVirtualSCSIController{VirtualSCSIController: base}
}

// newDisk describes a disk in a slot. file is "" for a new disk beside the machine, "[ds0]" for a new one on another
// datastore, or the path of what is there.
func newDisk(d *devices, b *bus, unit int32, file, kind string, size platform.Size) *types.VirtualDisk {
	backing := &types.VirtualDiskFlatVer2BackingInfo{
		VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: file},
		DiskMode:                     string(types.VirtualDiskModePersistent),
	}
	if size > 0 {
		thin, eager := kind == diskThin || kind == "", kind == diskEager
		backing.ThinProvisioned, backing.EagerlyScrub = &thin, &eager
	}
	return &types.VirtualDisk{
		CapacityInBytes: int64(size),
		CapacityInKB:    int64(size / platform.KiB),
		VirtualDevice:   types.VirtualDevice{Key: d.key(), ControllerKey: b.key, UnitNumber: &unit, Backing: backing},
	}
}

// resized is a disk with another capacity. The one that was read is left alone: others may share it.
func resized(disk *types.VirtualDisk, size platform.Size) *types.VirtualDisk {
	grown := *disk
	grown.CapacityInBytes, grown.CapacityInKB = int64(size), int64(size/platform.KiB)
	return &grown
}

// newCard makes a network adapter of a type: vmxnet3, e1000, e1000e.
func newCard(kind string) types.BaseVirtualEthernetCard {
	switch kind {
	case "e1000":
		return &types.VirtualE1000{}
	case "e1000e":
		return &types.VirtualE1000e{}
	}
	return &types.VirtualVmxnet3{VirtualVmxnet: types.VirtualVmxnet{}}
}

// copyCard copies an adapter of whatever type, so that the one that was read is left alone.
func copyCard(device types.BaseVirtualDevice) types.BaseVirtualDevice {
	fresh := reflect.New(reflect.TypeOf(device).Elem())
	fresh.Elem().Set(reflect.ValueOf(device).Elem())
	made, _ := reflect.TypeAssert[types.BaseVirtualDevice](fresh)
	return made
}
