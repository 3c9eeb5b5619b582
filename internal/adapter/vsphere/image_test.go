package vsphere

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func (l *lab) golden(t *testing.T, machine *string) *platform.Image {
	t.Helper()
	want := &platform.Image{Name: "golden", MachineID: machine}
	want.Tags = map[string]string{"os": "debian"}
	var ids made
	must(t, l.conn.Images.Create(t.Context(), want, ids.add))
	ids.only(t, want.ID)
	return want
}

func (l *lab) readImage(t *testing.T, id *string) *platform.Image {
	t.Helper()
	got := &platform.Image{}
	got.ID = id
	must(t, l.conn.Images.Read(t.Context(), got))
	return got
}

func TestImageLife(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.machine("web")
	m.Power = new(platform.PowerOff)
	l.create(t, m)
	first := l.golden(t, m.ID)
	if value(first.Size) != platform.GiB || first.CreatedAt == nil {
		t.Errorf("made %+v", first)
	}
	_, native := l.native(t, "golden")
	if !native.Config.Template || extra(&native)[extraCreating] != "" || extra(&native)[extraRecord] != "" {
		t.Errorf("template %v, extra configuration %v", native.Config.Template, extra(&native))
	}
	got := l.readImage(t, first.ID)
	if got.Name != "golden" || got.Native["path"] != "/DC0/vm/golden" || got.Tags["os"] != "debian" {
		t.Errorf("read %+v", got)
	}
	next := *first
	next.Name, next.Tags = "silver", map[string]string{"os": "linux"}
	must(t, l.conn.Images.Update(t.Context(), first, &next))
	if got := l.readImage(t, first.ID); got.Name != "silver" || got.Tags["os"] != "linux" {
		t.Errorf("after the change %+v", got)
	}
	must(t, l.conn.Images.Delete(t.Context(), &next))
	must(t, l.conn.Images.Delete(t.Context(), &next))
	wantClass(t, l.conn.Images.Read(t.Context(), &platform.Image{Meta: first.Meta}), platform.ErrNotFound)
}

func TestMachineOfOwnImage(t *testing.T) {
	l := start(t, vcenter.Options{})
	image := l.golden(t, l.create(t, l.machine("web")).ID)
	m := l.machine("copy")
	m.ImageID = image.ID
	l.create(t, m)
	if got := l.read(t, m); got.BootDisk == nil || len(got.UnmanagedDisks) != 0 {
		t.Errorf("boot disk %v, unmanaged %v", got.BootDisk, got.UnmanagedDisks)
	}
}

func TestImageNameTaken(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("golden"))
	err := l.conn.Images.Create(t.Context(), &platform.Image{Name: "golden", MachineID: m.ID}, func(string) { t.Error("something was made") })
	var exists *platform.ExistsError
	if !errors.As(err, &exists) || exists.ID != *m.ID {
		t.Errorf("error %v, want the id %s", err, *m.ID)
	}
}

func TestImageInterrupted(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	l.Inject(vcenter.Fault{Method: "ReconfigVM_Task", Status: 500, Times: -1})
	var ids made
	want := &platform.Image{Name: "golden", MachineID: m.ID}
	if err := l.conn.Images.Create(t.Context(), want, ids.add); err == nil || len(ids) != 1 {
		t.Fatalf("error %v, made %v", err, ids)
	}
	l.ClearFaults()
	err := l.conn.Images.Create(t.Context(), &platform.Image{Name: "golden", MachineID: m.ID}, func(string) {})
	var exists *platform.ExistsError
	if !errors.As(err, &exists) || !exists.Unfinished {
		t.Errorf("error %v, want an unfinished one", err)
	}
	must(t, l.conn.Images.Delete(t.Context(), &platform.Image{Meta: platform.Meta{ID: &ids[0]}}))
}

func TestImageThatBecameNoTemplate(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	l.Inject(vcenter.Fault{Method: "MarkAsTemplate", SOAP: &types.NoDiskSpace{}, Times: -1})
	var ids made
	want := &platform.Image{Name: "golden", MachineID: m.ID}
	wantClass(t, l.conn.Images.Create(t.Context(), want, ids.add), platform.ErrConflict)
	ids.only(t, want.ID)
	l.ClearFaults()
	must(t, l.conn.Images.Delete(t.Context(), &platform.Image{Meta: want.Meta}))
	wantClass(t, l.conn.Images.Read(t.Context(), &platform.Image{Meta: want.Meta}), platform.ErrNotFound)
}

func TestImageThatBecameMachine(t *testing.T) {
	l := start(t, vcenter.Options{})
	first := l.golden(t, l.create(t, l.machine("web")).ID)
	vm, _ := l.native(t, "golden")
	pool, err := l.finder.ResourcePool(t.Context(), "C0/Resources")
	must(t, err)
	must(t, vm.MarkAsVirtualMachine(t.Context(), *object.NewResourcePool(vm.Client(), pool.Reference()), nil))
	wantClass(t, l.conn.Images.Delete(t.Context(), first), platform.ErrConflict)
	l.readImage(t, first.ID)
}

func TestImageFind(t *testing.T) {
	l := start(t, vcenter.Options{Datacenters: 2, VMs: 1})
	i := l.conn.Images.(*images)
	id, err := i.Find(t.Context(), "/DC0/vm/templates/debian-12")
	must(t, err)
	got := l.readImage(t, &id)
	if value(got.Size) != 10*platform.GiB || got.CreatedAt == nil {
		t.Errorf("read %+v", got)
	}
	for name, ref := range map[string]string{"id": id, "moref": got.Native["moref"]} {
		t.Run(name, func(t *testing.T) {
			if found, err := i.Find(t.Context(), ref); err != nil || found != id {
				t.Errorf("found %q, error %v", found, err)
			}
		})
	}
	_, err = i.Find(t.Context(), "none")
	wantClass(t, err, platform.ErrNotFound)
	if found, err := i.Find(t.Context(), "templates/debian-12"); err != nil || found != id {
		t.Errorf("in the connection's datacenter: found %q, error %v", found, err)
	}
}

func TestImageAmbiguous(t *testing.T) {
	l := start(t, vcenter.Options{Datacenters: 2})
	l.connect(t, map[string]any{"datacenter": ""})
	_, err := l.conn.Images.(*images).Find(t.Context(), "debian-12")
	var several *platform.AmbiguousError
	if !errors.As(err, &several) {
		t.Fatalf("error %v", err)
	}
	want := []string{"/DC0/vm/templates/debian-12", "/DC1/vm/templates/debian-12"}
	if diff := cmp.Diff(want, several.Matches); diff != "" {
		t.Error(diff)
	}
}

func TestImageList(t *testing.T) {
	l := start(t, vcenter.Options{VMs: 3})
	l.Reset()
	n := 0
	for entry, err := range l.conn.Images.(platform.Lister[platform.Image]).List(t.Context()) {
		must(t, err)
		listed := &platform.Image{}
		must(t, entry.Fill(listed))
		if diff := cmp.Diff(l.readImage(t, &entry.ID), listed); diff != "" {
			t.Errorf("%s: -read +list\n%s", entry.Name, diff)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d templates, want 1", n)
	}
}
