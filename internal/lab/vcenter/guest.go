package vcenter

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// guestKey is an extra configuration key that says that a machine has an operating system with the tools. Clones
// inherit it; a machine made from nothing has none and its tools never run.
const guestKey = "lab.guest"

// guests plays the operating systems: some time after power on their tools run and their NICs have addresses; when
// the machine is off, nothing is left of that.
type guests struct {
	Self  types.ManagedObjectReference
	m     *simulator.Registry
	delay time.Duration
	end   context.Context //nolint:containedctx // it ends goroutines that no call started
	stop  context.CancelFunc

	mu    sync.Mutex
	hosts map[string]int // by MAC address
}

func watchGuests(m *simulator.Registry, delay time.Duration) *guests {
	g := &guests{
		Self: types.ManagedObjectReference{Type: "Lab", Value: "lab-guests"}, m: m, delay: delay,
		hosts: map[string]int{},
	}
	g.end, g.stop = context.WithCancel(context.Background())
	m.AddHandler(g)
	return g
}

// Reference is where the registry finds it.
func (g *guests) Reference() types.ManagedObjectReference { return g.Self }

// PutObject is told about every new object.
func (g *guests) PutObject(*simulator.Context, mo.Reference) {}

// RemoveObject is told about every object that goes.
func (g *guests) RemoveObject(*simulator.Context, types.ManagedObjectReference) {}

// UpdateObject is told about every change and looks at the power state. The machine is locked by ctx.
func (g *guests) UpdateObject(ctx *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	vm, ok := object.(*mo.VirtualMachine)
	changed := slices.ContainsFunc(changes, func(c types.PropertyChange) bool { return c.Name == "runtime.powerState" })
	if !ok || !changed {
		return
	}
	if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
		g.halt(ctx, vm)
		return
	}
	booted(ctx, vm, new(time.Now()))
	if hasGuest(vm) {
		go g.boot(vm.Self)
	}
}

func hasGuest(vm *mo.VirtualMachine) bool {
	return slices.ContainsFunc(vm.Config.ExtraConfig, func(o types.BaseOptionValue) bool {
		return o.GetOptionValue().Key == guestKey
	})
}

// boot lets the guest come up unless the machine is off again by then.
func (g *guests) boot(ref types.ManagedObjectReference) {
	select {
	case <-time.After(g.delay):
	case <-g.end.Done():
		return
	}
	vm, ok := g.m.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	ctx := &simulator.Context{Context: g.end, Map: g.m}
	ctx.WithLock(vm, func() {
		if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
			g.up(ctx, vm)
		}
	})
}

// up reports running tools, a name and one address per NIC.
func (g *guests) up(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	var first string
	nics := slices.Clone(vm.Guest.Net)
	for i := range nics {
		if len(nics[i].IpAddress) == 0 {
			g.lease(&nics[i])
		}
		if first == "" && len(nics[i].IpAddress) > 0 {
			first = nics[i].IpAddress[0]
		}
	}
	host := vm.Guest.HostName
	if host == "" {
		host = vm.Name
	}
	ctx.Update(vm, []types.PropertyChange{
		{Name: "guest.toolsStatus", Val: types.VirtualMachineToolsStatusToolsOk},
		{Name: "guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)},
		{Name: "guest.toolsVersionStatus2", Val: string(types.VirtualMachineToolsVersionStatusGuestToolsUnmanaged)},
		{Name: "guest.guestState", Val: "running"},
		{Name: "guest.hostName", Val: host},
		{Name: "guest.ipAddress", Val: first},
		{Name: "guest.net", Val: nics},
		{Name: "summary.guest.ipAddress", Val: first},
		{Name: "summary.guest.hostName", Val: host},
	})
}

// lease gives a NIC an address that stays the same for its MAC address.
func (g *guests) lease(nic *types.GuestNicInfo) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, ok := g.hosts[nic.MacAddress]
	if !ok {
		n = len(g.hosts) + 10
		g.hosts[nic.MacAddress] = n
	}
	address := fmt.Sprintf("10.20.%d.%d", n>>8, n&0xff)
	nic.Connected = true
	nic.IpAddress = []string{address, fmt.Sprintf("fe80::%x", n)}
	nic.IpConfig = &types.NetIpConfigInfo{IpAddress: []types.NetIpConfigInfoIpAddress{
		{IpAddress: address, PrefixLength: 16, State: "preferred"},
		{IpAddress: nic.IpAddress[1], PrefixLength: 64, State: "unknown"},
	}}
}

// halt forgets what a running guest reported.
func (g *guests) halt(ctx *simulator.Context, vm *mo.VirtualMachine) {
	nics := slices.Clone(vm.Guest.Net)
	for i := range nics {
		nics[i].IpAddress, nics[i].IpConfig, nics[i].Connected = nil, nil, false
	}
	status := types.VirtualMachineToolsStatusToolsNotInstalled
	if hasGuest(vm) {
		status = types.VirtualMachineToolsStatusToolsNotRunning
	}
	ctx.Update(vm, []types.PropertyChange{
		{Name: "guest.toolsStatus", Val: status},
		{Name: "guest.toolsRunningStatus", Val: string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning)},
		{Name: "guest.guestState", Val: "notRunning"},
		{Name: "guest.ipAddress", Val: ""},
		{Name: "guest.net", Val: nics},
		{Name: "summary.guest.ipAddress", Val: ""},
	})
	if vm.Runtime.PowerState == types.VirtualMachinePowerStateSuspended {
		booted(ctx, vm, vm.Runtime.BootTime) // the simulator has cleared the summary's
		return
	}
	booted(ctx, vm, nil)
}

// booted says since when a machine has been on: from power on or reset until power off, so also while suspended.
func booted(ctx *simulator.Context, vm *mo.VirtualMachine, at *time.Time) {
	var when types.AnyType // a nil pointer inside would not be nil
	if at != nil {
		when = *at
	}
	ctx.Update(vm, []types.PropertyChange{
		{Name: "runtime.bootTime", Val: when}, {Name: "summary.runtime.bootTime", Val: when},
	})
}
