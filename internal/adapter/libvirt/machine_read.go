package libvirt

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// inFlight is how many documents are asked for at a time: calls share one connection, and an answer takes longer than
// the next question.
const inFlight = 32

// Read fills have.
func (m *machines) Read(ctx context.Context, have *platform.Machine) error {
	d, err := m.s.load(ctx, value(have.ID), false)
	if err != nil {
		return err
	}
	nets, err := m.s.networkNames(ctx)
	if err != nil {
		return err
	}
	about, err := m.s.observe(ctx, d)
	if err != nil {
		return gone(value(have.ID), m.s.uri.where(), err)
	}
	about.nets = reversed(nets)
	about.fill(platform.Importing(ctx), have)
	if d.rec.Creating {
		platform.Warn(ctx, fmt.Errorf("the creation of %s was interrupted: disks may be missing and what its guest is told; the next change of it completes it, and -replace makes it anew", d.doc.Name))
	}
	return nil
}

// List gives every domain that is defined.
func (m *machines) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Machine], error] {
	return func(yield func(platform.Entry[platform.Machine], error) bool) {
		all, err := m.s.observeAll(ctx)
		if err != nil {
			yield(platform.Entry[platform.Machine]{}, failed("list the machines of", m.s.uri.where(), err))
			return
		}
		importing := platform.Importing(ctx)
		for _, about := range all {
			fill := func(have *platform.Machine) error {
				if about.err == nil {
					about.fill(importing, have)
				}
				return about.err
			}
			if !yield(platform.Entry[platform.Machine]{ID: about.id, Name: about.name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// table is what is known of all domains at once.
type table struct {
	domains          []libvirt.Domain
	states           map[libvirt.UUID]facts
	saved, autostart map[libvirt.UUID]bool
	nets             map[string]string // network UUIDs by name
}

// tabulate asks what can be asked for all domains at once: five calls.
func (s *session) tabulate(ctx context.Context) (*table, error) {
	t := &table{states: map[libvirt.UUID]facts{}, saved: map[libvirt.UUID]bool{}, autostart: map[libvirt.UUID]bool{}}
	list := func(which libvirt.ConnectListAllDomainsFlags) ([]libvirt.Domain, error) {
		return ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.Domain, error) {
			domains, _, err := l.ConnectListAllDomains(1, which|libvirt.ConnectListDomainsPersistent)
			return domains, err
		})
	}
	var err error
	if t.domains, err = list(0); err != nil {
		return nil, err
	}
	for which, at := range map[libvirt.ConnectListAllDomainsFlags]map[libvirt.UUID]bool{
		libvirt.ConnectListDomainsManagedsave: t.saved, libvirt.ConnectListDomainsAutostart: t.autostart,
	} {
		some, err := list(which)
		if err != nil {
			return nil, err
		}
		for _, d := range some {
			at[d.UUID] = true
		}
	}
	names, err := s.networkNames(ctx)
	if err != nil {
		return nil, err
	}
	t.nets = reversed(names)
	return t, s.tabulateStates(ctx, t)
}

// tabulateStates asks for all states in one call.
func (s *session) tabulateStates(ctx context.Context, t *table) error {
	stats, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.DomainStatsRecord, error) {
		return l.ConnectGetAllDomainStats(nil, uint32(libvirt.DomainStatsState), 0)
	})
	if err != nil {
		return err
	}
	for _, record := range stats {
		f := facts{saved: t.saved[record.Dom.UUID], autostart: t.autostart[record.Dom.UUID]}
		for _, p := range record.Params {
			n, _ := p.Value.I.(int32)
			switch p.Field {
			case "state.state":
				f.state = n
			case "state.reason":
				f.reason = n
			}
		}
		t.states[record.Dom.UUID] = f
	}
	return nil
}

// observeAll reads every domain, several at a time.
func (s *session) observeAll(ctx context.Context) ([]*observed, error) {
	t, err := s.tabulate(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]*observed, len(t.domains))
	each(len(all), func(i int) {
		all[i] = s.observeOne(ctx, t, t.domains[i])
	})
	list := all[:0]
	for _, about := range all {
		if !is(about.err, libvirt.ErrNoDomain) { // gone meanwhile
			about.err = failed("read the machine", about.name, about.err)
			list = append(list, about)
		}
	}
	return list, nil
}

// each calls do for 0 … n-1, some at a time.
func each(n int, do func(i int)) {
	var wait sync.WaitGroup
	slots := make(chan struct{}, inFlight)
	for i := range n {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	wait.Wait()
}

func (s *session) observeOne(ctx context.Context, t *table, rpc libvirt.Domain) *observed {
	broken := func(err error) *observed { return &observed{id: spellUUID(rpc.UUID), name: rpc.Name, err: err} }
	d, err := s.assemble(ctx, rpc, t.states[rpc.UUID], false)
	if err != nil {
		return broken(err)
	}
	about, err := s.observe(ctx, d)
	if err != nil {
		return broken(err)
	}
	about.nets = t.nets
	return about
}

// usersOf lists the machines that have a volume, as a disk or below one.
func (s *session) usersOf(ctx context.Context, file string) ([]*domain, error) {
	t, err := s.tabulate(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]*domain, len(t.domains))
	errs := make([]error, len(t.domains))
	each(len(found), func(i int) {
		d, err := s.assemble(ctx, t.domains[i], t.states[t.domains[i].UUID], false)
		if err != nil && !is(err, libvirt.ErrNoDomain) {
			errs[i] = err
		}
		if err == nil && (findDisk(d.doc, file) != nil || findDisk(d.run, file) != nil) {
			found[i] = d
		}
	})
	var users []*domain
	for i, d := range found {
		if errs[i] != nil {
			return nil, failed("look which machine uses", file, errs[i])
		}
		if d != nil {
			users = append(users, d)
		}
	}
	return users, nil
}

// detachEverywhere takes a volume off every machine that has it.
func (s *session) detachEverywhere(ctx context.Context, file string) error {
	users, err := s.usersOf(ctx, file)
	if err != nil {
		return err
	}
	for _, d := range users {
		c := &change{s: s, is: d}
		if err := c.unplugDisk(ctx, file); err != nil {
			return failed("detach the disk "+file+" from", d.doc.Name, err)
		}
		rec := d.rec.clone()
		if key, ok := rec.diskKey(file); ok {
			delete(rec.Disks, key)
			if err := s.writeNote(ctx, d.rpc, rec, libvirt.DomainAffectConfig); err != nil {
				return failed("note the disks of", d.doc.Name, err)
			}
		}
	}
	return nil
}

// bootVolume is the file that a machine starts from, and whether it runs.
func (s *session) bootVolume(ctx context.Context, machine string) (file string, running bool, err error) {
	d, err := s.load(ctx, machine, false)
	if err != nil {
		return "", false, err
	}
	disks := disksOf(d.doc)
	if len(disks) == 0 {
		return "", false, failed("find the boot disk of", d.doc.Name, platform.As(platform.ErrInvalid, fmt.Errorf("it has no disk")))
	}
	return sourceOf(disks[0].Source), d.power != platform.PowerOff, nil
}
