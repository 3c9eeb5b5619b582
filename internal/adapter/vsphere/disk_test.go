package vsphere

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func (l *lab) disk(t *testing.T, change func(*platform.Disk)) *platform.Disk {
	t.Helper()
	want := &platform.Disk{Name: "data", Size: new(platform.GiB)}
	change(want)
	var ids made
	must(t, l.conn.Disks.Create(t.Context(), want, ids.add))
	ids.only(t, want.ID)
	return want
}

func (l *lab) readDisk(t *testing.T, id *string) *platform.Disk {
	t.Helper()
	got := &platform.Disk{}
	got.ID = id
	must(t, l.conn.Disks.Read(t.Context(), got))
	return got
}

// plainly makes it a plain VMDK.
func plainly(d *platform.Disk) { d.VSphere = &platform.VSphereDisk{Path: new("disks/data.vmdk")} }

func TestDiskLife(t *testing.T) {
	for name, change := range map[string]func(*platform.Disk){"first class": func(*platform.Disk) {}, "plain": plainly} {
		t.Run(name, func(t *testing.T) {
			l := start(t, vcenter.Options{})
			first := l.disk(t, change)
			if value(first.Type) != diskThin || value(first.Storage) != vcenter.Datastore {
				t.Errorf("the open values became %+v", first)
			}
			got := l.readDisk(t, first.ID)
			if got.Name != "data" || value(got.Size) != platform.GiB || value(got.Storage) != vcenter.Datastore {
				t.Errorf("read %+v", got)
			}
			next := *first
			next.Size = new(3 * platform.GiB)
			must(t, l.conn.Disks.Update(t.Context(), first, &next))
			if got := l.readDisk(t, first.ID); value(got.Size) != 3*platform.GiB {
				t.Errorf("size %s after growing", got.Size)
			}
			must(t, l.conn.Disks.Delete(t.Context(), first))
			must(t, l.conn.Disks.Delete(t.Context(), first))
			gone := &platform.Disk{Meta: first.Meta}
			wantClass(t, l.conn.Disks.Read(t.Context(), gone), platform.ErrNotFound)
		})
	}
}

func TestDiskRename(t *testing.T) {
	l := start(t, vcenter.Options{})
	first := l.disk(t, func(*platform.Disk) {})
	next := *first
	next.Name = "other"
	must(t, l.conn.Disks.Update(t.Context(), first, &next))
	if got := l.readDisk(t, first.ID); got.Name != "other" {
		t.Errorf("name %q", got.Name)
	}
	file := l.disk(t, plainly)
	moved := *file
	moved.Name = "other"
	wantClass(t, l.conn.Disks.Update(t.Context(), file, &moved), platform.ErrUnsupported)
}

func TestDiskNameTaken(t *testing.T) {
	for name, change := range map[string]func(*platform.Disk){"first class": func(*platform.Disk) {}, "plain": plainly} {
		t.Run(name, func(t *testing.T) {
			l := start(t, vcenter.Options{})
			first := l.disk(t, change)
			again := &platform.Disk{Name: "data", Size: new(platform.GiB)}
			change(again)
			err := l.conn.Disks.Create(t.Context(), again, func(string) { t.Error("something was made") })
			var exists *platform.ExistsError
			if !errors.As(err, &exists) || exists.ID != *first.ID || exists.Unfinished {
				t.Errorf("error %v, want the id %s", err, *first.ID)
			}
		})
	}
}

func TestDiskCopy(t *testing.T) {
	l := start(t, vcenter.Options{})
	source := l.disk(t, func(*platform.Disk) {})
	same := l.disk(t, func(d *platform.Disk) { d.Name, d.Size, d.SourceID = "same", nil, source.ID })
	if value(same.Size) != platform.GiB {
		t.Errorf("the copy has %s", same.Size)
	}
	l.disk(t, func(d *platform.Disk) { d.Name, d.Size, d.SourceID = "larger", new(2*platform.GiB), source.ID })
	found, err := l.conn.Disks.(*volumes).catalogue.list(t.Context(), "larger")
	must(t, err)
	if len(found) != 1 || found[0].unfinished() || found[0].size != 2*platform.GiB {
		t.Errorf("the copy is %+v", found)
	}
	small := &platform.Disk{Name: "small", Size: new(512 * platform.MiB), SourceID: source.ID}
	wantClass(t, l.conn.Disks.Create(t.Context(), small, func(string) {}), platform.ErrInvalid)
	file := l.disk(t, plainly)
	fromFile := &platform.Disk{Name: "odd", SourceID: file.ID}
	wantClass(t, l.conn.Disks.Create(t.Context(), fromFile, func(string) {}), platform.ErrUnsupported)
}

func TestDiskCopyInterrupted(t *testing.T) {
	l := start(t, vcenter.Options{})
	source := l.disk(t, func(*platform.Disk) {})
	l.Inject(vcenter.Fault{Method: "ExtendDisk_Task", Status: 500, Times: -1})
	want := &platform.Disk{Name: "copy", Size: new(2 * platform.GiB), SourceID: source.ID}
	var ids made
	if err := l.conn.Disks.Create(t.Context(), want, ids.add); err == nil || len(ids) != 1 {
		t.Fatalf("error %v, made %v", err, ids)
	}
	l.ClearFaults()
	var exists *platform.ExistsError
	err := l.conn.Disks.Create(t.Context(), &platform.Disk{Name: "copy", Size: new(platform.GiB)}, func(string) {})
	if !errors.As(err, &exists) || !exists.Unfinished || exists.ID != ids[0] {
		t.Errorf("error %v, want an unfinished %s", err, ids[0])
	}
}

