package libvirt

import (
	"context"
	"errors"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create defines a domain, makes its volumes, starts it and waits until it is ready. The definition comes first and
// names every volume, so that nothing is left behind that no machine knows.
func (m *machines) Create(ctx context.Context, want *platform.Machine, made func(id string)) error {
	if err := m.vacant(ctx, want.Name); err != nil {
		return failed("make the machine", want.Name, err)
	}
	c, err := m.draft(ctx, want)
	if err != nil {
		return failed("make the machine", want.Name, err)
	}
	if err := c.define(ctx); err != nil {
		return m.named(ctx, err, want.Name)
	}
	made(c.is.id)
	want.ID = &c.is.id
	return m.furnish(ctx, c)
}

// vacant says that a name is taken, and by whom. libvirt would say so too, but not whether it is unfinished.
func (m *machines) vacant(ctx context.Context, name string) error {
	rpc, err := ask(ctx, m.s.client, func(l *libvirt.Libvirt) (libvirt.Domain, error) { return l.DomainLookupByName(name) })
	if is(err, libvirt.ErrNoDomain) {
		return nil
	}
	if err != nil {
		return err
	}
	d, err := m.s.loaded(ctx, rpc, name, false)
	if err != nil {
		return err
	}
	return &platform.ExistsError{Name: name, ID: d.id, Unfinished: d.rec.Creating}
}

// named looks again where the definition failed: somebody may have taken the name meanwhile.
func (m *machines) named(ctx context.Context, err error, name string) error {
	if !errors.Is(err, platform.ErrExists) && !is(err, libvirt.ErrOperationFailed) {
		return err
	}
	if taken := m.vacant(ctx, name); taken != nil && errors.Is(taken, platform.ErrExists) {
		return failed("make the machine", name, taken)
	}
	return err
}

// draft works out the whole new machine; nothing is made yet.
func (m *machines) draft(ctx context.Context, want *platform.Machine) (*change, error) {
	f, err := m.s.fit(ctx, blank(want.Libvirt))
	if err != nil {
		return nil, err
	}
	id := spellUUID(newUUID())
	doc := blueprint(f, id, want.Name)
	is := &domain{id: id, doc: doc, power: platform.PowerOff, rec: machineRecord{Creating: true}}
	if bus := blank(want.Libvirt).DiskBus; bus != nil {
		if err := m.s.checkBus(ctx, doc, *bus); err != nil {
			return nil, err
		}
	}
	c, err := m.s.newChange(ctx, is, nil, want)
	if err != nil {
		return nil, err
	}
	addPorts(c.doc, len(c.doc.Devices.Interfaces)+len(disksOf(c.doc)))
	return c, nil
}

// furnish makes the volumes, starts the machine where it shall run, and clears the mark of the creation.
func (m *machines) furnish(ctx context.Context, c *change) error {
	if err := m.provide(ctx, c); err != nil {
		return err
	}
	is, err := m.s.load(ctx, c.is.id, true)
	if err != nil {
		return err
	}
	c.is = is
	if value(c.want.Autostart) {
		if err := m.alterAutostart(ctx, c); err != nil {
			return err
		}
	}
	goal := either(value(c.want.Power), platform.PowerOn)
	is.rec = *c.rec
	if err := m.s.power(ctx, is, goal, 0); err != nil {
		return err
	}
	if goal == platform.PowerOn {
		if err := m.ready(ctx, is, c.want); err != nil {
			return err
		}
	}
	c.rec.Creating = false
	if err := m.s.writeNote(ctx, is.rpc, c.rec, libvirt.DomainAffectConfig); err != nil {
		return failed("note the end of the creation of", c.want.Name, err)
	}
	return m.finish(ctx, c)
}

func (m *machines) alterAutostart(ctx context.Context, c *change) error {
	on := int32(0)
	if *c.want.Autostart {
		on = 1
	}
	err := do(ctx, m.s.client, func(l *libvirt.Libvirt) error { return l.DomainSetAutostart(c.is.rpc, on) })
	return platform.At(failed("set the autostart of", c.want.Name, err), "autostart")
}
