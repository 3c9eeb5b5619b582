package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// vm is a machine as its file has it.
type vm struct {
	head
	Description       string            `json:"description,omitempty"`
	Hostname          string            `json:"hostname,omitempty"`
	VCPUs             int64             `json:"vcpus"`
	MemoryMiB         int64             `json:"memory_mib"`
	Flavour           string            `json:"flavour,omitempty"` // a size beyond the sandbox's own, as another platform names it
	Firmware          string            `json:"firmware"`
	SecureBoot        bool              `json:"secure_boot,omitempty"`
	TPM               bool              `json:"tpm,omitempty"`
	Image             string            `json:"image,omitempty"` // id of what it was made from
	State             string            `json:"state"`           // running, stopped or saved
	Autostart         bool              `json:"autostart,omitempty"`
	Disks             []vdisk           `json:"disks"`
	NICs              []vnic            `json:"nics"`
	Host              string            `json:"host,omitempty"`
	Zone              string            `json:"zone,omitempty"`
	Group             string            `json:"group,omitempty"`
	Account           *account          `json:"account,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	UserDataSHA256    string            `json:"user_data_sha256,omitempty"`
	NetworkDataSHA256 string            `json:"network_data_sha256,omitempty"`
	Guest             *guest            `json:"guest,omitempty"` // nil while it is stopped
}

// vdisk is a disk in a slot of a machine: its own, or an attached volume, of which only the id is kept here.
type vdisk struct {
	Slot    string `json:"slot"` // scsi0-0
	UUID    string `json:"uuid"`
	Key     string `json:"key,omitempty"` // the configuration's name for it
	Boot    bool   `json:"boot,omitempty"`
	Volume  bool   `json:"volume,omitempty"` // an attached disk/<uuid>.json
	MiB     int64  `json:"mib,omitempty"`
	Type    string `json:"type,omitempty"`
	Storage string `json:"storage,omitempty"`
	Path    string `json:"path,omitempty"` // [local] web-1/scsi0-1-….disk
}

// vnic is a network adapter.
type vnic struct {
	Slot    string   `json:"slot"` // nic0
	ID      string   `json:"id"`
	Key     string   `json:"key,omitempty"`
	Network string   `json:"network,omitempty"` // id
	Subnet  string   `json:"subnet,omitempty"`  // id
	MAC     string   `json:"mac"`
	Static  []string `json:"static,omitempty"` // with prefix length
	Gateway string   `json:"gateway,omitempty"`
	DNS     []string `json:"dns,omitempty"`
	Primary bool     `json:"primary,omitempty"`
	Pulled  bool     `json:"pulled,omitempty"` // not plugged in
	Guards  []string `json:"guards,omitempty"` // ids of firewalls
	Lease   string   `json:"lease,omitempty"`  // what the guest gets when no address is static
}

// account is the guest's first user.
type account struct {
	User     string   `json:"user,omitempty"`
	SSHKeys  []string `json:"ssh_keys,omitempty"`
	Password string   `json:"password,omitempty"` // salted hash
}

// guest is what runs inside.
type guest struct {
	BootedAt  time.Time `json:"booted_at"`
	Agent     bool      `json:"agent"` // the guest's agent answers
	Addresses []string  `json:"addresses"`
}

// The states of a machine in its file.
const (
	running = "running"
	stopped = "stopped"
	saved   = "saved"
)

func (n *vm) check() error {
	if n.VCPUs < 1 || n.MemoryMiB < 1 {
		return errors.New("a machine needs vcpus and memory_mib")
	}
	if !slices.Contains([]string{running, stopped, saved}, n.State) {
		return fmt.Errorf("the state of a machine is %s, %s or %s, not %q", running, stopped, saved, n.State)
	}
	for _, d := range n.Disks {
		if d.Slot == "" || d.UUID == "" {
			return errors.New("every disk needs slot and uuid")
		}
	}
	for _, c := range n.NICs {
		if c.Slot == "" || c.ID == "" {
			return errors.New("every NIC needs slot and id")
		}
	}
	return nil
}

// power is the machine's state in the contract's words.
func (n *vm) power() string {
	return map[string]string{running: platform.PowerOn, stopped: platform.PowerOff, saved: platform.PowerSuspended}[n.State]
}

// disk gives the index of a disk, -1 when there is none.
func (n *vm) disk(uuid string) int {
	return slices.IndexFunc(n.Disks, func(d vdisk) bool { return d.UUID == uuid })
}

// nic gives the index of a NIC by its id, else by its MAC address, -1 when there is none.
func (n *vm) nic(id, mac string) int {
	at := slices.IndexFunc(n.NICs, func(c vnic) bool { return id != "" && c.ID == id })
	if at < 0 {
		at = slices.IndexFunc(n.NICs, func(c vnic) bool { return mac != "" && strings.EqualFold(c.MAC, mac) })
	}
	return at
}

// fill translates; see [shelf].
func (s *machines) fillMachine(ctx context.Context, n *vm, have *platform.Machine) {
	power := n.power()
	have.Name, have.Description, have.Hostname = n.Name, some(n.Description), some(n.Hostname)
	have.CPUs, have.Memory, have.Size = some(n.VCPUs), size(n.MemoryMiB), some(n.flavour())
	have.Firmware, have.SecureBoot, have.TPM = some(n.Firmware), new(n.SecureBoot), new(n.TPM)
	have.ImageID, have.Power, have.Autostart = some(n.Image), &power, new(n.Autostart)
	have.Tags, have.Metadata = maps.Clone(n.Tags), maps.Clone(n.Metadata)
	if n.Host+n.Zone+n.Group != "" {
		have.Placement = &platform.Placement{Host: some(n.Host), Zone: some(n.Zone), Group: some(n.Group)}
	}
	have.Native = map[string]string{"file": s.file("machine", n.id)}
	have.BootedAt, have.Addresses = nil, []string{}
	if n.Guest != nil && n.State != stopped {
		have.BootedAt = new(n.Guest.BootedAt.Format(time.RFC3339Nano))
	}
	if n.Guest != nil && n.State == running {
		have.Addresses = append(have.Addresses, n.Guest.Addresses...)
	}
	s.fillDisks(ctx, n, have)
	fillNICs(ctx, n, have)
}

func (s *machines) fillDisks(ctx context.Context, n *vm, have *platform.Machine) {
	bound, unbound := map[string]string{}, map[string]bool{}
	for key, d := range have.Disks {
		bound[deref(d.ID)] = key
		unbound[key] = d.ID == nil
	}
	have.BootDisk, have.Disks, have.UnmanagedDisks = nil, nil, map[string]platform.UnmanagedDisk{}
	for _, d := range n.Disks {
		d = s.resolved(d)
		key, ok := bound[d.UUID]
		if !ok && unbound[d.Key] { // made by an update that did not live to save the binding
			key, ok, unbound[d.Key] = d.Key, true, false
		}
		if !ok && platform.Importing(ctx) {
			key, ok = recovered(d.Key, d.Slot, have.Disks), true
		}
		switch {
		case d.Boot:
			have.BootDisk = &platform.BootDisk{Size: size(d.MiB), Type: some(d.Type), Storage: some(d.Storage), ID: some(d.UUID)}
		case ok:
			if have.Disks == nil {
				have.Disks = map[string]platform.MachineDisk{}
			}
			have.Disks[key] = d.contract()
		default:
			have.UnmanagedDisks[d.Slot] = platform.UnmanagedDisk{ID: some(d.UUID), Name: some(d.Path), Size: size(d.MiB)}
		}
	}
}

// resolved gives an attached volume's entry what the volume's own file says. A volume whose file was removed by hand
// stays an empty slot.
func (s *machines) resolved(d vdisk) vdisk {
	if d.Volume {
		if v, err := s.disks.get(d.UUID); err == nil {
			d.MiB, d.Type, d.Storage, d.Path = v.MiB, v.Type, v.Storage, v.Path
		}
	}
	return d
}

func (d vdisk) contract() platform.MachineDisk {
	out := platform.MachineDisk{Size: size(d.MiB), Type: some(d.Type), Storage: some(d.Storage), ID: some(d.UUID)}
	if d.Volume {
		out.DiskID = some(d.UUID)
	}
	return out
}

func fillNICs(ctx context.Context, n *vm, have *platform.Machine) {
	bound, unbound := map[string]string{}, map[string]bool{}
	for key, c := range have.NICs {
		if at := n.nic(deref(c.ID), deref(c.MAC)); at >= 0 {
			bound[n.NICs[at].ID] = key
		}
		unbound[key] = c.ID == nil && c.MAC == nil
	}
	have.NICs, have.UnmanagedNICs = nil, map[string]platform.UnmanagedNIC{}
	for _, c := range n.NICs {
		key, ok := bound[c.ID]
		if !ok && unbound[c.Key] {
			key, ok, unbound[c.Key] = c.Key, true, false
		}
		if !ok && platform.Importing(ctx) {
			key, ok = recovered(c.Key, c.Slot, have.NICs), true
		}
		if !ok {
			have.UnmanagedNICs[c.Slot] = platform.UnmanagedNIC{ID: some(c.ID), MAC: some(c.MAC), NetworkID: some(c.Network)}
			continue
		}
		if have.NICs == nil {
			have.NICs = map[string]platform.NIC{}
		}
		nic := c.contract()
		if platform.Importing(ctx) && !c.Primary { // nobody asked for what is the default
			nic.Primary = nil
		}
		have.NICs[key] = nic
	}
}

func (c vnic) contract() platform.NIC {
	return platform.NIC{
		NetworkID: some(c.Network), SubnetID: some(c.Subnet), MAC: some(c.MAC), Addresses: slices.Clone(c.Static),
		Gateway: some(c.Gateway), DNS: slices.Clone(c.DNS), Primary: new(c.Primary), Connected: new(!c.Pulled), FirewallIDs: slices.Clone(c.Guards), ID: some(c.ID),
	}
}

// bindDevices gives have the bindings of the disks and NICs that want names.
func bindDevices(n *vm, want, have *platform.Machine) {
	have.Disks, have.NICs = map[string]platform.MachineDisk{}, map[string]platform.NIC{}
	for _, d := range n.Disks {
		if _, ok := want.Disks[d.Key]; ok {
			have.Disks[d.Key] = platform.MachineDisk{ID: some(d.UUID)}
		}
	}
	for _, c := range n.NICs {
		if _, ok := want.NICs[c.Key]; ok {
			have.NICs[c.Key] = platform.NIC{ID: some(c.ID)}
		}
	}
}
