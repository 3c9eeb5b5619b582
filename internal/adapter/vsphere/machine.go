package vsphere

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/cloudinit"
)

// machines are the virtual machines of a connection. Their stable id is the instance UUID, which we choose ourselves
// so that it is known whatever becomes of the request that makes a machine.
type machines struct{ s *session }

var (
	_ platform.Resource[platform.Machine] = (*machines)(nil)
	_ platform.Lister[platform.Machine]   = (*machines)(nil)
	_ platform.Finder[platform.Machine]   = (*machines)(nil)
	_ platform.Planner[platform.Machine]  = (*machines)(nil)
)

// newUUID makes a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// run starts a task and waits for it.
func (s *session) run(ctx context.Context, start func() (types.ManagedObjectReference, error)) (types.AnyType, error) {
	task, err := start()
	if err != nil {
		return nil, err
	}
	return s.await(ctx, task)
}

// reconfigure applies a configuration and waits.
func (s *session) reconfigure(ctx context.Context, ref types.ManagedObjectReference, spec types.VirtualMachineConfigSpec) error {
	_, err := s.run(ctx, func() (types.ManagedObjectReference, error) {
		res, err := methods.ReconfigVM_Task(ctx, s.vim, &types.ReconfigVM_Task{This: ref, Spec: spec})
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		return res.Returnval, nil
	})
	return err
}

// Update changes what differs. What needs the machine off is done while it is off; the planner said so before.
func (m *machines) Update(ctx context.Context, prior, want *platform.Machine) error {
	vm, err := m.lookup(ctx, value(prior.ID))
	if err != nil {
		return err
	}
	c, err := m.newChange(ctx, vm, prior, want)
	if err != nil {
		return failed("change the machine", prior.Name, err)
	}
	if err := m.apply(ctx, c); err != nil {
		return err
	}
	return m.finish(ctx, c)
}

// apply carries a change out: off where it must be, the change, on again or whatever power is wanted.
func (m *machines) apply(ctx context.Context, c *change) error {
	is := powerOf(c.vm)
	goal := is
	if c.want.Power != nil {
		goal = *c.want.Power
	}
	if len(c.off) > 0 && is != platform.PowerOff {
		if value(c.prior.Power) == platform.PowerOff {
			err := errors.New("somebody switched it on since the plan was made, and the change needs it off")
			return failed("change the machine", c.prior.Name, platform.As(platform.ErrConflict, err))
		}
		if c.want.BootedAt != nil {
			err := errors.New("it needs a restart, which the plan did not announce: something changed on the machine since, such as hot-add. Plan again")
			return failed("change the machine", c.prior.Name, platform.As(platform.ErrConflict, err))
		}
		if err := m.stop(ctx, c.vm); err != nil {
			return err
		}
		is = platform.PowerOff
	}
	if goal == platform.PowerOff && is != goal {
		if err := m.stop(ctx, c.vm); err != nil {
			return err
		}
		is = goal
	}
	if err := m.alter(ctx, c); err != nil {
		if goal == platform.PowerOn && is == platform.PowerOff && powerOf(c.vm) == platform.PowerOn {
			return errors.Join(err, m.switchOn(ctx, c.vm)) // it was off for our sake alone
		}
		return err
	}
	if err := m.power(ctx, c.vm, is, goal); err != nil {
		return err
	}
	if goal == platform.PowerOn && is != goal {
		return m.ready(ctx, c.vm.Self, c.want)
	}
	return nil
}

// alter makes all changes but that of the power.
func (m *machines) alter(ctx context.Context, c *change) error {
	on := c.prior.Name
	if c.upgrade != "" {
		_, err := m.s.run(ctx, func() (types.ManagedObjectReference, error) {
			res, err := methods.UpgradeVM_Task(ctx, m.s.vim, &types.UpgradeVM_Task{This: c.vm.Self, Version: c.upgrade})
			if err != nil {
				return types.ManagedObjectReference{}, err
			}
			return res.Returnval, nil
		})
		if err != nil {
			return platform.At(failed("upgrade the virtual hardware of", on, err), "vsphere", "hardware_version")
		}
	}
	if err := m.reshape(ctx, c); err != nil {
		return failed("change the machine", on, err)
	}
	for _, d := range c.detach {
		platform.Warn(ctx, fmt.Errorf("the disk was detached and kept: it lies at %s", d.file), d.path...)
	}
	if c.fresh {
		return nil // it was made where it belongs, and its tags come next
	}
	if err := m.move(ctx, c); err != nil {
		return err
	}
	return m.tag(ctx, c)
}

// reshape reconfigures the machine and binds what that made at once: a later step may fail. The reconfiguration may be
// done even where it failed for us, so that what is there by then is bound too and not made again.
func (m *machines) reshape(ctx context.Context, c *change) error {
	if c.empty() {
		return nil
	}
	err := m.s.reconfigure(ctx, c.vm.Self, c.spec)
	c.applied = err == nil
	if c.fresh || len(c.slots)+len(c.nics) == 0 {
		return err
	}
	_ = aftermath(ctx, err, func(ctx context.Context) (bool, error) { // best effort: the last step binds again
		vm, err := m.at(ctx, c.vm.Self, c.prior.Name)
		return err == nil && c.bind(vm), err
	})
	return err
}

// tag sets the tags, and removes those that were managed and no longer are.
func (m *machines) tag(ctx context.Context, c *change) error {
	if c.want.Tags == nil && c.prior.Tags == nil {
		return nil
	}
	have, err := m.s.fields.tags(ctx, c.vm.CustomValue)
	if err != nil {
		return err
	}
	return m.s.fields.apply(ctx, c.vm.Self, c.want.Name, have, c.want.Tags)
}

// finish reads the machine back, notes what was bound in its record and completes want.
func (m *machines) finish(ctx context.Context, c *change) error {
	vm, err := m.at(ctx, c.vm.Self, c.want.Name)
	if err != nil {
		return err
	}
	c.bind(vm)
	if err := m.moved(ctx, c, vm); err != nil {
		return err
	}
	got := c.want.Bindings(vm.Config.InstanceUuid)
	late, err := c.late(vm, &got)
	if err != nil {
		return err
	}
	if len(late) > 0 {
		spec := types.VirtualMachineConfigSpec{ExtraConfig: options(late)}
		if err := m.s.reconfigure(ctx, vm.Self, spec); err != nil {
			return failed("note the keys of the disks and adapters on", c.want.Name, err)
		}
	}
	if err := m.fill(ctx, vm, &got); err != nil {
		return err
	}
	c.want.Complete(&got)
	return nil
}

// late is what can only be written once the devices are made: the record, the end of the creation mark, and network
// configuration that names addresses which the server chose.
func (c *change) late(vm *mo.VirtualMachine, bound *platform.Machine) (map[string]string, error) {
	have, late := extra(vm), map[string]string{}
	text := recordFor(bound)
	if text != have[extraRecord] && (text != "{}" || have[extraRecord] != "") {
		late[extraRecord] = text
	}
	if have[extraCreating] != "" {
		late[extraCreating] = ""
	}
	if !cloudinit.Static(c.want) || len(c.nics) == 0 {
		return late, nil
	}
	after := *c
	after.vm = vm
	config, err := guestConfig(c.want, after.macs(), unpackKey(have, guestUserData))
	if err == nil && config[guestMetadata] != have[guestMetadata] {
		late[guestMetadata], late[guestMetadata+encodingOf] = config[guestMetadata], packed
	}
	return late, err
}
