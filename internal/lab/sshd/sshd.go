// Package sshd gives a lab's server a host that is reached by the real ssh, through a jump host.
package sshd

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// Access is what a client needs: names, and paths of files. Root logs in by key.
type Access struct {
	Jump       string // lab-jump, the name in Config of the host that is reached at once
	Host       string // lab-host, which Config reaches through Jump
	Config     string // a client's configuration with both
	KnownHosts string // the host keys of both
	Key        string // the client's private key, without a passphrase
	Bin        string // a folder with one program: an ssh that reads Config, for the front of PATH
}

// Inside makes a command that runs in the namespaces of a lab's server.
type Inside func(ctx context.Context, args ...string) *exec.Cmd

// Pair is a jump host that listens on the machine's loopback, and behind it, in the server's network namespace alone, a
// host with the server. Each has a host key of its own; both are hosts of the same server.
type Pair struct {
	Access Access

	dir      string
	inside   Inside
	listener net.Listener
	sessions sync.WaitGroup // they end with the namespaces
}

// Start starts both over a folder below dir. The context is for starting alone: they end with Close and the namespaces.
func Start(ctx context.Context, dir string, inside Inside) (*Pair, error) {
	dir = filepath.Join(dir, "ssh")
	p := &Pair{dir: dir, inside: inside, Access: Access{
		Jump: "lab-jump", Host: "lab-host", Config: filepath.Join(dir, "config"), KnownHosts: filepath.Join(dir, "known_hosts"),
		Key: filepath.Join(dir, "id"), Bin: filepath.Join(dir, "bin"),
	}}
	if err := os.MkdirAll(p.Access.Bin, 0o700); err != nil {
		return nil, err
	}
	var err error
	if p.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if err := p.write(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	go p.accept(context.WithoutCancel(ctx))
	// It insists on that folder, and goes to the background by itself.
	host := inside(ctx, "sh", "-c", `mkdir -p /run/sshd && exec "$@"`, "sh", program.Find("sshd"), "-f", p.serverFile(p.Access.Host))
	if _, err := program.Output(host); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// accept serves connections to the jump host, each by an sshd of its own inside the namespaces: so the jump host hears
// on the machine's loopback and speaks to the server's.
func (p *Pair) accept(ctx context.Context) {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			conn.Close()
			continue
		}
		file, err := tcp.File()
		conn.Close() // the session has a copy
		if err != nil {
			continue
		}
		sshd := p.inside(ctx, program.Find("sshd"), "-i", "-f", p.serverFile(p.Access.Jump))
		sshd.Stdin, sshd.Stdout, sshd.WaitDelay = file, file, time.Second
		p.sessions.Go(func() {
			_ = sshd.Run() // it ends with its client
			_ = file.Close()
		})
	}
}

// Close refuses further connections. Running sessions end with the namespaces.
func (p *Pair) Close() error { return p.listener.Close() }

// Wait waits for the sessions to end, which the end of the namespaces sees to.
func (p *Pair) Wait() { p.sessions.Wait() }
