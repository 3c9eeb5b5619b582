package vsphere

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/cloudinit"
)

// hotPlug says what can be added to a machine while it runs. The planner and the change itself both ask it.
type hotPlug struct {
	cpu, memory bool
	limit       platform.Size // the most memory that can be reached that way; 0 is no limit
}

func hotPlugOf(vm *mo.VirtualMachine) hotPlug {
	return hotPlug{
		cpu: value(vm.Config.CpuHotAddEnabled), memory: value(vm.Config.MemoryHotAddEnabled),
		limit: platform.Size(vm.Config.HotPlugMemoryLimit) * platform.MiB,
	}
}

// liveCPUs says whether the number of processors can change while the machine runs.
func (h hotPlug) liveCPUs(from, to int64) bool { return from == to || h.cpu && to > from }

// liveMemory says whether the memory can change while the machine runs.
func (h hotPlug) liveMemory(from, to platform.Size) bool {
	return from == to || h.memory && to > from && (h.limit == 0 || to <= h.limit)
}

// change turns a machine as it is into the machine that is wanted: one reconfiguration, which for a new machine is its
// whole configuration.
type change struct {
	s           *session
	vm          *mo.VirtualMachine // as it is; a blank one when it is being made
	prior, want *platform.Machine
	fresh       bool // it is being made: nothing to be reset

	spec    types.VirtualMachineConfigSpec
	config  map[string]string // extraConfig
	off     []string          // attributes that can only change while it is off
	devices devices
	upgrade string // hardware version to upgrade to
	applied bool   // the reconfiguration is done

	slots  map[string]slot // where new disks were put, by key; the boot disk's key is ""
	nics   []string        // keys of the new adapters, in the order of their making
	moves  []types.VirtualMachineRelocateSpecDiskLocator
	detach []detached
}

// detached is a disk that leaves the machine and stays in the datastore.
type detached struct {
	path []string // of the attribute
	file string
}

// newChange works out what differs. prior is nil for a new machine.
func (m *machines) newChange(ctx context.Context, vm *mo.VirtualMachine, prior, want *platform.Machine) (*change, error) {
	c := &change{s: m.s, vm: vm, prior: prior, want: want, fresh: prior == nil, config: map[string]string{}, slots: map[string]slot{}}
	if prior == nil {
		c.prior = &platform.Machine{}
	}
	c.devices = newDevices(vm)
	c.general()
	c.hardware()
	c.options()
	if err := errors.Join(c.disks(ctx), c.adapters(ctx), c.guest()); err != nil {
		return nil, err
	}
	c.spec.DeviceChange = c.devices.changes
	have := extra(vm)
	maps.DeleteFunc(c.config, func(key, text string) bool { return have[key] == text })
	c.spec.ExtraConfig = options(c.config)
	return c, nil
}

// empty says whether there is nothing to reconfigure.
func (c *change) empty() bool { return reflect.ValueOf(c.spec).IsZero() }

// needsOff notes an attribute that cannot change while the machine runs.
func (c *change) needsOff(path string) { c.off = append(c.off, path) }

func (c *change) general() {
	if c.want.Name != plainName(c.vm.Name) {
		c.spec.Name = c.want.Name
	}
	want := value(c.want.Description)
	managed := c.want.Description != nil || c.prior.Description != nil
	if managed && want != strings.TrimSpace(c.vm.Config.Annotation) {
		c.spec.Annotation = want
		if want == "" {
			c.spec.Annotation = " " // the API takes nothing for "leave it as it is"
		}
	}
}

func (c *change) hardware() {
	is, plug := c.vm.Config.Hardware, hotPlugOf(c.vm)
	if n := value(c.want.CPUs); c.want.CPUs != nil && n != int64(is.NumCPU) {
		c.spec.NumCPUs = int32(n) //nolint:gosec // the traits bound it
		if !plug.liveCPUs(int64(is.NumCPU), n) {
			c.needsOff("cpus")
		}
	}
	from := platform.Size(is.MemoryMB) * platform.MiB
	if to := value(c.want.Memory); c.want.Memory != nil && to != from {
		c.spec.MemoryMB = int64(to / platform.MiB)
		if !plug.liveMemory(from, to) {
			c.needsOff("memory")
		}
	}
	if firmware := apiFirmware(c.want.Firmware); firmware != "" && firmware != c.vm.Config.Firmware {
		c.spec.Firmware = firmware
		c.needsOff("firmware")
	}
	secure := c.vm.Config.BootOptions != nil && value(c.vm.Config.BootOptions.EfiSecureBootEnabled)
	if c.want.SecureBoot != nil && *c.want.SecureBoot != secure {
		c.spec.BootOptions = &types.VirtualMachineBootOptions{EfiSecureBootEnabled: c.want.SecureBoot}
		c.needsOff("secure_boot")
	}
	if c.want.TPM != nil && *c.want.TPM != hasTPM(c.vm) {
		c.devices.tpm(tpmOf(c.vm))
		c.needsOff("tpm")
	}
}

