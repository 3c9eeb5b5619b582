package vsphere

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create makes a first-class disk, or a plain VMDK where the configuration names its path.
func (v *volumes) Create(ctx context.Context, want *platform.Disk, made func(id string)) error {
	ds, err := v.place(ctx, want)
	if err != nil {
		return failed("make the disk", want.Name, platform.At(err, "storage"))
	}
	source, err := v.source(ctx, want)
	if err != nil {
		return failed("make the disk", want.Name, err)
	}
	fillOpen(&want.Type, new(diskThin))
	fillOpen(&want.Storage, &ds.name)
	if value(want.VSphere).Path != nil {
		err = v.createFile(ctx, want, ds, source, made)
	} else {
		err = v.createDisk(ctx, want, ds, source, made)
	}
	if err != nil {
		return failed("make the disk", want.Name, err)
	}
	got := platform.Disk{Meta: want.Meta}
	if err := v.Read(ctx, &got); err != nil {
		return err
	}
	want.Native = got.Native
	fillOpen(&want.Size, got.Size)
	return nil
}

// place resolves the datastore. Only its name is taken, as that is what reading a disk tells.
func (v *volumes) place(ctx context.Context, want *platform.Disk) (*node, error) {
	ds, err := v.s.datastore(ctx, value(want.Storage))
	if err == nil && want.Storage != nil && *want.Storage != ds.name {
		err = platform.As(platform.ErrInvalid, fmt.Errorf("write the datastore's name: %s", ds.name))
	}
	return ds, err
}

// source reads the disk to copy, nil for none, and checks the size.
func (v *volumes) source(ctx context.Context, want *platform.Disk) (*volume, error) {
	if want.SourceID == nil {
		if want.Size == nil {
			return nil, platform.At(platform.As(platform.ErrInvalid, errors.New("a new disk needs a size or a source_id")), "size")
		}
		return nil, nil
	}
	source, err := v.at(ctx, *want.SourceID)
	if err != nil {
		return nil, platform.At(err, "source_id")
	}
	if want.Size != nil && *want.Size < source.size {
		err := fmt.Errorf("the source has %s: the copy cannot be smaller", source.size)
		return nil, platform.At(platform.As(platform.ErrInvalid, err), "size")
	}
	if plain(source.id) && value(want.VSphere).Path == nil {
		err := errors.New("a first-class disk is copied from a first-class disk only: set vsphere.path to copy a plain VMDK")
		return nil, platform.At(platform.As(platform.ErrUnsupported, err), "source_id")
	}
	return source, nil
}

// createDisk makes a first-class disk. The server would allow a second one of the same name; we do not.
func (v *volumes) createDisk(ctx context.Context, want *platform.Disk, ds *node, source *volume, made func(string)) error {
	same, err := v.catalogue.list(ctx, want.Name)
	if err != nil {
		return err
	}
	if len(same) > 0 {
		return &platform.ExistsError{Name: want.Name, ID: same[0].id, Unfinished: same[0].unfinished()}
	}
	backing := &types.VslmCreateSpecDiskFileBackingSpec{
		VslmCreateSpecBackingSpec: types.VslmCreateSpecBackingSpec{Datastore: ds.ref}, ProvisioningType: *want.Type,
	}
	result, err := v.s.run(ctx, v.creation(ctx, want, backing, source))
	if err != nil {
		v.remains(ctx, err, want.Name, made)
		return err
	}
	object, ok := result.(types.VStorageObject)
	if !ok {
		return fmt.Errorf("the task answered %T and no disk", result)
	}
	want.ID = &object.Config.Id.Id
	made(*want.ID)
	if source == nil {
		return nil
	}
	if want.Size != nil && *want.Size > source.size {
		if err := v.extend(ctx, volumeOf(object.Config), *want.Size); err != nil {
			return err
		}
	}
	return v.unmark(ctx, *want.ID, ds)
}

// creation starts the making of a first-class disk: empty, complete by one request, or a copy that is still to grow and
// carries the mark until then.
func (v *volumes) creation(ctx context.Context, want *platform.Disk, backing *types.VslmCreateSpecDiskFileBackingSpec, source *volume) task {
	manager, keep := *v.s.vim.ServiceContent.VStorageObjectManager, true
	return func() (types.ManagedObjectReference, error) {
		if source == nil {
			return taskOf(methods.CreateDisk_Task(ctx, v.s.vim, &types.CreateDisk_Task{This: manager, Spec: types.VslmCreateSpec{
				Name: want.Name, KeepAfterDeleteVm: &keep, BackingSpec: backing, CapacityInMB: want.Size.CeilMiB(), Metadata: diskMarks()[:1],
			}}))
		}
		spec := types.VslmCloneSpec{
			VslmMigrateSpec: types.VslmMigrateSpec{BackingSpec: backing}, Name: want.Name, KeepAfterDeleteVm: &keep, Metadata: diskMarks(),
		}
		return taskOf(methods.CloneVStorageObject_Task(ctx, v.s.vim, &types.CloneVStorageObject_Task{
			This: manager, Id: types.ID{Id: source.id}, Datastore: source.datastore, Spec: spec,
		}))
	}
}

