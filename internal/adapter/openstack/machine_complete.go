package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// complete waits until the server runs, and brings it to what is wanted. The mark goes as the last step.
func (c *creation) complete(ctx context.Context, id string) error {
	m, want := c.m, c.want
	if err := c.own(ctx, id); err != nil {
		return err
	}
	sv, err := m.settle(ctx, id, want.Name, "the machine to run", "ACTIVE")
	if err != nil {
		return err
	}

	if want.Power != nil {
		if err := m.power(ctx, sv, *want.Power); err != nil {
			return err
		}
	}
	if powerOf(sv) == platform.PowerOn {
		if err := m.ready(ctx, id, want); err != nil {
			return err
		}
	}
	sv.Tags = slices.DeleteFunc(sv.Tags, func(tag string) bool { return tag == markUnfinished || tag == c.birth })
	if err := m.setTags(ctx, sv); err != nil {
		return err
	}
	if value(value(want.OpenStack).Locked) {
		if err := m.act(ctx, id, "lock", nil); err != nil {
			return failed("lock the machine", want.Name, err)
		}
	}
	return m.finish(ctx, want)
}

// bind notes the ids of what was made, as soon as they are known.
func (c *creation) bind() {
	for key, id := range c.ports {
		n := c.want.NICs[key]
		n.ID = &id
		c.want.NICs[key] = n
	}
	for key, id := range c.volumes {
		d := c.want.Disks[key]
		d.ID = &id
		c.want.Disks[key] = d
	}
	for key, d := range c.want.Disks {
		if d.DiskID != nil {
			d.ID = d.DiskID
			c.want.Disks[key] = d
		}
	}
	for key, port := range value(c.want.OpenStack).Ports {
		if n, ok := c.want.NICs[key]; ok {
			n.ID = &port
			c.want.NICs[key] = n
		}
	}
}

// finish reads the machine back and completes want.
func (m *machines) finish(ctx context.Context, want *platform.Machine) error {
	got := want.Bindings(value(want.ID))
	if want.OpenStack != nil {
		got.OpenStack = &platform.OpenStackMachine{}
	}
	s, err := m.sight(ctx, value(want.ID))
	if err != nil {
		return err
	}
	if err := m.fill(ctx, s, &got); err != nil {
		return err
	}
	fillOpen(&want.Size, got.Size)
	want.Complete(&got)
	return nil
}

// undo takes back what was made for a server that was not made.
func (c *creation) undo(ctx context.Context) error {
	limit := 4 * aftercare
	if ctx.Err() != nil {
		limit = aftercare // nobody waits any more; what is left the next creation sweeps
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	var errs []error
	for _, id := range c.ports {
		if err := c.m.dropPort(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("the port %s that was made for it is left over: %w", id, err))
		}
	}
	for _, id := range c.volumes {
		if err := c.m.dropVolume(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("the volume %s that was made for it is left over: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// sweep removes ports and volumes that an interrupted creation of the same name left behind: nothing ever used them. The
// ports of a machine that somebody deleted by hand go, too: they hold its addresses.
func (c *creation) sweep(ctx context.Context) error {
	if len(c.want.NICs) > 0 {
		names := c.m.inProject(nil)
		for key := range c.want.NICs {
			names.Add("name", elementName(c.want.Name, key))
		}
		list, err := c.m.ports(ctx, names)
		if err != nil {
			return failed("look for ports of", c.want.Name, err)
		}
		for _, p := range list {
			if p.DeviceID == "" && p.key() != "" {
				if err := c.m.dropPort(ctx, p.ID); err != nil {
					return err
				}
			}
		}
	}
	for key, d := range c.want.Disks {
		if d.DiskID != nil {
			continue
		}
		if err := c.sweepVolumes(ctx, elementName(c.want.Name, key)); err != nil {
			return err
		}
	}
	return nil
}

func (c *creation) sweepVolumes(ctx context.Context, name string) error {
	list, err := c.m.cinderVolumes(ctx, url.Values{"name": {name}})
	if err != nil {
		return failed("look for volumes of", c.want.Name, err)
	}
	for _, v := range list {
		owner := v.Metadata[metaMachine]
		if owner == "" || len(v.Attachments) > 0 {
			continue
		}
		if !strings.HasPrefix(owner, making) { // it may hold what somebody still needs
			platform.Warn(ctx, fmt.Errorf("the volume %s %s is left as it is: it belongs to the machine %s, which does not hold it any more", v.ID, v.Name, owner))
			continue
		}
		if err := c.m.dropVolume(ctx, v.ID); err != nil {
			return err
		}
	}
	return nil
}
