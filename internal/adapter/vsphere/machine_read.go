package vsphere

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// machineProperties are all that is read of a machine, singly and in lists.
func machineProperties() []string {
	return []string{
		"name", "parent", "customValue", "resourcePool", "runtime.powerState", "runtime.host", "summary.runtime.bootTime",
		"config.instanceUuid", "config.uuid", "config.annotation", "config.guestId", "config.version", "config.firmware",
		"config.template", "config.bootOptions", "config.hardware.numCPU", "config.hardware.memoryMB",
		"config.hardware.numCoresPerSocket", "config.hardware.device", "config.cpuHotAddEnabled",
		"config.memoryHotAddEnabled", "config.hotPlugMemoryLimit", "config.nestedHVEnabled", "config.extraConfig",
		"config.files.vmPathName", "guest.net", "guest.ipAddress", "guest.toolsRunningStatus",
	}
}

// lookup reads the machine with an instance UUID. It costs one request where the machine was seen before, else two.
func (m *machines) lookup(ctx context.Context, id string) (*mo.VirtualMachine, error) {
	if ref, known := m.s.reader.recall(id); known {
		vm, err := m.s.reader.machine(ctx, ref)
		if err != nil {
			return nil, failed("read the machine", id, err)
		}
		if vm != nil && vm.Config != nil && vm.Config.InstanceUuid == id {
			return vm, nil
		}
	}
	byInstance := true
	req := types.FindByUuid{This: *m.s.vim.ServiceContent.SearchIndex, Uuid: id, VmSearch: true, InstanceUuid: &byInstance}
	res, err := methods.FindByUuid(ctx, m.s.vim, &req)
	if err != nil {
		return nil, failed("look up the machine", id, err)
	}
	if res.Returnval == nil {
		return nil, gone(id, m.s.server)
	}
	return m.at(ctx, *res.Returnval, id)
}

// at reads the machine behind a reference.
func (m *machines) at(ctx context.Context, ref types.ManagedObjectReference, on string) (*mo.VirtualMachine, error) {
	vm, err := m.s.reader.machine(ctx, ref)
	switch {
	case err != nil:
		return nil, failed("read the machine", on, err)
	case vm == nil:
		return nil, gone(on, m.s.server)
	case vm.Config == nil:
		err := errors.New("the server does not tell its configuration: its files may be out of reach, or the privilege System.Read is missing")
		return nil, failed("read the machine", on, platform.As(platform.ErrConflict, err))
	}
	return vm, nil
}

func gone(id, server string) error {
	return failed("find the machine", id, platform.As(platform.ErrNotFound, fmt.Errorf("%s has no such machine that the user may see", server)))
}

// Read fills have.
func (m *machines) Read(ctx context.Context, have *platform.Machine) error {
	vm, err := m.lookup(ctx, value(have.ID))
	if err != nil {
		return err
	}
	return m.fill(ctx, vm, have)
}

// List gives every machine that is no template.
func (m *machines) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Machine], error] {
	return func(yield func(platform.Entry[platform.Machine], error) bool) {
		found, err := m.all(ctx)
		if err != nil {
			yield(platform.Entry[platform.Machine]{}, failed("list the machines of", m.s.server, err))
			return
		}
		for i := range found {
			vm := &found[i]
			if vm.Config == nil || vm.Config.Template {
				continue
			}
			about, err := m.observe(ctx, vm) // now: the filling may come when the list is over
			fill := func(have *platform.Machine) error {
				if err == nil {
					about.fill(ctx, vm, have)
				}
				return err
			}
			if !yield(platform.Entry[platform.Machine]{ID: vm.Config.InstanceUuid, Name: plainName(vm.Name), Fill: fill}, nil) {
				return
			}
		}
	}
}

// all reads every machine together with the inventory they are in: one request for each page.
func (m *machines) all(ctx context.Context) ([]mo.VirtualMachine, error) {
	props := append(inventoryProperties(), types.PropertySpec{Type: kindMachine, PathSet: machineProperties()})
	for try := 0; ; try++ {
		view, err := m.s.inventory.container(ctx)
		if err != nil {
			return nil, err
		}
		before := m.s.generation.Load()
		contents, err := m.s.retrieve(ctx, []types.ObjectSpec{through(view)}, props)
		if before != m.s.generation.Load() && try == 0 {
			continue // the view went with its session
		}
		if err != nil {
			return nil, err
		}
		m.s.inventory.absorb(contents)
		found, err := decodeMachines(contents)
		for i := range found {
			m.s.reader.remember(&found[i])
		}
		return found, err
	}
}

// fill is the one translation from a machine of the API. have holds bindings and nothing else.
func (m *machines) fill(ctx context.Context, vm *mo.VirtualMachine, have *platform.Machine) error {
	about, err := m.observe(ctx, vm)
	if err == nil {
		about.fill(ctx, vm, have)
	}
	return err
}

// surroundings are what is told of a machine elsewhere than in its own properties.
type surroundings struct {
	tags   map[string]string
	native map[string]string
}

