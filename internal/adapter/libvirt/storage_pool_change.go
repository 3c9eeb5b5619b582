package libvirt

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create defines a pool, makes what is missing below it and starts it.
func (p *storagePools) Create(ctx context.Context, want *platform.StoragePool, made func(id string)) error {
	document, err := poolWanted(want)
	if err == nil {
		err = p.free(ctx, want.Name)
	}
	if err != nil {
		return failed("make the storage pool", want.Name, err)
	}
	text, err := document.Marshal()
	if err != nil {
		return failed("make the storage pool", want.Name, err)
	}
	rpc, err := act(ctx, p.s.client, func(l *libvirt.Libvirt) (libvirt.StoragePool, error) { return l.StoragePoolDefineXML(text, 0) })
	if err != nil {
		return failed("make the storage pool", want.Name, err)
	}
	if err := p.bringUp(ctx, rpc, want); err != nil {
		return failed("make the storage pool", want.Name, p.undo(ctx, rpc, err, made))
	}
	want.ID = new(spellUUID(rpc.UUID))
	made(*want.ID)
	return p.complete(ctx, want)
}

// free fails when the name is taken.
func (p *storagePools) free(ctx context.Context, name string) error {
	rpc, err := ask(ctx, p.s.client, func(l *libvirt.Libvirt) (libvirt.StoragePool, error) { return l.StoragePoolLookupByName(name) })
	if is(err, libvirt.ErrNoStoragePool) {
		return nil
	}
	if err == nil {
		return platform.At(&platform.ExistsError{Name: name, ID: spellUUID(rpc.UUID)}, "name")
	}
	return err
}

// bringUp builds, starts and marks a pool. Building may take as long as a file system takes to be made; where it fails,
// often because what it would make is there, the pool may start all the same.
func (p *storagePools) bringUp(ctx context.Context, rpc libvirt.StoragePool, want *platform.StoragePool) error {
	var built error
	if build, how := building(want); build {
		built = p.s.stream(ctx, func(l *libvirt.Libvirt) error { return l.StoragePoolBuild(rpc, how) })
	}
	err := p.s.stream(ctx, func(l *libvirt.Libvirt) error { return l.StoragePoolCreate(rpc, libvirt.StoragePoolCreateNormal) })
	switch {
	case err != nil && built != nil:
		return fmt.Errorf("build it: %w; start it: %w", built, err)
	case err != nil:
		return fmt.Errorf("start it: %w", err)
	}
	auto := value(want.Libvirt).Autostart
	return p.setAutostart(ctx, rpc, auto == nil || *auto)
}

// building says whether and how to build. A directory or a mount point that is there is taken as it is; on a device
// nothing is overwritten.
func building(want *platform.StoragePool) (build bool, how libvirt.StoragePoolBuildFlags) {
	kind, asked := kindOf(want.Type), value(want.Libvirt).Build
	switch {
	case asked != nil && !*asked:
		return false, 0
	case kind == poolFS && asked != nil, kind == poolLogical && asked != nil:
		return true, libvirt.StoragePoolBuildNoOverwrite
	case kind == poolDir:
		return true, libvirt.StoragePoolBuildNew
	case kind == poolNFS: // of network storage only the mount point is made
		return true, libvirt.StoragePoolBuildNew
	}
	return false, 0
}

func (p *storagePools) setAutostart(ctx context.Context, rpc libvirt.StoragePool, on bool) error {
	flag := int32(0)
	if on {
		flag = 1
	}
	return do(ctx, p.s.client, func(l *libvirt.Libvirt) error { return l.StoragePoolSetAutostart(rpc, flag) })
}

// undo takes back a pool that could not be made. What was built stays: it may hold what was there before.
func (p *storagePools) undo(ended context.Context, rpc libvirt.StoragePool, why error, made func(string)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), undoTime)
	defer cancel()
	if err := p.forget(ctx, rpc); err != nil {
		made(spellUUID(rpc.UUID))
		return errors.Join(why, fmt.Errorf("it could not be taken back: %w", err))
	}
	return why
}

// complete fills in what was left open.
func (p *storagePools) complete(ctx context.Context, want *platform.StoragePool) error {
	got := platform.StoragePool{Meta: want.Meta}
	if err := p.Read(ctx, &got); err != nil {
		return err
	}
	want.Capacity, want.Available, want.Native = got.Capacity, got.Available, got.Native
	fillOpen(&want.Path, got.Path)
	return nil
}

