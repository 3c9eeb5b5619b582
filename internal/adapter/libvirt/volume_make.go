package libvirt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// undoTime is how long the removal of what a failed change left may take. The engine leaves a call behind five seconds
// after its time is over.
const undoTime = 3 * time.Second

// volumeSpec describes a volume to make.
type volumeSpec struct {
	pool, name string
	size       platform.Size // 0: that of the source
	format     string        // "": qcow2, or raw where the pool has block devices
	source     string        // path of the volume that it is a copy of; "" is none
	linked     bool          // it holds only what differs from the source
}

// makeVolume makes a volume: empty, as a copy, or on top of another one. Nothing is left under the name when it fails.
func (s *session) makeVolume(ctx context.Context, spec volumeSpec) (*volume, error) {
	on := spec.pool + "/" + spec.name
	p, err := s.pool(ctx, spec.pool)
	if err != nil {
		return nil, failed("make the volume", on, err)
	}
	source, err := s.sourceOf(ctx, p, &spec)
	if err != nil {
		return nil, failed("make the volume", on, err)
	}
	unlock, err := s.pools.lock(ctx, p.name)
	if err != nil {
		return nil, failed("make the volume", on, err)
	}
	defer unlock()
	v, err := s.allocate(ctx, p, spec, source)
	return v, failed("make the volume", on, err)
}

// sourceOf completes the spec and checks it against the pool and the source, which is nil where there is none.
func (s *session) sourceOf(ctx context.Context, p *pool, spec *volumeSpec) (*volume, error) {
	if spec.format == "" {
		spec.format = formatQcow2
		if p.block() {
			spec.format = formatRaw
		}
	}
	if p.block() && spec.format != formatRaw {
		return nil, invalid("the pool %s has block devices, which hold raw disks: the type has to be raw", p.name)
	}
	if spec.source == "" {
		if spec.size <= 0 {
			return nil, invalid("a volume that is no copy needs a size")
		}
		return nil, nil
	}
	source, err := s.volume(ctx, spec.source)
	if err != nil {
		return nil, err
	}
	if spec.size != 0 && spec.size < source.capacity {
		return nil, invalid("the source has %s: the copy cannot be smaller than that", source.capacity)
	}
	if spec.linked && (spec.format != formatQcow2 || p.block()) {
		return nil, invalid("a linked clone is a qcow2 file; a full copy can be raw")
	}
	spec.size = max(spec.size, source.capacity)
	return source, nil
}

func invalid(format string, args ...any) error {
	return platform.As(platform.ErrInvalid, fmt.Errorf(format, args...))
}

// allocate makes the volume under the pool's lock. What fails half-way is removed again.
func (s *session) allocate(ctx context.Context, p *pool, spec volumeSpec, source *volume) (*volume, error) {
	if err := s.vacant(ctx, p, spec.name); err != nil {
		return nil, err
	}
	document, err := volumeDocument(p, spec, source)
	if err != nil {
		return nil, err
	}
	if err := s.createVolume(ctx, p, document, spec, source); err != nil {
		return nil, s.undo(ctx, p, spec.name, err)
	}
	v, err := s.complete(ctx, p, spec)
	if err != nil {
		return nil, s.undo(ctx, p, spec.name, err)
	}
	return v, nil
}

// leftError is a failed creation that left a volume, since even its removal failed.
type leftError struct {
	key        string
	why, still error
}

func (e *leftError) Error() string {
	return fmt.Sprintf("%v; what there is of it could not be removed: %v; delete %s by hand", e.why, e.still, e.key)
}

// Unwrap gives the reason of the failure.
func (e *leftError) Unwrap() error { return e.why }

// vacant fails when the name is taken, by a volume or by a file that libvirt has not seen yet.
func (s *session) vacant(ctx context.Context, p *pool, name string) error {
	_, err := s.lookUp(ctx, p.file(name))
	if absent(err) {
		return nil
	}
	if err == nil {
		return &platform.ExistsError{Name: p.name + "/" + name, ID: p.file(name)}
	}
	return err
}

