package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// CLI runs the real openstack client in the project, as an independent eye, and returns what it wrote to its standard
// output. It has to succeed.
func (p *Project) CLI(t testing.TB, args ...string) string {
	t.Helper()
	out, err := p.Try(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// JSON is CLI with -f json behind the arguments; the answer is decoded.
func (p *Project) JSON(t testing.TB, into any, args ...string) {
	t.Helper()
	out := p.CLI(t, append(args, "-f", "json")...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("openstack %s: %v in %q", strings.Join(args, " "), err, out)
	}
}

// Try is CLI for a command that may fail; the error carries what the client complained about.
func (p *Project) Try(ctx context.Context, args ...string) (string, error) {
	c, err := p.cloud.openstack(ctx)
	if err != nil {
		return "", fmt.Errorf("start the openstack client: %w", err)
	}
	answer, err := c.ask(ctx, append(environment(p.cloud.Dir), p.Env()...), args)
	if err != nil {
		err = fmt.Errorf("%w; its log:\n%s", err, p.cloud.Logs("client"))
	} else if answer.Code != 0 {
		err = fmt.Errorf("exit status %d: %s", answer.Code, strings.TrimSpace(answer.Err+" "+answer.Out))
	}
	if err != nil {
		return answer.Out, fmt.Errorf("openstack %s: %w", strings.Join(args, " "), err)
	}
	return answer.Out, nil
}

// openstack is the cloud's client, started at its first use.
func (c *Cloud) openstack(ctx context.Context) (*client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		started, err := newClient(ctx, c)
		if err != nil {
			return nil, err
		}
		c.client = started
	}
	return c.client, nil
}

// client is a process that has imported the openstack client, which takes seconds, and runs it anew for every request.
type client struct {
	requests io.Closer
	out      *json.Encoder
	done     chan struct{}

	mu      sync.Mutex // guards what follows
	last    int
	waiting map[int]chan answer
}

// answer is what one run of the client did.
type answer struct {
	ID, Code int
	Out, Err string
}

// newClient starts it. It ends with its standard input, and not with the call that it was started for.
func newClient(ctx context.Context, cloud *Cloud) (*client, error) {
	command := exec.CommandContext(context.WithoutCancel(ctx), "/usr/bin/python3", "-m", "virtlab.client")
	command.Env, command.Dir = environment(cloud.Dir), cloud.under("home")
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(cloud.logFile("client"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own copy
	command.Stderr = log
	if err := command.Start(); err != nil {
		return nil, err
	}
	c := &client{requests: in, out: json.NewEncoder(in), done: make(chan struct{}), waiting: map[int]chan answer{}}
	go func() {
		defer close(c.done)
		c.deliver(json.NewDecoder(out))
		_ = command.Wait() // its log says why it ended
	}()
	return c, nil
}

// deliver hands the answers to those who wait for them.
func (c *client) deliver(answers *json.Decoder) {
	for {
		var a answer
		if err := answers.Decode(&a); err != nil {
			return
		}
		c.mu.Lock()
		if to := c.waiting[a.ID]; to != nil {
			to <- a
			delete(c.waiting, a.ID)
		}
		c.mu.Unlock()
	}
}

// ask runs the client once. Runs do not wait for each other.
func (c *client) ask(ctx context.Context, env, args []string) (answer, error) {
	vars := map[string]string{}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		vars[name] = value
	}
	c.mu.Lock()
	c.last++
	to := make(chan answer, 1)
	c.waiting[c.last] = to
	err := c.out.Encode(object{"id": c.last, "args": args, "env": vars})
	c.mu.Unlock()
	if err != nil {
		return answer{}, err
	}
	select {
	case a := <-to:
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case <-c.done:
		return answer{}, errors.New("the client's process has ended")
	}
}

// close ends the process.
func (c *client) close() {
	_ = c.requests.Close() // it may be gone already
	<-c.done
}
