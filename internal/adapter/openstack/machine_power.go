package openstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// settle waits until a server is in one of the states and does nothing else any more. One that fails is an error with
// what the service says of it; what else stops the waiting is in until.
func (m *machines) settle(ctx context.Context, id, name, awaited string, states ...string) (*server, error) {
	var last *server
	err := await(ctx, awaited, func(ctx context.Context) verdict {
		sv, err := m.watch.look(ctx, id)
		if err != nil {
			return verdict{err: err}
		}
		last = sv
		busy := value(sv.Task)
		for _, state := range states {
			if sv.Status == state && busy == "" {
				return verdict{done: true}
			}
		}
		if sv.Status == "ERROR" && busy == "" {
			return verdict{err: m.fault(ctx, sv)}
		}
		return verdict{seen: strings.TrimSpace("status " + sv.Status + " " + busy)}
	})
	return last, failed("wait for the machine", name, err)
}

// fault is why a server is in ERROR, with the last lines of its console where there are any.
func (m *machines) fault(ctx context.Context, sv *server) error {
	text := "it went into the status ERROR, and the service says nothing of it"
	if sv.Fault == nil { // lists leave it out
		if now, err := m.server(ctx, sv.ID); err == nil {
			sv = now
		}
	}
	if sv.Fault != nil {
		text = "it went into the status ERROR: " + tidy(sv.Fault.Message)
	}
	if lines := m.console(ctx, sv.ID); lines != "" {
		text += ". Its console ends with: " + lines
	}
	return errors.New(text)
}

// consoleLines is how much of the console is told with a fault.
const consoleLines = 5

// console is the last lines of a server's console, or "".
func (m *machines) console(ctx context.Context, id string) string {
	c, err := m.compute(ctx)
	if err != nil {
		return ""
	}
	var body struct{ Output string }
	with := wrapped("os-getConsoleOutput", map[string]any{"length": consoleLines})
	if post(ctx, c, "servers/"+id+"/action", with, &body) != nil {
		return ""
	}
	return tidy(strings.ReplaceAll(strings.TrimSpace(body.Output), "\n", " | "))
}

// power brings a server from what it is to what is wanted.
func (m *machines) power(ctx context.Context, sv *server, goal string) error {
	is := powerOf(sv)
	if is == goal {
		return nil
	}
	if goal != platform.PowerOn && is != platform.PowerOn { // on the way from one to the other it runs
		if err := m.switchOn(ctx, sv); err != nil {
			return err
		}
	}
	switch goal {
	case platform.PowerOff:
		return m.change(ctx, sv, "os-stop", "switch off", "SHUTOFF")
	case platform.PowerSuspended:
		return m.change(ctx, sv, "suspend", "suspend", "SUSPENDED")
	}
	return m.switchOn(ctx, sv)
}

func (m *machines) switchOn(ctx context.Context, sv *server) error {
	switch sv.Status {
	case "SUSPENDED":
		return m.change(ctx, sv, "resume", "resume", "ACTIVE")
	case "PAUSED":
		return m.change(ctx, sv, "unpause", "resume", "ACTIVE")
	case "SHELVED", "SHELVED_OFFLOADED":
		return m.change(ctx, sv, "unshelve", "unshelve", "ACTIVE")
	}
	at := time.Now()
	if launched := bootedAt(sv); launched >= at.UTC().Format(time.RFC3339) { // clocks differ, and seconds are long
		if before, err := time.Parse(time.RFC3339, launched); err == nil {
			at = before.Add(time.Second)
		}
	}
	if err := m.change(ctx, sv, "os-start", "switch on", "ACTIVE"); err != nil {
		return err
	}
	var tags []string
	for _, tag := range sv.Tags {
		if !strings.HasPrefix(tag, markBooted) {
			tags = append(tags, tag)
		}
	}
	sv.Tags = append(tags, markBooted+at.UTC().Format(time.RFC3339))
	return m.setTags(ctx, sv)
}

// change does one of the actions that change the power, and waits for its end. The service shuts a guest down gracefully
// and cuts its power after a time of its own.
func (m *machines) change(ctx context.Context, sv *server, action, op, state string) error {
	err := m.act(ctx, sv.ID, action, nil)
	if isConflict(err) { // somebody did it, or is at it
		if now, look := m.server(ctx, sv.ID); look == nil && (now.Status == state || value(now.Task) != "") {
			err = nil
		}
	}
	err = begun(ctx, err, func(ctx context.Context) bool {
		now, look := m.server(ctx, sv.ID)
		return look == nil && (now.Status == state || value(now.Task) != "")
	})
	if err != nil {
		return failed(op+" the machine", sv.Name, err)
	}
	now, err := m.settle(ctx, sv.ID, sv.Name, "the machine to have the status "+state, state)
	if err == nil {
		tags := sv.Tags
		*sv = *now
		sv.Tags = tags
	}
	return err
}

// setTags replaces a server's tags by what sv holds.
func (m *machines) setTags(ctx context.Context, sv *server) error {
	c, err := m.compute(ctx)
	if err != nil {
		return err
	}
	err = put(ctx, c, "servers/"+sv.ID+"/tags", wrapped("tags", sv.Tags), nil)
	return failed("tag the machine", sv.Name, err)
}

// ready waits for what wait_for asks: that the machine has an address inside a network.
func (m *machines) ready(ctx context.Context, id string, want *platform.Machine) error {
	if want.WaitFor == nil || want.WaitFor.Address == nil {
		return nil
	}
	network, err := netip.ParsePrefix(*want.WaitFor.Address)
	if err != nil {
		err = fmt.Errorf("%q is no network: write one such as 10.0.0.0/8", *want.WaitFor.Address)
		return platform.At(platform.As(platform.ErrInvalid, err), "wait_for", "address")
	}
	// The wait ends a little before the operation has to, so that it can still say what it saw.
	limit, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		limit, cancel = context.WithTimeout(ctx, time.Until(deadline)*9/10)
	}
	defer cancel()
	err = await(limit, "an address of the machine inside "+network.String(), func(ctx context.Context) verdict {
		sv, err := m.watch.look(ctx, id)
		if err != nil {
			return verdict{err: err}
		}
		ports, err := m.portsOf(ctx, id)
		if err != nil {
			return verdict{err: err}
		}
		list := (&sighting{server: sv, ports: ports}).addresses()
		for _, text := range list {
			if a, err := netip.ParseAddr(text); err == nil && network.Contains(a) {
				return verdict{done: true}
			}
		}
		if sv.Status == "ERROR" {
			return verdict{err: m.fault(ctx, sv)}
		}
		return verdict{seen: "status " + sv.Status + ", addresses: " + cmp.Or(strings.Join(list, ", "), "none")}
	})
	return platform.At(failed("wait for the machine", want.Name, err), "wait_for")
}