// createVolume makes one empty, or copies. A copy takes as long as it takes, so it has a connection of its own.
func (s *session) createVolume(ctx context.Context, p *pool, document string, spec volumeSpec, source *volume) error {
	if source == nil || spec.linked {
		_, err := act(ctx, s.client, func(l *libvirt.Libvirt) (libvirt.StorageVol, error) {
			return l.StorageVolCreateXML(p.rpc, document, 0)
		}, libvirt.ErrStorageVolExist)
		return err
	}
	copyVolume := func(how libvirt.StorageVolCreateFlags) error {
		return s.stream(ctx, func(l *libvirt.Libvirt) error {
			_, err := l.StorageVolCreateXMLFrom(p.rpc, document, source.rpc, how)
			return err
		})
	}
	if spec.format == formatRaw && source.format == formatRaw && !p.block() && !source.block {
		// on XFS and btrfs this takes no time; elsewhere it is refused at once, and leaves nothing
		if err := copyVolume(libvirt.StorageVolCreateReflink); err == nil || !isRefused(err) {
			return err
		}
	}
	return copyVolume(0)
}

// isRefused says that the server answered, and that nothing stood in the way of the name.
func isRefused(err error) bool {
	var told libvirt.Error
	return errors.As(err, &told) && !existsText(err) && !is(err, libvirt.ErrStorageVolExist)
}

// complete reads the new volume. A copy starts with the size of its source.
func (s *session) complete(ctx context.Context, p *pool, spec volumeSpec) (*volume, error) {
	rpc, err := s.named(ctx, p, spec.name)
	if err == nil && rpc == nil {
		err = fmt.Errorf("libvirt made %s, but does not know it any more", p.file(spec.name))
	}
	if err != nil {
		return nil, err
	}
	v, err := s.describe(ctx, *rpc)
	if err != nil || v.capacity >= spec.size {
		return v, err
	}
	if err := s.resize(ctx, *rpc, spec.size); err != nil {
		return nil, err
	}
	return s.describe(ctx, *rpc)
}

// undo removes what a creation left that failed or whose time was over, and gives the failure back. A copy that the
// server is still busy with can only be removed once it is done.
func (s *session) undo(ended context.Context, p *pool, name string, why error) error {
	if errors.Is(why, platform.ErrExists) || is(why, libvirt.ErrStorageVolExist) || existsText(why) {
		return why // it is somebody else's
	}
	if err := s.discard(ended, p, name); err != nil {
		return &leftError{key: p.file(name), why: why, still: err}
	}
	return why
}

// existsText says that a file stood in the way that libvirt had not seen yet. It has no code of its own.
func existsText(err error) bool {
	var told libvirt.Error
	return errors.As(err, &told) && strings.Contains(told.Message, "already exists")
}

// discard removes a volume though the time of what made it may be over.
func (s *session) discard(ended context.Context, p *pool, name string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), undoTime)
	defer cancel()
	return s.removeNamed(ctx, p, name)
}

// removeNamed deletes a volume of a pool, and waits for an allocation that is still going on. None is fine.
func (s *session) removeNamed(ctx context.Context, p *pool, name string) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		rpc, err := s.named(ctx, p, name)
		if err != nil || rpc == nil {
			return err
		}
		err = s.removeVolume(ctx, *rpc)
		if !jobsRunning(err) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// volumeDocument is what libvirt makes a volume from. A file starts small and grows; a block device is all there, as one
// that grows would be a snapshot that can overflow.
func volumeDocument(p *pool, spec volumeSpec, source *volume) (string, error) {
	size := &libvirtxml.StorageVolumeSize{Unit: "bytes", Value: uint64(spec.size)} //nolint:gosec // it is positive
	document := &libvirtxml.StorageVolume{
		Name: spec.name, Capacity: size, Allocation: &libvirtxml.StorageVolumeSize{Unit: "bytes"},
		Target: &libvirtxml.StorageVolumeTarget{Format: &libvirtxml.StorageVolumeTargetFormat{Type: spec.format}},
	}
	if p.block() {
		document.Allocation, document.Target = size, nil
	}
	if spec.format == formatQcow2 {
		document.Target.Compat = "1.1"
	}
	if spec.linked {
		document.BackingStore = &libvirtxml.StorageVolumeBackingStore{
			Path: source.key, Format: &libvirtxml.StorageVolumeTargetFormat{Type: source.format},
		}
	}
	return document.Marshal()
}