// apiFirmware spells the firmware as the API does.
func apiFirmware(firmware *string) string {
	switch value(firmware) {
	case platform.FirmwareUEFI:
		return string(types.GuestOsDescriptorFirmwareTypeEfi)
	case platform.FirmwareBIOS:
		return string(types.GuestOsDescriptorFirmwareTypeBios)
	}
	return ""
}

// options are what only vSphere machines have; one that is no longer given goes back to its default.
func (c *change) options() {
	want, prior := blank(c.want.VSphere), blank(c.prior.VSphere)
	is := c.vm.Config
	c.guestID(want, prior)
	cores := int32(value(wanted(want.CoresPerSocket, prior.CoresPerSocket, 1))) //nolint:gosec // the traits bound it
	if cores != 0 && cores != value(is.Hardware.NumCoresPerSocket) {
		c.spec.NumCoresPerSocket = &cores
		c.needsOff("vsphere.cores_per_socket")
	}
	c.toggle(&c.spec.CpuHotAddEnabled, is.CpuHotAddEnabled, wanted(want.CPUHotAdd, prior.CPUHotAdd, false), "vsphere.cpu_hot_add")
	c.toggle(&c.spec.MemoryHotAddEnabled, is.MemoryHotAddEnabled, wanted(want.MemoryHotAdd, prior.MemoryHotAdd, false), "vsphere.memory_hot_add")
	c.toggle(&c.spec.NestedHVEnabled, is.NestedHVEnabled, wanted(want.NestedHV, prior.NestedHV, false), "vsphere.nested_hv")
	if n := want.HardwareVersion; n != nil && fmt.Sprintf("vmx-%02d", *n) != is.Version {
		c.upgrade = fmt.Sprintf("vmx-%02d", *n)
		c.needsOff("vsphere.hardware_version")
	}
	if policy := wanted(want.StoragePolicyID, prior.StoragePolicyID, ""); policy != nil && (c.fresh || value(prior.StoragePolicyID) != *policy) {
		c.spec.VmProfile = profile(*policy)
	}
	for key := range prior.ExtraConfig {
		c.config[key] = ""
	}
	maps.Copy(c.config, want.ExtraConfig)
}

func (c *change) guestID(want, prior *platform.VSphereMachine) {
	id := wanted(want.GuestID, prior.GuestID, string(types.VirtualMachineGuestOsIdentifierOtherGuest64))
	if id != nil && *id != c.vm.Config.GuestId {
		c.spec.GuestId = *id
		c.needsOff("vsphere.guest_id")
	}
}

// toggle sets a switch of the configuration.
func (c *change) toggle(set **bool, is, want *bool, path string) {
	if want != nil && *want != value(is) {
		*set = want
		c.needsOff(path)
	}
}

// wanted is the value to reach: what is wanted, the default for what is no longer wanted, nil for what never was.
func wanted[T any](want, prior *T, reset T) *T {
	if want == nil && prior != nil {
		return &reset
	}
	return want
}

func blank(v *platform.VSphereMachine) *platform.VSphereMachine {
	if v == nil {
		return &platform.VSphereMachine{}
	}
	return v
}

// profile names a storage policy; "" is the datastore's default.
func profile(id string) []types.BaseVirtualMachineProfileSpec {
	if id == "" {
		return []types.BaseVirtualMachineProfileSpec{&types.VirtualMachineDefaultProfileSpec{}}
	}
	return []types.BaseVirtualMachineProfileSpec{&types.VirtualMachineDefinedProfileSpec{ProfileId: id}}
}

// guest renders what the guest is told, where it is managed and differs from what was wanted before.
func (c *change) guest() error {
	if !cloudinit.Told(c.want) && !cloudinit.Told(c.prior) {
		return nil
	}
	told := unpackKey(extra(c.vm), guestUserData)
	config, err := guestConfig(c.want, c.macs(), told)
	if err != nil {
		return err
	}
	if !c.fresh && sameLogin(c.prior, c.want) {
		for _, key := range []string{guestUserData, guestIgnition} {
			delete(config, key)
			delete(config, key+encodingOf)
		}
	}
	maps.Copy(c.config, config)
	return nil
}

// sameLogin says whether user data and login are as they were; a password is then not at hand to be rendered again.
func sameLogin(prior, want *platform.Machine) bool {
	return value(prior.UserData) == value(want.UserData) && reflect.DeepEqual(withoutSecret(prior.Login), withoutSecret(want.Login)) && (want.Login == nil || want.Login.PasswordWO == nil)
}

func withoutSecret(l *platform.Login) platform.Login {
	plain := value(l)
	plain.PasswordWO = nil
	return plain
}

// macs are the addresses of the adapters that are known by now.
func (c *change) macs() map[string]string {
	macs := map[string]string{}
	nics := nicsOf(c.vm)
	for key, n := range c.want.NICs {
		macs[key] = strings.ToLower(value(n.MAC))
		if n.MAC != nil {
			continue
		}
		bound := n
		if bound.ID == nil {
			bound = c.prior.NICs[key]
		}
		if found := findNIC(nics, bound); found != nil {
			macs[key] = found.mac
		}
	}
	return macs
}
