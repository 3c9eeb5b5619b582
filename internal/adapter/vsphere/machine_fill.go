package vsphere

import (
	"context"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// fillDisks sorts the disks into the boot disk, those bound to a key and those nobody declared. After an import the
// first disk is the boot disk and every other one gets the key it was made under, else its slot.
func fillDisks(ctx context.Context, vm *mo.VirtualMachine, bound, have *platform.Machine) {
	importing, rec := platform.Importing(ctx), recordOf(vm)
	keys := map[string]string{}
	for key, d := range bound.Disks {
		keys[value(d.ID)] = key
	}
	boot := ""
	if bound.BootDisk != nil {
		boot = value(bound.BootDisk.ID)
	}
	disks := disksOf(vm)
	if importing && boot == "" && len(disks) > 0 {
		boot = rec.Boot
		if !hasDisk(disks, boot) {
			boot = disks[0].id
		}
	}
	have.Disks, have.UnmanagedDisks = map[string]platform.MachineDisk{}, map[string]platform.UnmanagedDisk{}
	for i := range disks {
		d := &disks[i]
		key, known := keys[d.id]
		switch {
		case d.id == boot:
			have.BootDisk = bootDisk(d)
		case known:
			have.Disks[key] = machineDisk(d, rec)
		case importing:
			have.Disks[rec.diskKey(d)] = machineDisk(d, rec)
		default:
			size := d.size()
			have.UnmanagedDisks[d.slot.String()] = platform.UnmanagedDisk{ID: &d.id, Name: &d.path, Size: &size}
		}
	}
}

func hasDisk(disks []disk, id string) bool {
	for i := range disks {
		if disks[i].id == id {
			return true
		}
	}
	return false
}

func bootDisk(d *disk) *platform.BootDisk {
	size, storage := d.size(), d.datastore()
	return &platform.BootDisk{ID: &d.id, Size: &size, Type: &d.kind, Storage: &storage}
}

func machineDisk(d *disk, rec record) platform.MachineDisk {
	size, storage := d.size(), d.datastore()
	return platform.MachineDisk{ID: &d.id, Size: &size, Type: &d.kind, Storage: &storage, DiskID: rec.attached(d)}
}

// fillNICs sorts the adapters into those bound to a key, by device key and else by address, and those nobody
// declared.
func fillNICs(ctx context.Context, vm *mo.VirtualMachine, bound, have *platform.Machine) {
	importing, rec := platform.Importing(ctx), recordOf(vm)
	have.NICs, have.UnmanagedNICs = map[string]platform.NIC{}, map[string]platform.UnmanagedNIC{}
	nics := nicsOf(vm)
	keys := bindNICs(nics, bound.NICs)
	for i, n := range nics {
		key, known := keys[n.id]
		slot := fmt.Sprintf("nic%d", i)
		switch {
		case known:
			got := machineNIC(n)
			if spelled := bound.NICs[key].MAC; spelled != nil && strings.EqualFold(*spelled, n.mac) {
				got.MAC = spelled
			}
			have.NICs[key] = got
		case importing:
			have.NICs[rec.nicKey(n.id, slot)] = machineNIC(n)
		default:
			have.UnmanagedNICs[slot] = platform.UnmanagedNIC{ID: &n.id, MAC: &n.mac, NetworkID: &n.network}
		}
	}
}

func machineNIC(n nic) platform.NIC {
	return platform.NIC{ID: &n.id, MAC: &n.mac, NetworkID: unless(n.network, ""), Connected: &n.connected}
}

// bindNICs maps device keys to the user's keys.
func bindNICs(nics []nic, bound map[string]platform.NIC) map[string]string {
	keys := map[string]string{}
	for _, key := range platform.Keys(bound) {
		if n := findNIC(nics, bound[key]); n != nil {
			keys[n.id] = key
		}
	}
	return keys
}

// findNIC finds a bound adapter by its device key, else by its address.
func findNIC(nics []nic, bound platform.NIC) *nic {
	for i := range nics {
		if bound.ID != nil && nics[i].id == *bound.ID {
			return &nics[i]
		}
	}
	for i := range nics {
		if bound.MAC != nil && strings.EqualFold(nics[i].mac, *bound.MAC) {
			return &nics[i]
		}
	}
	return nil
}

// fillOpen fills what the user left open.
func fillOpen[T any](want **T, got *T) {
	if *want == nil {
		*want = got
	}
}
