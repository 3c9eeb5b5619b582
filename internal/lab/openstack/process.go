package openstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// process is one that a cloud runs.
type process struct {
	name    string
	command *exec.Cmd
	done    chan struct{} // closed once it has ended
}

// spawn starts a process inside, which logs to a file of its name.
func (c *Cloud) spawn(ctx context.Context, name string, env []string, args ...string) (*process, error) {
	log, err := os.OpenFile(c.logFile(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own copy
	command := c.space.command(context.WithoutCancel(ctx), args...)
	command.Env = append(command.Env, env...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{name: name, command: command, done: make(chan struct{})}
	go func() {
		_ = command.Wait() // it was killed, or its log says why it ended
		close(p.done)
	}()
	c.services = append(c.services, p)
	return p, nil
}

// startServices starts some at once and waits until every one answers.
func (c *Cloud) startServices(ctx context.Context, some ...service) error {
	all := map[string]*process{}
	for _, s := range some {
		args := make([]string, len(s.command))
		for i, arg := range s.command {
			args[i] = strings.ReplaceAll(arg, "@"+s.name, c.address(s.name))
		}
		var after []string
		for _, other := range s.after {
			after = append(after, c.address(other))
		}
		p, err := c.spawn(ctx, s.name, append([]string{"VIRTLAB_AFTER=" + strings.Join(after, " ")}, s.env...), args...)
		if err != nil {
			return err
		}
		all[s.name] = p
	}
	for name, p := range all {
		if err := c.await(ctx, p, func(ctx context.Context) error { return c.ping(ctx, name) }); err != nil {
			return err
		}
	}
	return nil
}

// await waits until a process gives a sign of life, for five minutes at most, which a busy machine may need, and no longer
// than it lives.
func (c *Cloud) await(ctx context.Context, p *process, ping func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		err := ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
			continue
		case <-p.done:
			err = fmt.Errorf("%s ended at its start", p.name)
		case <-ctx.Done():
			err = fmt.Errorf("%s does not answer: %w", p.name, err)
		}
		return fmt.Errorf("%w; its log:\n%s", err, c.Logs(p.name))
	}
}

// ping asks a service for any answer; of cinder it has to be that its back end has reported: until then volumes fail.
func (c *Cloud) ping(ctx context.Context, service string) error {
	if service == "cinder" {
		var answer struct{ Pools []object }
		err := c.admin.call(ctx, http.MethodGet, c.url(service)+"/v3/scheduler-stats/get_pools", nil, &answer)
		if err == nil && len(answer.Pools) == 0 {
			err = errors.New("its back end has not reported yet")
		}
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url(service)+"/", nil)
	if err != nil {
		return err
	}
	response, err := c.admin.client.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// logFile is where a service logs.
func (c *Cloud) logFile(service string) string { return c.under("log/" + service + ".log") }

// Logs is the end of what a service logged, 16 KiB at most: mariadb, keystone, glance, placement, nova, neutron, cinder.
func (c *Cloud) Logs(service string) string {
	const most = 16 << 10
	file, err := os.Open(c.logFile(service))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = file.Close() }() // it was only read
	end, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(max(0, end-most), io.SeekStart)
	}
	text, read := io.ReadAll(file)
	if err := errors.Join(err, read); err != nil {
		return err.Error()
	}
	return string(text)
}