// observe looks at a machine's surroundings.
func (m *machines) observe(ctx context.Context, vm *mo.VirtualMachine) (*surroundings, error) {
	tags, err := m.s.fields.tags(ctx, vm.CustomValue)
	if err != nil {
		return nil, err
	}
	native, err := m.place(ctx, vm)
	return &surroundings{tags, native}, err
}

// fill makes no calls: ctx only says whether it is for an import.
func (s *surroundings) fill(ctx context.Context, vm *mo.VirtualMachine, have *platform.Machine) {
	bound := *have
	*have = platform.Machine{Meta: have.Meta}
	have.ID = &vm.Config.InstanceUuid
	have.Name = plainName(vm.Name)
	have.Description = unless(strings.TrimSpace(vm.Config.Annotation), "")
	fillHardware(vm, have)
	fillDisks(ctx, vm, &bound, have)
	fillNICs(ctx, vm, &bound, have)
	fillGuest(vm, have)
	fillPower(vm, have)
	have.Tags, have.Native = s.tags, s.native
	have.VSphere.Folder = unless(folderOf(s.native["path"]), "")
}

func fillHardware(vm *mo.VirtualMachine, have *platform.Machine) {
	cpus, memory := int64(vm.Config.Hardware.NumCPU), platform.Size(vm.Config.Hardware.MemoryMB)*platform.MiB
	have.CPUs, have.Memory = &cpus, &memory
	firmware := platform.FirmwareBIOS
	if vm.Config.Firmware == string(types.GuestOsDescriptorFirmwareTypeEfi) {
		firmware = platform.FirmwareUEFI
	}
	secure := vm.Config.BootOptions != nil && value(vm.Config.BootOptions.EfiSecureBootEnabled)
	tpm := hasTPM(vm)
	have.Firmware, have.SecureBoot, have.TPM = &firmware, &secure, &tpm
	cores := max(1, int64(value(vm.Config.Hardware.NumCoresPerSocket)))
	have.VSphere = &platform.VSphereMachine{
		GuestID: &vm.Config.GuestId, CoresPerSocket: &cores, CPUHotAdd: flag(vm.Config.CpuHotAddEnabled),
		MemoryHotAdd: flag(vm.Config.MemoryHotAddEnabled), NestedHV: flag(vm.Config.NestedHVEnabled),
	}
	if version, err := strconv.ParseInt(strings.TrimPrefix(vm.Config.Version, "vmx-"), 10, 64); err == nil {
		have.VSphere.HardwareVersion = &version
	}
}

// flag makes a switch that the API left out a switch that is off.
func flag(b *bool) *bool {
	on := value(b)
	return &on
}

// unless gives a pointer to v, or nil when v is what stands for nothing.
func unless[T comparable](v, nothing T) *T {
	if v == nothing {
		return nil
	}
	return &v
}

func fillPower(vm *mo.VirtualMachine, have *platform.Machine) {
	power := powerOf(vm)
	have.Power = &power
	if boot := vm.Summary.Runtime.BootTime; boot != nil && power != platform.PowerOff { // a suspended machine goes on later
		text := boot.UTC().Format(time.RFC3339)
		have.BootedAt = &text
	}
	if vm.Guest != nil && power == platform.PowerOn {
		have.Addresses = guestAddresses(vm.Guest.Net, vm.Guest.IpAddress)
	}
}

func powerOf(vm *mo.VirtualMachine) string {
	switch vm.Runtime.PowerState {
	case types.VirtualMachinePowerStatePoweredOn:
		return platform.PowerOn
	case types.VirtualMachinePowerStateSuspended:
		return platform.PowerSuspended
	case types.VirtualMachinePowerStatePoweredOff:
	}
	return platform.PowerOff
}

// guestAddresses lists what the guest reports, in its order, without link-local and loopback addresses.
func guestAddresses(nets []types.GuestNicInfo, single string) []string {
	var found []string
	add := func(text string) {
		a, err := netip.ParseAddr(text)
		if err == nil && !a.IsLinkLocalUnicast() && !a.IsLoopback() {
			found = append(found, text)
		}
	}
	for _, n := range nets {
		for _, text := range n.IpAddress {
			add(text)
		}
	}
	if len(found) == 0 {
		add(single)
	}
	return found
}

// place tells where the machine is, and its native names.
func (m *machines) place(ctx context.Context, vm *mo.VirtualMachine) (map[string]string, error) {
	path, err := m.s.pathIn(ctx, vm.Parent, plainName(vm.Name))
	if err != nil {
		return nil, err
	}
	native := map[string]string{"moref": vm.Self.Value, "uuid": vm.Config.Uuid, "path": path}
	if vm.Runtime.Host != nil {
		host, err := m.s.inventory.get(ctx, *vm.Runtime.Host)
		if err != nil {
			return nil, err
		}
		if host != nil {
			native["host"] = host.name
		}
	}
	files := disk{path: vm.Config.Files.VmPathName}
	native["datastore"] = files.datastore()
	return native, nil
}

// folderOf cuts a machine's path to its folder below the datacenter's vm folder: "web" of "/DC0/vm/web/web-1".
func folderOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, part := range parts {
		if i > 0 && part == "vm" && i < len(parts)-1 {
			return strings.Join(parts[i+1:len(parts)-1], "/")
		}
	}
	return ""
}
