package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// daemon is one life of the server.
type daemon struct {
	command *exec.Cmd
	done    chan struct{}
}

// wait waits until it has ended.
func (d *daemon) wait() { <-d.done }

// Resume starts the server again after Stop or Kill, on the same addresses, and waits until it answers.
func (e *Engine) Resume(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running != nil {
		return nil
	}
	for _, stale := range []string{e.pidFile(), e.Socket(), e.under("exec/containerd/containerd.pid")} {
		if err := os.Remove(stale); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := e.launch(ctx); err != nil {
		return err
	}
	return e.await(ctx)
}

// Stop ends the server in order: containers are stopped first, unless they are to outlive it. Clients lose their
// connections and new ones are refused until Resume.
func (e *Engine) Stop(ctx context.Context) error { return e.end(ctx, "TERM") }

// Kill ends the server without a chance to say good-bye, as a crash does. Its containers live on until Resume.
func (e *Engine) Kill(ctx context.Context) error { return e.end(ctx, "KILL") }

// Restart is Stop and Resume.
func (e *Engine) Restart(ctx context.Context) error {
	if err := e.Stop(ctx); err != nil {
		return err
	}
	return e.Resume(ctx)
}

// Logs is what the server logged.
func (e *Engine) Logs() string {
	text, _ := os.ReadFile(e.under("log"))
	return string(text)
}

// complaints are the last lines of a log that are worse than news.
func complaints(log string) string {
	const most = 40
	lines := slices.DeleteFunc(strings.SplitAfter(log, "\n"), func(line string) bool { return strings.Contains(line, "level=info") })
	return strings.Join(lines[max(0, len(lines)-most):], "")
}

// end signals the server and waits until it is gone.
func (e *Engine) end(ctx context.Context, signal string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running == nil {
		return nil
	}
	pid, err := os.ReadFile(e.pidFile())
	if err != nil {
		return err
	}
	if _, err := e.Exec(ctx, "kill", "-"+signal, strings.TrimSpace(string(pid))); err != nil {
		return err
	}
	e.running.wait()
	e.running = nil
	return nil
}

// launch starts the server; one with TLS takes over a listener on the machine's loopback, in the manner of systemd's
// socket activation, which reaches it in another network namespace.
func (e *Engine) launch(ctx context.Context) error {
	var files []*os.File
	if e.TLS != nil {
		file, err := e.openTLS(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // the daemon's copy is the only one that stays
		files = append(files, file)
	}
	log, err := os.OpenFile(e.under("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the daemon has its own copy
	command := e.space.command(context.WithoutCancel(ctx), append([]string{"sh", "-c", e.prelude + `exec "$@"`, "sh"}, e.program...)...)
	command.ExtraFiles, command.Stdout, command.Stderr = files, log, log
	command.Env = append(append(command.Env, "TMPDIR="+e.under("tmp")), e.env...)
	if err := command.Start(); err != nil {
		return err
	}
	d := &daemon{command: command, done: make(chan struct{})}
	go func() {
		_ = command.Wait() // it was killed, or its log says why it ended
		close(d.done)
	}()
	e.running = d
	return nil
}

// await waits until the server answers, or has ended.
func (e *Engine) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := e.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
			continue
		case <-e.running.done:
			e.running = nil
		case <-ctx.Done():
		}
		return fmt.Errorf("%s does not answer: %w\n%s", e.program[0], err, e.Logs())
	}
}

// ping asks the server for a sign of life.
func (e *Engine) ping(ctx context.Context) error {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", e.Socket())
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/_ping", nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// openTCP opens the plain listener on the machine's loopback.
func (e *Engine) openTCP(ctx context.Context) (*relay, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return newRelay(ctx, l, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", e.Socket())
	}), nil
}

// openTLS opens the listener that dockerd takes over; the address that it gets stays.
func (e *Engine) openTLS(ctx context.Context) (*os.File, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", e.tls)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	if got := l.Addr().String(); got != e.tls { // once; from then on others may read it at any time
		e.tls = got
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("listen on %s: not a socket that has a file", e.tls)
	}
	return tcp.File()
}

// cacheDir is the folder for what outlives an engine, below the user's cache.
func cacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "terraform-provider-virt", "docker"), nil
}
