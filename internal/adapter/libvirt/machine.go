package libvirt

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// machines are the domains of a connection. Their stable id is the UUID, which we choose ourselves so that it is known
// whatever becomes of the request that makes one.
type machines struct{ s *session }

var (
	_ platform.Resource[platform.Machine] = (*machines)(nil)
	_ platform.Lister[platform.Machine]   = (*machines)(nil)
	_ platform.Finder[platform.Machine]   = (*machines)(nil)
	_ platform.Planner[platform.Machine]  = (*machines)(nil)
)

// Update changes what differs. What needs the machine off is done while it is off; the planner said so before.
func (m *machines) Update(ctx context.Context, prior, want *platform.Machine) error {
	is, err := m.s.load(ctx, value(prior.ID), true)
	if err != nil {
		return err
	}
	c, err := m.s.newChange(ctx, is, prior, want)
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
	goal := c.is.power
	if c.want.Power != nil {
		goal = *c.want.Power
	}
	first := c.is.power
	switch {
	case len(c.off) > 0 && c.is.power != platform.PowerOff:
		if err := unannounced(c.prior, c.want, c.off); err != nil {
			return err
		}
		first = platform.PowerOff
	case goal == platform.PowerOff:
		first = goal
	case c.is.power == platform.PowerSuspended && c.edits():
		first = platform.PowerOn // what is saved cannot be changed: it is woken up for it
	}
	c, err := m.first(ctx, c, first)
	if err != nil {
		return err
	}
	if err := m.carryOut(ctx, c); err != nil {
		if goal == platform.PowerOn && first == platform.PowerOff && c.is.power == platform.PowerOff && value(c.prior.Power) != platform.PowerOff {
			return errors.Join(err, m.s.power(ctx, c.is, goal, 0)) // it was off for our sake alone
		}
		return err
	}
	return m.arrive(ctx, c, goal)
}

// edits says whether anything but the power changes.
func (c *change) edits() bool {
	differs, err := c.changed()
	return err != nil || differs || len(c.growing)+len(c.leaving)+len(c.volumes)+len(c.uploads) > 0
}

// first brings the machine into the state in which it is changed, and works the change out for it.
func (m *machines) first(ctx context.Context, c *change, power string) (*change, error) {
	if c.is.power == power {
		return c, nil
	}
	if err := m.s.power(ctx, c.is, power, 0); err != nil {
		return c, err
	}
	is, err := m.s.load(ctx, c.is.id, true)
	if err != nil {
		return c, err
	}
	again, err := m.s.newChange(ctx, is, c.prior, c.want)
	if err != nil {
		return c, failed("change the machine", c.prior.Name, err)
	}
	return again, nil
}

// arrive brings the machine into the state that is wanted and waits until it is ready, where it started for us.
func (m *machines) arrive(ctx context.Context, c *change, goal string) error {
	if c.is.power == goal {
		return nil
	}
	how := uint32(0)
	if c.is.power == platform.PowerOff && c.rebuilt() {
		how = resetNVRAM
	}
	c.is.rec = *c.rec
	if err := m.s.power(ctx, c.is, goal, how); err != nil {
		return err
	}
	if goal == platform.PowerOn {
		return m.ready(ctx, c.is, c.want)
	}
	return nil
}

// rebuilt says whether the machine has another firmware than before.
func (c *change) rebuilt() bool {
	return !c.fresh && (firmwareOf(c.is.doc) != firmwareOf(c.doc) || secureOf(c.is.doc) != secureOf(c.doc)) && firmwareOf(c.doc) == platform.FirmwareUEFI
}

// carryOut makes all changes but that of the power.
func (m *machines) carryOut(ctx context.Context, c *change) error {
	if err := m.provide(ctx, c); err != nil {
		return err
	}
	err := m.alter(ctx, c)
	if err != nil {
		m.tidy(ctx, c)
		return err
	}
	return m.release(ctx, c)
}

// provide makes the volumes that the change refers to.
func (m *machines) provide(ctx context.Context, c *change) error {
	for _, u := range c.uploads {
		if c.is.rec.Creating && !c.fresh {
			m.s.dropParts(ctx, u.spec.pool, u.spec.name) // of the creation that was interrupted: the name is this machine's alone
		}
		_, err := m.s.uploadVolume(ctx, u.spec.pool, u.spec.name, u.spec.format, strings.NewReader(string(u.content)), int64(len(u.content)))
		if err != nil && !errors.Is(err, platform.ErrExists) { // its name holds its hash
			return failed("upload what the guest is told of", c.want.Name, err)
		}
	}
	for _, v := range c.volumes {
		if _, err := m.s.makeVolume(ctx, v.spec); err != nil {
			m.tidy(ctx, c)
			return platform.At(failed("make the disk", v.file, err), v.path...)
		}
	}
	return nil
}

