package libvirt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// change turns a domain as it is into the machine that is wanted. Its document is edited into what shall be; what can
// be done to the running domain stands in steps, and what cannot in off.
type change struct {
	s           *session
	is          *domain
	prior, want *platform.Machine
	own, was    *platform.LibvirtMachine // the blocks of want and prior, never nil
	fresh       bool                     // it is being made: nothing to be reset

	doc   *libvirtxml.Domain // the definition to be
	rec   *machineRecord     // its record to be
	nets  map[string]string  // names of the networks by UUID
	off   []string           // attributes that can only change while it is off
	steps []step             // for the running domain, in order

	volumes []planned // to be made first
	growing []growth
	leaving []departure

	uploads  []discFile
	obsolete []string // files that nothing refers to afterwards
}

// step is one change of the running domain, or of its definition, or both.
type step struct {
	what string
	path []string // the attribute that it is about
	do   func(ctx context.Context) error
}

// planned is a volume to be made for a disk.
type planned struct {
	spec volumeSpec
	path []string // the attribute
	file string   // where it will be
}

// growth is a disk to be grown.
type growth struct {
	file string
	to   platform.Size
	path []string
}

// departure is a disk that leaves the machine.
type departure struct {
	key, file string
	destroy   bool
}

// newChange works out what differs. is.run is nil while it is off: then there are no steps.
func (s *session) newChange(ctx context.Context, is *domain, prior, want *platform.Machine) (*change, error) {
	c := &change{s: s, is: is, prior: prior, want: want, fresh: prior == nil}
	if prior == nil {
		c.prior = &platform.Machine{}
	}
	c.own, c.was = blank(want.Libvirt), blank(c.prior.Libvirt)
	c.rec = is.rec.clone()
	c.rec.Creating = c.fresh // a change of an unfinished machine finishes it
	doc, err := copied(is.doc)
	if err != nil {
		return nil, err
	}
	c.doc = doc
	if c.nets, err = s.networkNames(ctx); err != nil {
		return nil, err
	}
	c.general()
	if err := c.hardware(ctx); err != nil {
		return nil, err
	}
	c.boot()
	c.console()
	if err := errors.Join(c.disks(ctx), c.adapters(), c.drives(ctx)); err != nil {
		return nil, err
	}
	c.overlay()
	return c, nil
}

func blank(v *platform.LibvirtMachine) *platform.LibvirtMachine {
	if v == nil {
		return &platform.LibvirtMachine{}
	}
	return v
}

// copied is a deep copy of a document.
func copied(doc *libvirtxml.Domain) (*libvirtxml.Domain, error) {
	text, err := doc.Marshal()
	if err != nil {
		return nil, err
	}
	out := &libvirtxml.Domain{}
	return out, out.Unmarshal(text)
}

// pick is the value to reach: what is wanted; the default for what is no longer wanted, and in a new machine; nil for
// what is not managed.
func pick[T any](c *change, want, prior *T, reset T) *T {
	switch {
	case want != nil:
		return want
	case c.fresh, prior != nil:
		return &reset
	}
	return nil
}

// needsOff notes an attribute that cannot change while the machine runs.
func (c *change) needsOff(path string) { c.off = append(c.off, path) }

// live adds a step where the domain runs.
func (c *change) live(what string, path []string, do func(ctx context.Context) error) {
	if c.is.run != nil {
		c.steps = append(c.steps, step{what, path, do})
	}
}

// both are the flags of a change of the running domain and its definition.
const both = uint32(libvirt.DomainAffectLive | libvirt.DomainAffectConfig)