// Update changes whether the pool starts with its host.
func (p *storagePools) Update(ctx context.Context, prior, want *platform.StoragePool) error {
	found, err := p.at(ctx, value(prior.ID))
	if err != nil {
		return err
	}
	was, is := value(prior.Libvirt).Autostart, value(want.Libvirt).Autostart
	if was != nil || is != nil {
		if err := p.setAutostart(ctx, found.rpc, is == nil || *is); err != nil {
			return failed("change the storage pool", want.Name, platform.At(err, "libvirt", "autostart"))
		}
	}
	return p.complete(ctx, want)
}

// Delete stops a pool and makes libvirt forget it. What lies in it stays.
func (p *storagePools) Delete(ctx context.Context, have *platform.StoragePool) error {
	found, err := p.at(ctx, value(have.ID))
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return failed("delete the storage pool", found.rpc.Name, p.forget(ctx, found.rpc))
}

func (p *storagePools) forget(ctx context.Context, rpc libvirt.StoragePool) error {
	active, err := ask(ctx, p.s.client, func(l *libvirt.Libvirt) (int32, error) { return l.StoragePoolIsActive(rpc) })
	if err == nil && active != 0 {
		err = do(ctx, p.s.client, func(l *libvirt.Libvirt) error { return l.StoragePoolDestroy(rpc) }, libvirt.ErrOperationInvalid)
	}
	if err == nil {
		err = do(ctx, p.s.client, func(l *libvirt.Libvirt) error { return l.StoragePoolUndefine(rpc) }, libvirt.ErrNoStoragePool)
	}
	if is(err, libvirt.ErrNoStoragePool) {
		return nil // somebody was faster
	}
	return err
}

// poolWanted is the document of a new pool.
func poolWanted(want *platform.StoragePool) (*libvirtxml.StoragePool, error) {
	kind := kindOf(want.Type)
	document := &libvirtxml.StoragePool{
		Type: kind, Name: want.Name, UUID: spellUUID(newUUID()), Source: &libvirtxml.StoragePoolSource{},
		Target: &libvirtxml.StoragePoolTarget{Path: value(want.Path)},
	}
	if document.Target.Path == "" {
		document.Target.Path = defaultPath(kind, want.Name)
	}
	for _, device := range want.Devices {
		document.Source.Device = append(document.Source.Device, libvirtxml.StoragePoolSourceDevice{Path: device})
	}
	if want.Server != nil && want.Export != nil {
		document.Source.Host = []libvirtxml.StoragePoolSourceHost{{Name: *want.Server}}
		document.Source.Dir = &libvirtxml.StoragePoolSourceDir{Path: *want.Export}
	}
	switch kind {
	case poolNFS:
		document.Source.Format = &libvirtxml.StoragePoolSourceFormat{Type: typeNFS}
	case poolFS:
		document.Source.Format = &libvirtxml.StoragePoolSourceFormat{Type: "auto"}
		if value(value(want.Libvirt).Build) {
			document.Source.Format.Type = "ext4" // one to make has to be named
		}
	case poolLogical: // the folder of its devices is named after the volume group
		document.Source.Name = path.Base(document.Target.Path)
		document.Source.Format = &libvirtxml.StoragePoolSourceFormat{Type: "lvm2"}
	}
	return document, checkPool(kind, want)
}

// checkPool names what a type of pools needs or does not take.
func checkPool(kind string, want *platform.StoragePool) error {
	switch {
	case kind == poolNFS && (want.Server == nil || want.Export == nil):
		return platform.At(invalid("network storage needs a server and what it exports"), "server")
	case kind != poolNFS && want.Server != nil:
		return platform.At(invalid("only the type nfs has a server"), "server")
	case kind == poolFS && len(want.Devices) != 1:
		return platform.At(invalid("the type fs needs one device, which the file system is on"), "devices")
	case (kind == poolDir || kind == poolNFS) && len(want.Devices) > 0:
		return platform.At(invalid("the type %s has no devices", want.Type), "devices")
	case kind == poolLogical && value(value(want.Libvirt).Build) && len(want.Devices) == 0:
		return platform.At(invalid("a volume group is made on devices: name them"), "devices")
	case want.Path != nil && !path.IsAbs(*want.Path):
		return platform.At(invalid("%q is no absolute path", *want.Path), "path")
	case want.Path != nil && path.Clean(*want.Path) != *want.Path:
		return platform.At(invalid("write it as the host does: %s", path.Clean(*want.Path)), "path")
	case kind == poolLogical && want.Path != nil && path.Dir(*want.Path) != "/dev":
		return platform.At(invalid("the path of a volume group is /dev/ and its name"), "path")
	}
	return nil
}
