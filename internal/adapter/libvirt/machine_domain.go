package libvirt

import (
	"context"
	"fmt"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// domain is a machine as libvirt has it.
type domain struct {
	rpc libvirt.Domain
	id  string
	doc *libvirtxml.Domain // its definition, which counts at its next start
	run *libvirtxml.Domain // what runs; nil while it is off
	rec machineRecord      // from the definition
	// power is one of the contract's states; paused tells a suspended one that is still in memory.
	power     string
	paused    bool
	autostart bool
	bootedAt  string
}

// libvirt's domain states and reasons that count here (virDomainState, virDomainPausedReason).
const (
	stateRunning     = int32(libvirt.DomainRunning)
	stateBlocked     = int32(libvirt.DomainBlocked)
	statePaused      = int32(libvirt.DomainPaused)
	stateShutdown    = int32(libvirt.DomainShutdown)
	statePMSuspended = int32(libvirt.DomainPmsuspended)
	pausedByUser     = int32(libvirt.DomainPausedUser)
)

// powerOf turns libvirt's state into the contract's.
func powerOf(state, reason int32, saved bool) (power string, paused bool) {
	switch {
	case state == statePaused && reason == pausedByUser, state == statePMSuspended:
		return platform.PowerSuspended, true
	case state == stateRunning, state == stateBlocked, state == statePaused, state == stateShutdown:
		return platform.PowerOn, false
	case saved:
		return platform.PowerSuspended, false
	}
	return platform.PowerOff, false
}

// lookup finds a domain by its UUID.
func (s *session) lookup(ctx context.Context, id string) (libvirt.Domain, error) {
	uuid, ok := parseUUID(id)
	if !ok {
		return libvirt.Domain{}, noMachine(id, s.uri.where())
	}
	dom, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (libvirt.Domain, error) { return l.DomainLookupByUUID(uuid) })
	if is(err, libvirt.ErrNoDomain) {
		return dom, noMachine(id, s.uri.where())
	}
	return dom, failed("look up the machine", id, err)
}

func noMachine(id, where string) error {
	return failed("find the machine", id, platform.As(platform.ErrNotFound, fmt.Errorf("%s has no such domain", where)))
}

// load reads one domain with all that is known of it; secure asks for its passwords, too, as a redefinition needs.
func (s *session) load(ctx context.Context, id string, secure bool) (*domain, error) {
	rpc, err := s.lookup(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.loaded(ctx, rpc, id, secure)
}

func (s *session) loaded(ctx context.Context, rpc libvirt.Domain, id string, secure bool) (*domain, error) {
	f, err := s.facts(ctx, rpc)
	if err != nil {
		return nil, gone(id, s.uri.where(), err)
	}
	d, err := s.assemble(ctx, rpc, f, secure)
	return d, gone(id, s.uri.where(), err)
}

// gone makes of "no such domain" what the engine understands.
func gone(id, where string, err error) error {
	if is(err, libvirt.ErrNoDomain) {
		return noMachine(id, where)
	}
	return failed("read the machine", id, err)
}

// facts are what the documents of a domain do not say.
type facts struct {
	state, reason    int32
	saved, autostart bool
}

// facts asks for one domain.
func (s *session) facts(ctx context.Context, rpc libvirt.Domain) (facts, error) {
	return ask(ctx, s.client, func(l *libvirt.Libvirt) (f facts, err error) {
		if f.state, f.reason, err = l.DomainGetState(rpc, 0); err != nil {
			return f, err
		}
		if !runs(f.state) {
			saved, err := l.DomainHasManagedSaveImage(rpc, 0)
			if err != nil && !is(err, libvirt.ErrNoSupport) {
				return f, err
			}
			f.saved = saved == 1
		}
		autostart, err := l.DomainGetAutostart(rpc)
		f.autostart = autostart == 1
		return f, err
	})
}

func runs(state int32) bool {
	return state == stateRunning || state == stateBlocked || state == statePaused || state == stateShutdown || state == statePMSuspended
}

// assemble reads a domain's documents.
func (s *session) assemble(ctx context.Context, rpc libvirt.Domain, f facts, secure bool) (*domain, error) {
	d := &domain{rpc: rpc, id: spellUUID(rpc.UUID), autostart: f.autostart}
	d.power, d.paused = powerOf(f.state, f.reason, f.saved)
	var how libvirt.DomainXMLFlags
	if secure {
		how = libvirt.DomainXMLSecure
	}
	var err error
	if d.doc, err = s.document(ctx, rpc, how|libvirt.DomainXMLInactive); err != nil {
		return nil, err
	}
	if err := readRecord(metadataOf(d.doc), &d.rec); err != nil {
		return nil, err
	}
	switch {
	case runs(f.state):
		d.run, err = s.document(ctx, rpc, how)
	case f.saved:
		saved, savedErr := s.savedDocument(ctx, rpc)
		d.bootedAt, err = bootTime(saved), savedErr
	}
	if d.run != nil {
		d.bootedAt = bootTime(d.run)
	}
	return d, err
}

func (s *session) document(ctx context.Context, rpc libvirt.Domain, how libvirt.DomainXMLFlags) (*libvirtxml.Domain, error) {
	text, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) { return l.DomainGetXMLDesc(rpc, how) })
	if err != nil {
		return nil, err
	}
	if text, err = networkInterfaces(text); err != nil {
		return nil, err
	}
	doc := &libvirtxml.Domain{}
	return doc, doc.Unmarshal(text)
}

// savedDocument is the running document of a domain whose memory is saved.
func (s *session) savedDocument(ctx context.Context, rpc libvirt.Domain) (*libvirtxml.Domain, error) {
	text, err := ask(ctx, s.client, func(l *libvirt.Libvirt) (string, error) { return l.DomainManagedSaveGetXMLDesc(rpc, 0) })
	if err != nil {
		return nil, err
	}
	doc := &libvirtxml.Domain{}
	return doc, doc.Unmarshal(text)
}

func metadataOf(doc *libvirtxml.Domain) string {
	if doc == nil || doc.Metadata == nil {
		return ""
	}
	return doc.Metadata.XML
}

// bootTime is when a running domain was started, where we started it; libvirt itself does not keep it.
func bootTime(run *libvirtxml.Domain) string {
	var rec machineRecord
	if readRecord(metadataOf(run), &rec) != nil {
		return ""
	}
	return rec.BootedAt
}