func TestDiskCreateTimeout(t *testing.T) {
	l := start(t, vcenter.Options{})
	l.disk(t, func(*platform.Disk) {}) // opens the catalogue
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	l.Inject(vcenter.Fault{Method: "CreateDisk_Task", Delay: time.Second, CutAfter: true})
	var ids made
	err := l.conn.Disks.Create(ctx, &platform.Disk{Name: "late", Size: new(platform.GiB)}, ids.add)
	if err == nil {
		t.Error("no error")
	}
}

func TestDeleteAttachedDisk(t *testing.T) {
	for name, change := range map[string]func(*platform.Disk){"first class": func(*platform.Disk) {}, "plain": plainly} {
		t.Run(name, func(t *testing.T) {
			l := start(t, vcenter.Options{})
			data := l.disk(t, change)
			m := l.machine("web")
			m.Disks = map[string]platform.MachineDisk{"data": {DiskID: data.ID}}
			l.create(t, m)
			larger := *data
			larger.Size = new(2 * platform.GiB)
			must(t, l.conn.Disks.Update(t.Context(), data, &larger))
			if got := l.read(t, m); value(got.Disks["data"].Size) != 2*platform.GiB {
				t.Errorf("the machine sees %v", got.Disks["data"].Size)
			}
			must(t, l.conn.Disks.Delete(t.Context(), data))
			if got := l.read(t, m); len(got.Disks) != 0 || len(got.UnmanagedDisks) != 0 || got.BootDisk == nil {
				t.Errorf("the machine has %v, %v", got.Disks, got.UnmanagedDisks)
			}
			wantClass(t, l.conn.Disks.Read(t.Context(), &platform.Disk{Meta: data.Meta}), platform.ErrNotFound)
		})
	}
}

func TestDiskFind(t *testing.T) {
	l := start(t, vcenter.Options{})
	data, file := l.disk(t, func(*platform.Disk) {}), l.disk(t, plainly)
	v := l.conn.Disks.(*volumes)
	for name, c := range map[string]struct{ ref, want string }{
		"name": {"data", *data.ID}, "id": {*data.ID, *data.ID}, "file": {"[ds0] disks/data.vmdk", *file.ID},
	} {
		t.Run(name, func(t *testing.T) {
			if id, err := v.Find(t.Context(), c.ref); err != nil || id != c.want {
				t.Errorf("found %q, error %v", id, err)
			}
		})
	}
	for _, ref := range []string{"none", "[ds0] none.vmdk", "[ds0] none/none.vmdk"} {
		_, err := v.Find(t.Context(), ref)
		wantClass(t, err, platform.ErrNotFound)
	}
}

func TestDiskList(t *testing.T) {
	l := start(t, vcenter.Options{})
	for _, name := range []string{"a", "b", "c", "d"} {
		l.disk(t, func(d *platform.Disk) { d.Name = name })
	}
	l.Reset()
	n := 0
	for entry, err := range l.conn.Disks.(platform.Lister[platform.Disk]).List(t.Context()) {
		must(t, err)
		listed := &platform.Disk{}
		must(t, entry.Fill(listed))
		if diff := cmp.Diff(l.readDisk(t, &entry.ID), listed); diff != "" {
			t.Errorf("%s: -read +list\n%s", entry.Name, diff)
		}
		n++
	}
	if n != 4 || l.Calls()["VslmListVStorageObjectForSpec"] != 1 {
		t.Errorf("%d disks by %v", n, l.Calls())
	}
}

func TestDiskStorageSpelling(t *testing.T) {
	l := start(t, vcenter.Options{})
	d := &platform.Disk{Name: "data", Size: new(platform.GiB), Storage: new("/DC0/datastore/ds0")}
	wantClass(t, l.conn.Disks.Create(t.Context(), d, func(string) {}), platform.ErrInvalid)
	d.Storage = new("none")
	wantClass(t, l.conn.Disks.Create(t.Context(), d, func(string) {}), platform.ErrNotFound)
}

func TestDiskAfterSessionEnded(t *testing.T) {
	l := start(t, vcenter.Options{})
	data := l.disk(t, func(*platform.Disk) {})
	l.ExpireSessions()
	if got := l.readDisk(t, data.ID); got.Name != "data" {
		t.Errorf("read %+v", got)
	}
	must(t, l.conn.Disks.Delete(t.Context(), data))
}

func TestDiskRefusals(t *testing.T) {
	l := start(t, vcenter.Options{})
	for name, c := range map[string]struct {
		disk platform.Disk
		want error
	}{
		"no size":        {platform.Disk{Name: "data"}, platform.ErrInvalid},
		"unknown source": {platform.Disk{Name: "data", SourceID: new("6c1c2a3e-0000-4000-8000-000000000000")}, platform.ErrNotFound},
		"name and path":  {platform.Disk{Name: "other", Size: new(platform.GiB), VSphere: &platform.VSphereDisk{Path: new("disks/data.vmdk")}}, platform.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			wantClass(t, l.conn.Disks.Create(t.Context(), &c.disk, func(string) { t.Error("something was made") }), c.want)
		})
	}
}

func TestDiskPrivilege(t *testing.T) {
	l := start(t, vcenter.Options{})
	l.Inject(vcenter.Fault{Method: "CreateDisk_Task", SOAP: &types.NoPermission{PrivilegeId: "Datastore.FileManagement"}})
	err := l.conn.Disks.Create(t.Context(), &platform.Disk{Name: "data", Size: new(platform.GiB)}, func(string) {})
	wantClass(t, err, platform.ErrUnauthorised)
	if err == nil || !strings.Contains(err.Error(), "Datastore.FileManagement") {
		t.Errorf("error %v names no privilege", err)
	}
}
