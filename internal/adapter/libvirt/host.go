package libvirt

import (
	"context"
	"sync"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// session is one connection with what was learnt of its host.
type session struct {
	*client
	config platform.Config

	capsOnce sync.Mutex
	caps     *libvirtxml.Caps
	domain   map[string]*libvirtxml.DomainCaps // by virtualisation type, architecture and machine type

	pools locks // one upload or allocation at a time and pool

	poolsKnown sync.Mutex
	poolTable  poolTable
	poolsAt    time.Time
}

// locks is one mutex per name.
type locks struct{ named sync.Map }

// lock takes a name's lock unless the context ends first; unlock gives it back.
func (l *locks) lock(ctx context.Context, name string) (unlock func(), err error) {
	made, _ := l.named.LoadOrStore(name, make(chan struct{}, 1))
	slot, _ := made.(chan struct{})
	select {
	case slot <- struct{}{}:
		return func() { <-slot }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// capabilities are what the host says of itself, asked once.
func (s *session) capabilities(ctx context.Context) (*libvirtxml.Caps, error) {
	s.capsOnce.Lock()
	defer s.capsOnce.Unlock()
	if s.caps != nil {
		return s.caps, nil
	}
	text, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) { return l.ConnectGetCapabilities() })
	if err != nil {
		return nil, failed("read the capabilities of", s.uri.where(), err)
	}
	caps := &libvirtxml.Caps{}
	if err := caps.Unmarshal(text); err != nil {
		return nil, failed("read the capabilities of", s.uri.where(), err)
	}
	s.caps = caps
	return caps, nil
}

// domainCapabilities are what one kind of domain can have on this host, asked once for each.
func (s *session) domainCapabilities(ctx context.Context, kind, arch, machine string) (*libvirtxml.DomainCaps, error) {
	s.capsOnce.Lock()
	defer s.capsOnce.Unlock()
	key := kind + " " + arch + " " + machine
	if caps := s.domain[key]; caps != nil {
		return caps, nil
	}
	text, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) {
		return l.ConnectGetDomainCapabilities(nil, libvirt.OptString{arch}, libvirt.OptString{machine}, libvirt.OptString{kind}, 0)
	})
	if err != nil {
		return nil, failed("read what domains can have on", s.uri.where(), err)
	}
	caps := &libvirtxml.DomainCaps{}
	if err := caps.Unmarshal(text); err != nil {
		return nil, failed("read what domains can have on", s.uri.where(), err)
	}
	if s.domain == nil {
		s.domain = map[string]*libvirtxml.DomainCaps{}
	}
	s.domain[key] = caps
	return caps, nil
}

// endpoint is the host's UUID with the driver: the system's and a user's own domains are different worlds.
func (s *session) endpoint(ctx context.Context) (string, error) {
	caps, err := s.capabilities(ctx)
	if err != nil {
		return "", err
	}
	id := caps.Host.UUID
	if id == "" { // the test driver has none
		id, err = ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) { return l.ConnectGetHostname() })
		if err != nil {
			return "", failed("ask the name of", s.uri.where(), err)
		}
	}
	return id + " " + s.uri.name(), nil
}
