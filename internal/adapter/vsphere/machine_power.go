package vsphere

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// graceful is how long a guest may take to shut down before the power is cut.
const graceful = 3 * time.Minute

// tools is the state in which VMware tools answer.
const tools = string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)

// power brings a machine from one power state to another; what is running is stopped by stop instead.
func (m *machines) power(ctx context.Context, vm *mo.VirtualMachine, is, goal string) error {
	switch {
	case is == goal:
		return nil
	case goal == platform.PowerOff:
		return m.stop(ctx, vm)
	case goal == platform.PowerSuspended && is == platform.PowerOff:
		if err := m.switchOn(ctx, vm); err != nil {
			return err
		}
		return m.suspend(ctx, vm)
	case goal == platform.PowerSuspended:
		return m.suspend(ctx, vm)
	}
	return m.switchOn(ctx, vm)
}

func (m *machines) switchOn(ctx context.Context, vm *mo.VirtualMachine) error {
	_, err := m.s.run(ctx, func() (types.ManagedObjectReference, error) {
		res, err := methods.PowerOnVM_Task(ctx, m.s.vim, &types.PowerOnVM_Task{This: vm.Self})
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		return res.Returnval, nil
	})
	return failed("switch on the machine", m.name(vm), unlessAlready(err, types.VirtualMachinePowerStatePoweredOn))
}

func (m *machines) suspend(ctx context.Context, vm *mo.VirtualMachine) error {
	_, err := m.s.run(ctx, func() (types.ManagedObjectReference, error) {
		res, err := methods.SuspendVM_Task(ctx, m.s.vim, &types.SuspendVM_Task{This: vm.Self})
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		return res.Returnval, nil
	})
	return failed("suspend the machine", m.name(vm), unlessAlready(err, types.VirtualMachinePowerStateSuspended))
}

// cut switches the power off.
func (m *machines) cut(ctx context.Context, vm *mo.VirtualMachine) error {
	_, err := m.s.run(ctx, func() (types.ManagedObjectReference, error) {
		res, err := methods.PowerOffVM_Task(ctx, m.s.vim, &types.PowerOffVM_Task{This: vm.Self})
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		return res.Returnval, nil
	})
	return failed("switch off the machine", m.name(vm), unlessAlready(err, types.VirtualMachinePowerStatePoweredOff))
}

// stop switches a machine off: through VMware tools where they run, then hard after a deadline. A suspended machine
// is resumed first: cutting its power would lose what it has in memory.
func (m *machines) stop(ctx context.Context, vm *mo.VirtualMachine) error {
	if powerOf(vm) == platform.PowerSuspended {
		if err := m.switchOn(ctx, vm); err != nil {
			return err
		}
	}
	if vm.Guest == nil || vm.Guest.ToolsRunningStatus != tools {
		return m.cut(ctx, vm)
	}
	limit, cancel := context.WithTimeout(ctx, gracePeriod(ctx))
	defer cancel()
	if _, err := methods.ShutdownGuest(limit, m.s.vim, &types.ShutdownGuest{This: vm.Self}); err != nil {
		return m.cut(ctx, vm)
	}
	_, err := m.s.watcher.await(limit, vm.Self, func(p properties) bool {
		return p["runtime.powerState"] == types.VirtualMachinePowerStatePoweredOff
	})
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return failed("shut down the machine", m.name(vm), err)
	}
	return m.cut(ctx, vm)
}

// gracePeriod leaves half of the time that is left for the rest of the operation.
func gracePeriod(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(graceful, time.Until(deadline)/2)
	}
	return graceful
}

// unlessAlready forgives a machine for being in the wanted state already.
func unlessAlready(err error, state types.VirtualMachinePowerState) error {
	if fault, ok := faultOf(err).(*types.InvalidPowerState); ok && fault.ExistingState == state {
		return nil
	}
	return err
}

func (m *machines) name(vm *mo.VirtualMachine) string {
	if vm.Name == "" {
		return vm.Self.Value
	}
	return plainName(vm.Name)
}

// ready waits until the guest is what wait_for asks: it has an address inside a network, its tools run.
func (m *machines) ready(ctx context.Context, ref types.ManagedObjectReference, want *platform.Machine) error {
	if want.WaitFor == nil || want.WaitFor.Address == nil && !value(want.WaitFor.GuestAgent) {
		return nil
	}
	var network netip.Prefix
	if text := want.WaitFor.Address; text != nil {
		var err error
		if network, err = netip.ParsePrefix(*text); err != nil {
			err = fmt.Errorf("%q is no network: write one such as 10.0.0.0/8", *text)
			return platform.At(platform.As(platform.ErrInvalid, err), "wait_for", "address")
		}
	}
	// The wait ends a little before the operation has to, so that it can still say what it saw.
	limit, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		limit, cancel = context.WithTimeout(ctx, time.Until(deadline)*19/20)
	}
	defer cancel()
	last, err := m.s.watcher.await(limit, ref, func(p properties) bool {
		agent := !value(want.WaitFor.GuestAgent) || p["guest.toolsRunningStatus"] == tools
		return agent && (want.WaitFor.Address == nil || reports(p, network))
	})
	if errors.Is(err, context.DeadlineExceeded) {
		err = &platform.TimeoutError{Awaited: awaited(want.WaitFor), Seen: seen(last)}
	}
	return platform.At(failed("wait for the guest of", want.Name, err), "wait_for")
}

// reports says whether the guest reports an address inside the network.
func reports(p properties, network netip.Prefix) bool {
	for _, text := range reported(p) {
		if a, err := netip.ParseAddr(text); err == nil && network.Contains(a) {
			return true
		}
	}
	return false
}

func reported(p properties) []string {
	nets, _ := p["guest.net"].(types.ArrayOfGuestNicInfo)
	single, _ := p["guest.ipAddress"].(string)
	return guestAddresses(nets.GuestNicInfo, single)
}

func awaited(w *platform.WaitFor) string {
	var parts []string
	if w.Address != nil {
		parts = append(parts, "an address of the guest inside "+*w.Address)
	}
	if value(w.GuestAgent) {
		parts = append(parts, "VMware tools to run in the guest")
	}
	return strings.Join(parts, " and ")
}

func seen(p properties) string {
	state, _ := p["guest.toolsRunningStatus"].(string)
	if addresses := reported(p); len(addresses) > 0 {
		return fmt.Sprintf("the addresses %s (VMware tools: %s)", strings.Join(addresses, ", "), state)
	}
	return "no address (VMware tools: " + state + ")"
}