// remains finds a disk that a creation made whose time was over or whose answer was lost. Nothing had its name before.
func (v *volumes) remains(ended context.Context, failure error, name string, made func(string)) {
	if !unanswered(failure) {
		return
	}
	_ = aftermath(ended, failure, func(ctx context.Context) (bool, error) {
		found, err := v.catalogue.list(ctx, name)
		if err != nil || len(found) != 1 {
			return false, err
		}
		made(found[0].id)
		return true, nil
	})
}

// remainsFile finds a plain VMDK in the same way. There was none before.
func (v *volumes) remainsFile(ended context.Context, failure error, id string, made func(string)) {
	if !unanswered(failure) {
		return
	}
	_ = aftermath(ended, failure, func(ctx context.Context) (bool, error) {
		_, err := v.file(ctx, id)
		if errors.Is(err, platform.ErrNotFound) {
			return false, nil
		}
		if err == nil {
			made(id)
		}
		return true, err
	})
}

// unmark ends a creation.
func (v *volumes) unmark(ctx context.Context, id string, ds *node) error {
	_, err := v.s.run(ctx, func() (types.ManagedObjectReference, error) {
		return taskOf(methods.VCenterUpdateVStorageObjectMetadataEx_Task(ctx, v.s.vim, &types.VCenterUpdateVStorageObjectMetadataEx_Task{
			This: *v.s.vim.ServiceContent.VStorageObjectManager, Id: types.ID{Id: id}, Datastore: ds.ref, DeleteKeys: []string{extraCreating},
		}))
	})
	return err
}

// createFile makes a plain VMDK: empty by one request, or a copy that grows afterwards.
func (v *volumes) createFile(ctx context.Context, want *platform.Disk, ds *node, source *volume, made func(string)) error {
	file := object.DatastorePath{Datastore: ds.name, Path: *want.VSphere.Path}
	if name := strings.TrimSuffix(path.Base(file.Path), ".vmdk"); name != want.Name || path.Ext(file.Path) != ".vmdk" {
		err := fmt.Errorf("a plain VMDK is called after its file: end the path with %q or change the name", want.Name+".vmdk")
		return platform.At(platform.As(platform.ErrInvalid, err), "vsphere", "path")
	}
	id := file.String()
	if err := v.directory(ctx, file); err != nil {
		return err
	}
	_, err := v.file(ctx, id)
	if err == nil {
		return &platform.ExistsError{Name: id, ID: id}
	}
	if !errors.Is(err, platform.ErrNotFound) {
		return err
	}
	_, err = v.s.run(ctx, v.writing(ctx, want, id, source))
	if isFault[*types.FileAlreadyExists](err) {
		return &platform.ExistsError{Name: id, ID: id}
	}
	if err != nil {
		v.remainsFile(ctx, err, id, made)
		return err
	}
	want.ID = &id
	made(id)
	if source != nil && want.Size != nil && *want.Size > source.size {
		return v.extend(ctx, &volume{id: id, file: id, datastore: ds.ref}, *want.Size)
	}
	return nil
}

// writing starts the making of a plain VMDK.
func (v *volumes) writing(ctx context.Context, want *platform.Disk, id string, source *volume) task {
	manager := *v.s.vim.ServiceContent.VirtualDiskManager
	kind := types.VirtualDiskSpec{AdapterType: string(types.VirtualDiskAdapterTypeLsiLogic), DiskType: fileKind(*want.Type)}
	return func() (types.ManagedObjectReference, error) {
		dc, err := v.s.datacenter(ctx)
		if err != nil {
			return types.ManagedObjectReference{}, err
		}
		if source != nil {
			return taskOf(methods.CopyVirtualDisk_Task(ctx, v.s.vim, &types.CopyVirtualDisk_Task{
				This: manager, SourceName: source.file, SourceDatacenter: &dc.ref, DestName: id, DestDatacenter: &dc.ref, DestSpec: &kind,
			}))
		}
		return taskOf(methods.CreateVirtualDisk_Task(ctx, v.s.vim, &types.CreateVirtualDisk_Task{
			This: manager, Name: id, Datacenter: &dc.ref,
			Spec: &types.FileBackedVirtualDiskSpec{VirtualDiskSpec: kind, CapacityKb: int64(*want.Size / platform.KiB)},
		}))
	}
}

// fileKind is what the manager of plain files calls a type.
func fileKind(kind string) string {
	return map[string]string{
		diskThin: string(types.VirtualDiskTypeThin), diskLazy: string(types.VirtualDiskTypePreallocated),
		diskEager: string(types.VirtualDiskTypeEagerZeroedThick),
	}[kind]
}

// directory makes the folder of a file.
func (v *volumes) directory(ctx context.Context, file object.DatastorePath) error {
	dir := path.Dir(file.Path)
	if dir == "." {
		return nil
	}
	dc, err := v.s.datacenter(ctx)
	if err != nil {
		return err
	}
	parents := true
	_, err = methods.MakeDirectory(ctx, v.s.vim, &types.MakeDirectory{
		This: *v.s.vim.ServiceContent.FileManager, Name: (&object.DatastorePath{Datastore: file.Datastore, Path: dir}).String(),
		Datacenter: &dc.ref, CreateParentDirectories: &parents,
	})
	if isFault[*types.FileAlreadyExists](err) {
		return nil
	}
	return err
}
