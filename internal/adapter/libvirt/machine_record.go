package libvirt

import (
	"maps"
	"time"
)

// machineRecord is what a domain's metadata keep of its configuration, so that an import finds the user's keys again and what
// libvirt spells in its own way keeps the user's spelling.
type machineRecord struct {
	Creating bool                    `json:"creating,omitempty"` // it is being made; cleared as the last step
	Boot     string                  `json:"boot,omitempty"`     // path of the boot disk
	Disks    map[string]recordedDisk `json:"disks,omitempty"`    // by the user's keys
	NICs     map[string]string       `json:"nics,omitempty"`     // MAC addresses by the user's keys
	Tags     map[string]string       `json:"tags,omitempty"`
	Seed     string                  `json:"seed,omitempty"`   // path of the NoCloud CD
	Config   string                  `json:"config,omitempty"` // path of the Ignition configuration
	// Machine is the machine type as the user spelled it, Canonical what libvirt made of it.
	Machine   string   `json:"machine,omitempty"`
	Canonical string   `json:"canonical,omitempty"`
	Overlay   string   `json:"overlay,omitempty"`
	Sources   []string `json:"sources,omitempty"` // address_source
	// BootedAt stands in the metadata of the running domain alone, so that it ends with it.
	BootedAt string `json:"booted_at,omitempty"`
}

// recordedDisk is a disk of a record.
type recordedDisk struct {
	Path     string `json:"path"`
	Attached bool   `json:"attached,omitempty"` // by disk_id: it is not the machine's own
}

// clone is a copy that can be changed.
func (r *machineRecord) clone() *machineRecord {
	c := *r
	c.Disks, c.NICs = maps.Clone(r.Disks), maps.Clone(r.NICs)
	if c.Disks == nil {
		c.Disks = map[string]recordedDisk{}
	}
	if c.NICs == nil {
		c.NICs = map[string]string{}
	}
	return &c
}

// owns says whether a volume was made for this machine and goes with it.
func (r *machineRecord) owns(path string) bool {
	if path == "" {
		return false
	}
	for _, d := range r.Disks {
		if d.Path == path {
			return !d.Attached
		}
	}
	return path == r.Boot || path == r.Seed || path == r.Config
}

// diskKey gives the key that a disk was declared under; ok is false for a disk that nobody declared.
func (r *machineRecord) diskKey(path string) (key string, ok bool) {
	for key, d := range r.Disks {
		if d.Path == path {
			return key, true
		}
	}
	return "", false
}

// nicKey gives the key that an adapter was declared under.
func (r *machineRecord) nicKey(mac string) (key string, ok bool) {
	for key, known := range r.NICs {
		if known == mac {
			return key, true
		}
	}
	return "", false
}

// now is a boot time.
func now() string { return time.Now().UTC().Format(time.RFC3339Nano) }