// general is what libvirt keeps of a machine without looking at it. The name is changed by a call of its own.
func (c *change) general() {
	if c.want.Name != c.doc.Name {
		c.needsOff("name")
	}
	if text := pick(c, c.want.Description, c.prior.Description, ""); text != nil && *text != c.doc.Description {
		c.doc.Description = *text
		c.live("describe", []string{"description"}, func(ctx context.Context) error {
			return do(ctx, c.s.client, func(l *libvirt.Libvirt) error {
				var told libvirt.OptString
				if *text != "" {
					told = libvirt.OptString{*text}
				}
				return l.DomainSetMetadata(c.is.rpc, int32(libvirt.DomainMetadataDescription), told, nil, nil, libvirt.DomainModificationImpact(both))
			})
		})
	}
	if c.want.Tags != nil || c.prior.Tags != nil {
		c.rec.Tags = maps.Clone(c.want.Tags)
	}
	if c.own.AddressSource != nil || c.was.AddressSource != nil {
		c.rec.Sources = slices.Clone(c.own.AddressSource)
	}
}

// changed says whether the definition has to be written.
func (c *change) changed() (bool, error) {
	if c.rec.Overlay != c.is.rec.Overlay {
		return true, nil
	}
	before, err := c.is.doc.Marshal()
	if err != nil {
		return false, err
	}
	after, err := c.doc.Marshal()
	return before != after, err
}

// differs says whether the definition has to be written, for its content or for the record in it.
func (c *change) differs() (bool, error) {
	differs, err := c.changed()
	return differs || !c.noted(), err
}

// noted says whether the domain's record is as it shall be.
func (c *change) noted() bool {
	before, after := *c.is.rec.clone(), *c.rec.clone()
	return reflect.DeepEqual(before, after)
}

// document is the definition to be, with the record and the overlay in it.
func (c *change) document() (string, error) {
	metadata, err := writeRecord(metadataOf(c.doc), c.rec)
	if err != nil {
		return "", err
	}
	c.doc.Metadata = &libvirtxml.DomainMetadata{XML: metadata}
	text, err := c.doc.Marshal()
	if err != nil {
		return "", err
	}
	return overlaid(text, c.is.rec.Overlay, c.rec.Overlay)
}

// define writes the definition: of the same domain, never a new one.
func (c *change) define(ctx context.Context) error {
	text, err := c.document()
	if err != nil {
		return failed("write the definition of", c.want.Name, err)
	}
	rpc, err := act(ctx, c.s.client, func(l *libvirt.Libvirt) (libvirt.Domain, error) {
		return l.DomainDefineXMLFlags(text, libvirt.DomainDefineValidate)
	})
	if err != nil {
		return failed("define the machine", c.want.Name, err)
	}
	c.is.rpc = rpc
	return nil
}

// note writes the record of a running domain, into its definition and beside its boot time into what runs.
func (c *change) note(ctx context.Context) error {
	if err := c.s.writeNote(ctx, c.is.rpc, c.rec, libvirt.DomainAffectConfig); err != nil {
		return failed("note the configuration of", c.want.Name, err)
	}
	running := *c.rec
	running.BootedAt = c.is.bootedAt
	return failed("note the configuration of", c.want.Name, c.s.writeNote(ctx, c.is.rpc, &running, libvirt.DomainAffectLive))
}

// writeNote puts a record into a domain's metadata.
func (s *session) writeNote(ctx context.Context, rpc libvirt.Domain, rec *machineRecord, where libvirt.DomainModificationImpact) error {
	text, err := recordText(rec)
	if err != nil {
		return err
	}
	return do(ctx, s.client, func(l *libvirt.Libvirt) error {
		return l.DomainSetMetadata(rpc, int32(libvirt.DomainMetadataElement), libvirt.OptString{text},
			libvirt.OptString{metadataPrefix}, libvirt.OptString{namespace}, where)
	})
}

// at ties a step's error to its attribute.
func (st step) run(ctx context.Context, on string) error {
	err := failed(st.what+" of the machine", on, st.do(ctx))
	if len(st.path) > 0 {
		return platform.At(err, st.path...)
	}
	return err
}

// checkTopology refuses processors that do not fill their sockets.
func checkTopology(limit, cores, threads int64) error {
	if per := cores * threads; per > 0 && limit%per != 0 {
		return platform.As(platform.ErrInvalid, fmt.Errorf("%d processors do not fill sockets of %d cores with %d threads", limit, cores, threads))
	}
	return nil
}
