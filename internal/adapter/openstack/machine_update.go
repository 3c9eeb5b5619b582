package openstack

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

// Update changes what differs: first what is told only, then the size, the disks and the adapters, then the power.
func (m *machines) Update(ctx context.Context, prior, want *platform.Machine) error {
	s, err := m.rested(ctx, value(prior.ID))
	if err != nil {
		return err
	}
	sv := s.server
	was := sv.Locked
	if was {
		if err := m.act(ctx, sv.ID, "unlock", nil); err != nil {
			return failed("unlock the machine", sv.Name, err)
		}
	}
	err = m.alter(ctx, s, prior, want)
	locked := was
	if o := want.OpenStack; o != nil && o.Locked != nil {
		locked = *o.Locked
	} else if value(prior.OpenStack).Locked != nil {
		locked = false
	}
	if locked {
		after, cancel := afterwards(ctx)
		defer cancel()
		err = errors.Join(err, failed("lock the machine", sv.Name, m.act(after, sv.ID, "lock", nil)))
	}
	if err != nil {
		return err
	}
	return m.finish(ctx, want)
}

// alter makes all changes but that of the lock.
func (m *machines) alter(ctx context.Context, s *sighting, prior, want *platform.Machine) error {
	sv := s.server
	for _, step := range []func() error{
		func() error { return m.describe(ctx, sv, prior, want) },
		func() error { return m.resize(ctx, sv, want) },
		func() error { return m.changeDisks(ctx, s, prior, want) },
		func() error { return m.changeNICs(ctx, s, prior, want) },
		func() error { return m.retag(ctx, sv, prior, want) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if want.Power != nil && powerOf(sv) != *want.Power {
		if err := m.power(ctx, sv, *want.Power); err != nil {
			return err
		}
		if *want.Power == platform.PowerOn {
			return m.ready(ctx, sv.ID, want)
		}
	}
	return nil
}

// describe changes names, the description and the metadata.
func (m *machines) describe(ctx context.Context, sv *server, prior, want *platform.Machine) error {
	c, err := m.compute(ctx)
	if err != nil {
		return err
	}
	spec := map[string]any{}
	if want.Name != sv.Name {
		spec["name"] = want.Name
	}
	if text := value(want.Description); (want.Description != nil || prior.Description != nil) && text != value(sv.Description) {
		spec["description"] = text
	}
	if host := value(want.Hostname); want.Hostname != nil || prior.Hostname != nil {
		if host == "" {
			host = hostnameOf(want.Name)
		}
		if host != sv.Hostname {
			if c, err = m.atLeast(ctx, serviceCompute, "2.90", "hostname"); err != nil {
				return platform.At(err, "hostname")
			}
			spec["hostname"] = host
		}
	}
	if len(spec) > 0 {
		if err := put(ctx, c, "servers/"+sv.ID, wrapped("server", spec), nil); err != nil {
			return failed("change the machine", sv.Name, err)
		}
	}
	return m.remark(ctx, sv, prior, want)
}

// remark changes the metadata.
func (m *machines) remark(ctx context.Context, sv *server, prior, want *platform.Machine) error {
	if want.Metadata == nil && prior.Metadata == nil {
		return nil
	}
	c, err := m.compute(ctx)
	if err != nil {
		return err
	}
	metadata := map[string]string{}
	for key, v := range sv.Metadata {
		if strings.HasPrefix(key, ours) {
			metadata[key] = v
		}
	}
	maps.Copy(metadata, want.Metadata)
	if maps.Equal(metadata, sv.Metadata) {
		return nil
	}
	return failed("change the metadata of the machine", sv.Name, put(ctx, c, "servers/"+sv.ID+"/metadata", wrapped("metadata", metadata), nil))
}

// retag sets the tags, and the mark of what was asked for of the size.
func (m *machines) retag(ctx context.Context, sv *server, prior, want *platform.Machine) error {
	mine := slices.DeleteFunc(marksOf(sv.Tags), func(tag string) bool {
		return strings.HasPrefix(tag, markLeast) || strings.HasPrefix(tag, markBirth) || tag == markUnfinished
	})
	if least := leastMark(want, sv.Flavor.Name, sv.Flavor.CPUs, sv.Flavor.Memory); least != "" {
		mine = append(mine, least)
	}
	tags := want.Tags
	if tags == nil && prior.Tags == nil {
		tags = tagMap(sv.Tags)
	}
	list := tagList(tags, mine...)
	before := slices.Sorted(slices.Values(sv.Tags))
	if slices.Equal(list, before) {
		return nil
	}
	sv.Tags = list
	return m.setTags(ctx, sv)
}

// resize gives the machine another size where the one it has is not the one that is named or lacks what is needed. A
// machine that runs is shut down and started again by the service.
func (m *machines) resize(ctx context.Context, sv *server, want *platform.Machine) error {
	if sv.Status == "VERIFY_RESIZE" { // ours, interrupted
		if err := m.confirm(ctx, sv); err != nil {
			return err
		}
	}
	to, err := m.nextSize(ctx, sv, want)
	if err != nil || to == nil {
		return failed("resize the machine", sv.Name, err)
	}
	was := powerOf(sv)
	if was == platform.PowerOn && want.BootedAt != nil {
		err := errors.New("it needs a restart, which the plan did not announce: the machine or the flavors changed since. Plan again")
		return failed("resize the machine", sv.Name, platform.As(platform.ErrConflict, err))
	}
	if was == platform.PowerSuspended {
		if err := m.switchOn(ctx, sv); err != nil {
			return err
		}
	}
	if was == platform.PowerOn && value(want.Power) == platform.PowerOff {
		if err := m.power(ctx, sv, platform.PowerOff); err != nil {
			return err
		}
	}
	asked, err := m.askResize(ctx, sv, to)
	if err != nil {
		return err
	}
	if !asked {
		return m.resize(ctx, sv, want)
	}
	if err := m.awaitResize(ctx, sv, to.Name); err != nil {
		return err
	}
	if err := m.confirm(ctx, sv); err != nil {
		return err
	}
	if was == platform.PowerSuspended {
		return m.power(ctx, sv, was)
	}
	return nil
}

// askResize asks for another size. Where what was interrupted is at it already, it waits for the end of that instead.
func (m *machines) askResize(ctx context.Context, sv *server, to *flavor) (asked bool, err error) {
	err = begun(ctx, m.act(ctx, sv.ID, "resize", map[string]any{"flavorRef": to.ID}), func(ctx context.Context) bool {
		now, look := m.server(ctx, sv.ID)
		return look == nil && (now.Status == "VERIFY_RESIZE" || value(now.Task) != "" || now.Flavor.Name == to.Name)
	})
	if isConflict(err) && strings.Contains(err.Error(), "task_state "+resizing) {
		s, err := m.rested(ctx, sv.ID)
		if err == nil {
			*sv = *s.server
		}
		return false, err
	}
	return err == nil, failed("resize the machine", sv.Name, err)
}

// nextSize is the size to take, or nil where the present one will do.
func (m *machines) nextSize(ctx context.Context, sv *server, want *platform.Machine) (*flavor, error) {
	n := needOf(want)
	n.local = sv.image() != ""
	n.disk = 0
	if n.local {
		n.disk = sv.Flavor.Disk // the local disk cannot shrink
	}
	has := &flavor{Name: sv.Flavor.Name, CPUs: sv.Flavor.CPUs, Memory: sv.Flavor.Memory, Disk: sv.Flavor.Disk}
	if want.Size == nil && n.met(has) || want.Size != nil && *want.Size == sv.Flavor.Name {
		return nil, nil //nolint:nilnil // nothing to do is no failure
	}
	return m.choose(ctx, want.Size, n)
}

// awaitResize waits until the new size can be confirmed. A resize that the service gave up leaves the machine as it was.
func (m *machines) awaitResize(ctx context.Context, sv *server, to string) error {
	began := time.Now()
	err := await(ctx, "the machine to have the size "+to, func(ctx context.Context) verdict {
		now, err := m.watch.look(ctx, sv.ID)
		switch {
		case err != nil:
			return verdict{err: err}
		case now.Status == "VERIFY_RESIZE" && value(now.Task) == "", now.Flavor.Name == to && value(now.Task) == "" && now.Status != "ERROR":
			*sv = *now
			return verdict{done: true}
		case now.Status == "ERROR" && value(now.Task) == "":
			return verdict{err: m.fault(ctx, now)}
		case value(now.Task) == "" && time.Since(began) > 5*time.Second && (now.Status == "ACTIVE" || now.Status == "SHUTOFF"):
			return verdict{err: fmt.Errorf("the service gave up and left it at the size %s: no host may have room", now.Flavor.Name)}
		}
		return verdict{seen: strings.TrimSpace("status " + now.Status + " " + value(now.Task))}
	})
	return failed("resize the machine", sv.Name, err)
}

// confirm ends a resize.
func (m *machines) confirm(ctx context.Context, sv *server) error {
	if sv.Status != "VERIFY_RESIZE" {
		return nil
	}
	err := begun(ctx, m.act(ctx, sv.ID, "confirmResize", nil), func(ctx context.Context) bool {
		now, look := m.server(ctx, sv.ID)
		return look == nil && (now.Status != "VERIFY_RESIZE" || value(now.Task) != "")
	})
	if err != nil {
		return failed("confirm the new size of the machine", sv.Name, err)
	}
	now, err := m.settle(ctx, sv.ID, sv.Name, "the new size to be confirmed", "ACTIVE", "SHUTOFF")
	if err == nil {
		*sv = *now
	}
	return err
}
