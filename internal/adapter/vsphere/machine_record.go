package vsphere

import (
	"encoding/json"
	"slices"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Keys of extraConfig that we write beside those of the guest.
const (
	extraOrigin   = "virt.origin"   // who made it
	extraCreating = "virt.creating" // it is being made; removed as the last step
	extraRecord   = "virt.record"   // a record as JSON
)

// origin is the value of extraOrigin.
const origin = "terraform-provider-virt"

// record is what a machine itself keeps of its configuration, so that an import finds the user's keys again.
type record struct {
	Boot  string                  `json:"boot,omitempty"` // id of the boot disk
	Disks map[string]recordedDisk `json:"disks,omitempty"`
	NICs  map[string]string       `json:"nics,omitempty"` // device keys
}

// recordedDisk is a disk of a record. Attached is the disk_id as the user wrote it.
type recordedDisk struct {
	ID       string `json:"id"`
	Attached string `json:"attached,omitempty"`
}

// recordOf reads a machine's record; one that is unreadable counts as none.
func recordOf(vm *mo.VirtualMachine) record {
	var r record
	if json.Unmarshal([]byte(extra(vm)[extraRecord]), &r) != nil {
		return record{}
	}
	return r
}

// recordFor makes the record of a machine whose bindings are complete.
func recordFor(m *platform.Machine) string {
	r := record{Disks: map[string]recordedDisk{}, NICs: map[string]string{}}
	if m.BootDisk != nil {
		r.Boot = value(m.BootDisk.ID)
	}
	for key, d := range m.Disks {
		r.Disks[key] = recordedDisk{ID: value(d.ID), Attached: value(d.DiskID)}
	}
	for key, n := range m.NICs {
		r.NICs[key] = value(n.ID)
	}
	text, _ := json.Marshal(r) // maps of strings always encode
	return string(text)
}

// attached gives the disk_id a disk was attached by.
func (r record) attached(d *disk) *string {
	for _, known := range r.Disks {
		if known.ID == d.id && known.Attached != "" {
			return &known.Attached
		}
	}
	if d.fcd != "" {
		return &d.fcd
	}
	return nil
}

// diskKey gives the key that a disk was declared under, else the slot.
func (r record) diskKey(d *disk) string {
	for key, known := range r.Disks {
		if known.ID == d.id {
			return key
		}
	}
	return d.slot.String()
}

// nicKey gives the key that an adapter was declared under, else the slot.
func (r record) nicKey(id, slot string) string {
	for key, known := range r.NICs {
		if known == id {
			return key
		}
	}
	return slot
}

// options makes extraConfig of a map, in the order of its keys; an empty value removes the key.
func options(values map[string]string) []types.BaseOptionValue {
	var list []types.BaseOptionValue
	keys := platform.Keys(values)
	slices.Sort(keys)
	for _, key := range keys {
		list = append(list, &types.OptionValue{Key: key, Value: values[key]})
	}
	return list
}

// value is what a pointer points at, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
