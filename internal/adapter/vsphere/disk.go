package vsphere

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// volumes are the disks of a connection that have a life of their own: first-class disks, whose stable id is their
// UUID, and plain VMDK files, whose id is "[datastore] path.vmdk".
type volumes struct {
	s         *session
	catalogue *catalogue
}

func newVolumes(s *session) *volumes { return &volumes{s: s, catalogue: &catalogue{session: s}} }

var (
	_ platform.Resource[platform.Disk] = (*volumes)(nil)
	_ platform.Lister[platform.Disk]   = (*volumes)(nil)
	_ platform.Finder[platform.Disk]   = (*volumes)(nil)
)

// plain says whether an id is that of a file.
func plain(id string) bool { return strings.HasPrefix(id, "[") }

// at reads a disk by its id.
func (v *volumes) at(ctx context.Context, id string) (*volume, error) {
	if plain(id) {
		return v.file(ctx, id)
	}
	return v.catalogue.disk(ctx, id)
}

// file reads a plain VMDK by the browser of its datastore.
func (v *volumes) file(ctx context.Context, id string) (*volume, error) {
	var p object.DatastorePath
	if !p.FromString(id) || path.Ext(p.Path) != ".vmdk" {
		err := errors.New(`a plain disk is named "[datastore] path.vmdk"`)
		return nil, failed("find the disk", id, platform.As(platform.ErrInvalid, err))
	}
	ds, err := v.s.datastore(ctx, p.Datastore)
	if err != nil {
		return nil, failed("find the disk", id, err)
	}
	browser, err := v.browser(ctx, ds)
	if err != nil {
		return nil, failed("find the disk", id, err)
	}
	folder := strings.TrimSuffix((&object.DatastorePath{Datastore: p.Datastore, Path: path.Dir(p.Path)}).String(), ".")
	result, err := v.s.run(ctx, func() (types.ManagedObjectReference, error) {
		return taskOf(methods.SearchDatastore_Task(ctx, v.s.vim, &types.SearchDatastore_Task{
			This: browser, DatastorePath: strings.TrimSpace(folder), SearchSpec: diskSearch(path.Base(p.Path)),
		}))
	})
	if isFault[*types.FileNotFound](err) {
		return nil, noDisk(id, v.s.server)
	}
	if err != nil {
		return nil, failed("read the disk", id, err)
	}
	found, _ := result.(types.HostDatastoreBrowserSearchResults)
	for _, f := range found.File {
		if info, ok := f.(*types.VmDiskFileInfo); ok {
			name := strings.TrimSuffix(path.Base(p.Path), ".vmdk")
			return &volume{id: id, name: name, file: id, datastore: ds.ref, size: platform.Size(info.CapacityKb) * platform.KiB}, nil
		}
	}
	return nil, noDisk(id, v.s.server)
}

func diskSearch(name string) *types.HostDatastoreBrowserSearchSpec {
	return &types.HostDatastoreBrowserSearchSpec{
		Query:        []types.BaseFileQuery{&types.VmDiskFileQuery{Details: &types.VmDiskFileQueryFlags{CapacityKb: true}}},
		Details:      &types.FileQueryFlags{FileType: true, FileSize: true},
		MatchPattern: []string{name},
	}
}

func (v *volumes) browser(ctx context.Context, ds *node) (browser types.ManagedObjectReference, err error) {
	contents, err := v.s.retrieve(ctx, []types.ObjectSpec{{Obj: ds.ref}}, []types.PropertySpec{{Type: kindDatastore, PathSet: []string{"browser"}}})
	for _, c := range contents {
		for _, p := range c.PropSet {
			browser, _ = p.Val.(types.ManagedObjectReference)
		}
	}
	return browser, err
}

// Read fills have.
func (v *volumes) Read(ctx context.Context, have *platform.Disk) error {
	found, err := v.at(ctx, value(have.ID))
	if err != nil {
		return err
	}
	found.fill(have)
	return nil
}

// fill is the one translation from a disk of the API. How it was provisioned is told for single disks only, so that
// a list could not say the same: it is left out.
func (found *volume) fill(have *platform.Disk) {
	*have = platform.Disk{Meta: have.Meta, Name: found.name, Size: &found.size}
	have.ID = &found.id
	have.Native = map[string]string{"path": found.file}
	var p object.DatastorePath
	if p.FromString(found.file) {
		have.Storage = &p.Datastore
	}
	if plain(found.id) {
		have.VSphere = &platform.VSphereDisk{Path: &p.Path}
	}
}

// List gives the first-class disks. Plain files are known to nobody but the one who named them.
func (v *volumes) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Disk], error] {
	return func(yield func(platform.Entry[platform.Disk], error) bool) {
		found, err := v.catalogue.list(ctx, "")
		if err != nil {
			yield(platform.Entry[platform.Disk]{}, err)
			return
		}
		for i := range found {
			fill := func(have *platform.Disk) error { found[i].fill(have); return nil }
			if !yield(platform.Entry[platform.Disk]{ID: found[i].id, Name: found[i].name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves a name, an id or "[datastore] path.vmdk".
func (v *volumes) Find(ctx context.Context, ref string) (string, error) {
	if plain(ref) {
		return v.findFile(ctx, ref)
	}
	found, err := v.catalogue.disk(ctx, ref)
	if err == nil {
		return found.id, nil
	}
	if !errors.Is(err, platform.ErrNotFound) {
		return "", err
	}
	named, err := v.catalogue.list(ctx, ref)
	if err != nil {
		return "", err
	}
	switch len(named) {
	case 0:
		err := fmt.Errorf("%s has no first-class disk %q; name a plain one as \"[datastore] path.vmdk\"", v.s.server, ref)
		return "", failed("find the disk", ref, platform.As(platform.ErrNotFound, err))
	case 1:
		return named[0].id, nil
	}
	several := &platform.AmbiguousError{Ref: ref}
	for _, d := range named {
		several.Matches = append(several.Matches, d.id)
	}
	return "", failed("find the disk", ref, platform.As(platform.ErrInvalid, several))
}

// findFile gives the id of the first-class disk that lies in a file, or that of the plain file: no disk has two ids.
func (v *volumes) findFile(ctx context.Context, ref string) (string, error) {
	found, err := v.file(ctx, ref)
	if err != nil {
		return "", err
	}
	all, err := v.catalogue.list(ctx, "")
	if errors.Is(err, platform.ErrUnsupported) {
		return found.id, nil // an ESXi host alone has none
	}
	for _, d := range all {
		if d.file == found.id {
			return d.id, nil
		}
	}
	return found.id, err
}
