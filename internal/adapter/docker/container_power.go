package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const (
	// settled is how long a container has to run to count as one that does not end at once.
	settled = 2 * time.Second
	// crashes is after how many restarts a container is given up that was to become ready.
	crashes = 3
	// pulse is how often a container that is awaited is looked at though no event came: one may be missed.
	pulse = 3 * time.Second
	// outage is how long an engine that is being restarted may be away from somebody who waits.
	outage = 30 * time.Second
)

// enter brings a container that is off to what it shall be, and waits until it counts as ready. ended says that it was
// to end, and did.
func (k *containers) enter(ctx context.Context, id string, want *platform.Container, power string) (ended bool, err error) {
	if power == platform.PowerOff {
		return false, nil
	}
	if err := k.start(ctx, id, want); err != nil {
		return false, err
	}
	if want.WaitFor != nil && want.WaitFor.State != nil {
		if ended, err = k.await(ctx, id, *want.WaitFor.State); err != nil {
			return ended, err
		}
	}
	if power == platform.PowerSuspended {
		return ended, k.pause(ctx, id)
	}
	return ended, nil
}

// start starts a container. The engine takes no offence when it runs already, so that a lost answer is asked for again.
func (k *containers) start(ctx context.Context, id string, want *platform.Container) error {
	err := steadily(ctx, func() error {
		_, err := k.client.ContainerStart(ctx, id, client.ContainerStartOptions{})
		return failed("start the container", want.Name, leaving(err))
	})
	if err == nil || !errors.Is(err, platform.ErrConflict) {
		return err
	}
	for _, key := range platform.Keys(want.Ports) {
		if p := want.Ports[key]; p.HostPort != nil && strings.Contains(err.Error(), fmt.Sprintf(":%d", *p.HostPort)) {
			return platform.At(err, "ports", key, "host_port")
		}
	}
	return err
}

// leaving tells what an engine answers that is going down just now: it will be back.
func leaving(err error) error {
	if err == nil {
		return nil
	}
	for _, text := range []string{"client connection is closing", "transport is closing", "libnetwork.endpoint: open", "containerd.sock"} {
		if strings.Contains(err.Error(), text) {
			return platform.As(platform.ErrUnreachable, err)
		}
	}
	return err
}

// steadily does something again that an engine which is being restarted could not answer.
func steadily(ctx context.Context, do func() error) error {
	end := time.Now().Add(outage)
	for {
		err := do()
		if !errors.Is(err, platform.ErrUnreachable) || time.Now().After(end) || ctx.Err() != nil {
			return err
		}
		pause(ctx)
	}
}

// stop asks a container to stop, in its own way and time.
func (k *containers) stop(ctx context.Context, c *container.InspectResponse) error {
	if powerOf(c.State) == platform.PowerOff {
		return nil
	}
	return steadily(ctx, func() error {
		_, err := k.client.ContainerStop(ctx, c.ID, client.ContainerStopOptions{})
		return failed("stop the container", c.Name, err)
	})
}

func (k *containers) pause(ctx context.Context, id string) error {
	_, err := k.client.ContainerPause(ctx, id, client.ContainerPauseOptions{})
	return failed("pause the container", id, err)
}

// turn brings a container from what it is to what it shall be.
func (k *containers) turn(ctx context.Context, c *container.InspectResponse, want *platform.Container) (ended bool, err error) {
	is, to := powerOf(c.State), value(want.Power)
	switch {
	case is == to || to == "":
		return false, nil
	case to == platform.PowerOff:
		return false, k.stop(ctx, c)
	case is == platform.PowerSuspended:
		_, err := k.client.ContainerUnpause(ctx, c.ID, client.ContainerUnpauseOptions{})
		return false, failed("resume the container", c.Name, err)
	case is == platform.PowerOn:
		return false, k.pause(ctx, c.ID)
	}
	return k.enter(ctx, c.ID, want, to)
}

// waiting is somebody who waits for a container.
type waiting struct {
	state     string
	startedAt string    // of the run that is watched
	since     time.Time // it was first seen
	last      *container.InspectResponse
}

// await waits until a container counts as ready. Between looks it sleeps until the engine tells of an event.
func (k *containers) await(ctx context.Context, id, state string) (ended bool, err error) {
	words, leave := k.changed(id) //nolint:contextcheck // the stream is shared by all who wait
	defer leave()
	w := &waiting{state: state}
	for {
		err := steadily(ctx, func() error {
			c, err := k.inspect(ctx, id)
			if err == nil {
				w.last = c
			}
			return err
		})
		if err != nil {
			return false, w.timeout(ctx, err)
		}
		done, again, err := k.ready(ctx, w)
		if done || err != nil {
			return state == platform.WaitExited, err
		}
		select {
		case <-words:
		case <-time.After(again):
		case <-ctx.Done():
			return false, w.timeout(ctx, ctx.Err())
		}
	}
}

// ready judges a look at a container, and says when to look again though nothing was heard.
func (k *containers) ready(ctx context.Context, w *waiting) (done bool, again time.Duration, err error) {
	s := w.last.State
	again = pulse
	if s.StartedAt != w.startedAt {
		w.startedAt, w.since = s.StartedAt, time.Now()
	}
	switch {
	case powerOf(s) == platform.PowerOff && w.state == platform.WaitExited && s.ExitCode == 0:
		return true, 0, nil
	case powerOf(s) == platform.PowerOff, w.last.RestartCount >= crashes && w.state != platform.WaitExited:
		return false, 0, k.death(ctx, w.last, "wait until the container is "+w.state)
	case w.state == platform.WaitRunning && !s.Restarting:
		again = settled - time.Since(w.since)
		return again <= 0, again, nil
	case w.state == platform.WaitHealthy:
		done, err = k.healthy(ctx, w.last)
	}
	return done, again, err
}

// healthy reads the health check's verdict.
func (k *containers) healthy(ctx context.Context, c *container.InspectResponse) (bool, error) {
	h := c.State.Health
	if h == nil || h.Status == container.NoHealthcheck || h.Status == "" {
		return false, platform.At(platform.As(platform.ErrInvalid, &platform.OpError{
			Op: "wait until the container is healthy", On: c.Name, Err: errors.New("neither it nor its image has a health check, or this engine runs none"),
			Hint: "Write a health_check block, or wait for running",
		}), "wait_for", "state")
	}
	if h.Status != container.Unhealthy {
		return h.Status == container.Healthy, nil
	}
	return false, &platform.OpError{
		Op: "wait until the container is healthy", On: c.Name,
		Err:  fmt.Errorf("its health check failed %d times in a row%s", h.FailingStreak, lastCheck(h)),
		Hint: "What it wrote:\n" + k.lastLines(ctx, c.ID),
	}
}

// lastCheck is what the last health check said.
func lastCheck(h *container.Health) string {
	if h == nil || len(h.Log) == 0 {
		return ""
	}
	last := h.Log[len(h.Log)-1]
	return fmt.Sprintf("; the last time with exit code %d: %s", last.ExitCode, strings.TrimSpace(last.Output))
}

// timeout says at a deadline what was awaited and what was seen.
func (w *waiting) timeout(ctx context.Context, err error) error {
	if w.last == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	s := w.last.State
	text := string(s.Status)
	if s.Health != nil {
		text += ", its health is " + string(s.Health.Status) + lastCheck(s.Health)
	}
	return &platform.TimeoutError{Awaited: fmt.Sprintf("the container %q to be %s", w.last.Name, w.state), Seen: text}
}
