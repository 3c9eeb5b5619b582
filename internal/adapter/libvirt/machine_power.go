package libvirt

import (
	"context"
	"errors"
	"time"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// resetNVRAM makes a machine whose firmware changed start with the variables that belong to the new one
// (VIR_DOMAIN_START_RESET_NVRAM, libvirt 8.1).
const resetNVRAM = uint32(libvirt.DomainStartResetNvram)

// start switches a machine on, resumes or restores it, and notes when that was.
func (s *session) start(ctx context.Context, d *domain, how uint32) error {
	name := d.doc.Name
	if d.paused {
		err := do(ctx, s.client, func(l *libvirt.Libvirt) error { return l.DomainResume(d.rpc) }, libvirt.ErrOperationInvalid)
		return failed("resume the machine", name, err)
	}
	restored := d.power == platform.PowerSuspended
	rpc, err := act(ctx, s.client, func(l *libvirt.Libvirt) (libvirt.Domain, error) { return l.DomainCreateWithFlags(d.rpc, how) }, libvirt.ErrOperationInvalid)
	if err != nil {
		return failed("start the machine", name, err)
	}
	if rpc.Name != "" {
		d.rpc = rpc
	}
	if restored {
		return nil // its memory holds when it was booted
	}
	d.bootedAt = now()
	running := d.rec
	running.BootedAt, running.Creating = d.bootedAt, false
	return failed("note the start of", name, s.writeNote(ctx, d.rpc, &running, libvirt.DomainAffectLive))
}

// suspend saves a machine's memory on the host's disk and switches it off.
func (s *session) suspend(ctx context.Context, d *domain) error {
	err := s.stream(ctx, func(l *libvirt.Libvirt) error { return l.DomainManagedSave(d.rpc, 0) }) // as long as its memory takes
	if is(err, libvirt.ErrOperationInvalid) {
		return s.suspended(ctx, d, err)
	}
	return failed("suspend the machine", d.doc.Name, err)
}

// suspended forgives a machine that is suspended already.
func (s *session) suspended(ctx context.Context, d *domain, err error) error {
	f, read := s.facts(ctx, d.rpc)
	if power, _ := powerOf(f.state, f.reason, f.saved); read == nil && power == platform.PowerSuspended {
		return nil
	}
	return failed("suspend the machine", d.doc.Name, err)
}

// stop shuts a machine down: by its agent where that answers, else as its power button would, then hard after a
// deadline. A suspended machine is started first: to switch it off would lose what it has in memory.
func (s *session) stop(ctx context.Context, d *domain) error {
	if d.power == platform.PowerSuspended {
		if err := s.start(ctx, d, 0); err != nil {
			return err
		}
	}
	limit, cancel := context.WithTimeout(ctx, s.gracePeriod(ctx))
	defer cancel()
	err := s.awaitOff(limit, d, &button{every: firstPress, agent: agentState(d.run) == "connected"})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return failed("shut down the machine", d.doc.Name, err)
	}
	return s.cut(ctx, d)
}

// How often a guest is asked to shut down: one that is still starting has not heard it the first time.
const (
	firstPress = time.Second / 2 / 2
	lastPress  = 10 * time.Second
)

// button is the power button of a machine.
type button struct {
	next  time.Time
	every time.Duration
	agent bool // ask the guest's agent instead
}

// press asks the guest to shut down when it is time to.
func (b *button) press(ctx context.Context, s *session, d *domain) error {
	if time.Now().Before(b.next) {
		return nil
	}
	how := libvirt.DomainShutdownAcpiPowerBtn
	if b.agent {
		how = libvirt.DomainShutdownGuestAgent
	}
	b.agent = false // once: if that fails, the button has to do
	b.next = time.Now().Add(b.every)
	b.every = min(2*b.every, lastPress)
	err := do(ctx, s.client, func(l *libvirt.Libvirt) error { return l.DomainShutdownFlags(d.rpc, how) })
	switch {
	case how == libvirt.DomainShutdownGuestAgent && err != nil && ctx.Err() == nil:
		b.next = time.Time{}
		return b.press(ctx, s, d)
	case is(err, libvirt.ErrOperationInvalid):
		return nil // it is off by now
	}
	return err
}

// awaitOff asks a machine to shut down until it is off.
func (s *session) awaitOff(ctx context.Context, d *domain, b *button) error {
	return s.await(ctx, d.rpc.UUID, firstPress, func() (bool, error) {
		state, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (int32, error) {
			state, _, err := l.DomainGetState(d.rpc, 0)
			return state, err
		})
		if err != nil || !runs(state) {
			return err == nil, err
		}
		return false, b.press(ctx, s, d)
	})
}

// cut switches the power off.
func (s *session) cut(ctx context.Context, d *domain) error {
	err := do(ctx, s.client, func(l *libvirt.Libvirt) error { return l.DomainDestroyFlags(d.rpc, libvirt.DomainDestroyDefault) }, libvirt.ErrOperationInvalid)
	if is(err, libvirt.ErrOperationInvalid) {
		return nil // it is off
	}
	return failed("switch off the machine", d.doc.Name, err)
}

// gracePeriod is how long a guest may take to shut down; half of the time that is left belongs to the rest.
func (s *session) gracePeriod(ctx context.Context) time.Duration {
	grace := s.config.Duration(setShutdown)
	if deadline, ok := ctx.Deadline(); ok {
		return min(grace, time.Until(deadline)/2)
	}
	return grace
}

// power brings a machine from the state it is in to the one that is wanted.
func (s *session) power(ctx context.Context, d *domain, goal string, how uint32) error {
	switch {
	case d.power == goal:
		return nil
	case goal == platform.PowerOff:
		return s.stop(ctx, d)
	case goal == platform.PowerSuspended && d.power == platform.PowerOff:
		if err := s.start(ctx, d, how); err != nil {
			return err
		}
		return s.suspend(ctx, d)
	case goal == platform.PowerSuspended:
		return s.suspend(ctx, d)
	}
	return s.start(ctx, d, how)
}

// unannounced is the error of a change that would restart a machine though the plan did not say so.
func unannounced(prior *platform.Machine, want *platform.Machine, what []string) error {
	if value(prior.Power) == platform.PowerOff {
		err := errors.New("somebody switched it on since the plan was made, and the change needs it off")
		return failed("change the machine", prior.Name, platform.As(platform.ErrConflict, err))
	}
	if want.BootedAt != nil || want.AllowRestart != nil && !*want.AllowRestart {
		err := errors.New("it needs a restart for " + joined(what) + ", which the plan did not announce: something changed on the machine since. Plan again")
		return failed("change the machine", prior.Name, platform.As(platform.ErrConflict, err))
	}
	return nil
}