// alter changes the domain: what runs step by step, its definition as a whole.
func (m *machines) alter(ctx context.Context, c *change) error {
	if err := m.rename(ctx, c); err != nil {
		return err
	}
	if c.want.Autostart != nil && *c.want.Autostart != c.is.autostart {
		if err := m.alterAutostart(ctx, c); err != nil {
			return err
		}
	}
	if c.is.run == nil {
		return m.redefine(ctx, c)
	}
	for _, st := range c.steps {
		if err := st.run(ctx, c.want.Name); err != nil {
			return err
		}
	}
	return m.settle(ctx, c)
}

// redefine writes the definition of a machine that is off, and grows its disks.
func (m *machines) redefine(ctx context.Context, c *change) error {
	for _, g := range c.growing {
		if err := m.s.growVolume(ctx, g.file, g.to); err != nil {
			return platform.At(failed("grow the disk", g.file, err), g.path...)
		}
	}
	differs, err := c.differs()
	if err != nil || !differs {
		return err
	}
	return c.define(ctx)
}

// settle writes what is left for the definition of a running machine once all steps are done, and the record.
func (m *machines) settle(ctx context.Context, c *change) error {
	is, err := m.s.loaded(ctx, c.is.rpc, c.is.id, true)
	if err != nil {
		return err
	}
	rest := &change{s: c.s, is: is, prior: c.prior, want: c.want, own: c.own, was: c.was, rec: c.rec, doc: c.doc, nets: c.nets}
	again, err := m.s.newChange(ctx, is, c.prior, c.want)
	if err == nil {
		rest.doc = again.doc
		var differs bool
		if differs, err = rest.changed(); err == nil && differs {
			err = rest.define(ctx)
		}
	}
	if err != nil {
		return failed("write the definition of", c.want.Name, err)
	}
	if c.noted() {
		return nil
	}
	return c.note(ctx)
}

// rename changes the name of a machine that is off.
func (m *machines) rename(ctx context.Context, c *change) error {
	if c.want.Name == c.is.doc.Name {
		return nil
	}
	err := do(ctx, m.s.client, func(l *libvirt.Libvirt) error {
		_, err := l.DomainRename(c.is.rpc, libvirt.OptString{c.want.Name}, 0)
		return err
	})
	if err != nil {
		return platform.At(failed("rename the machine", c.is.doc.Name, err), "name")
	}
	c.is.doc.Name, c.doc.Name, c.is.rpc.Name = c.want.Name, c.want.Name, c.want.Name
	return nil
}

// tidy deletes the volumes that were made for disks which then could not be attached.
func (m *machines) tidy(ctx context.Context, c *change) {
	if c.fresh {
		return // they belong to the machine, and go with it
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	is, err := m.s.load(ctx, c.is.id, false)
	if err != nil {
		return
	}
	for _, v := range c.volumes {
		if findDisk(is.doc, v.file) == nil && findDisk(is.run, v.file) == nil {
			_ = m.s.deleteVolume(ctx, v.file)
		}
	}
}

// release deletes what nothing refers to any more, and says where what is kept lies.
func (m *machines) release(ctx context.Context, c *change) error {
	for _, d := range c.leaving {
		switch {
		case d.destroy:
			if err := m.s.deleteVolume(ctx, d.file); err != nil {
				return platform.At(failed("delete the disk", d.file, err), "disks", d.key)
			}
		case c.prior.Disks[d.key].DiskID == nil:
			platform.Warn(ctx, fmt.Errorf("the disk was detached and kept: it lies at %s", d.file), "disks", d.key)
		}
	}
	for _, file := range c.obsolete {
		if err := m.s.deleteVolume(ctx, file); err != nil {
			platform.Warn(ctx, fmt.Errorf("%s is no longer used but could not be deleted: %w", file, err))
		}
	}
	return nil
}

// finish reads the machine back and completes want.
func (m *machines) finish(ctx context.Context, c *change) error {
	got := c.want.Bindings(c.is.id)
	if err := m.Read(ctx, &got); err != nil {
		return err
	}
	c.want.Complete(&got)
	return nil
}

func joined(list []string) string { return strings.Join(list, ", ") }
