package openstack_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/openstack"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// depot is a project with a connection through a proxy, and an eye of its own.
type depot struct {
	t     *testing.T
	eye   *person
	proxy *lab.Proxy
	conn  *platform.Conn
}

func newDepot(t *testing.T) *depot {
	t.Helper()
	cloud := lab.Start(t)
	eye := &person{t: t, cloud: cloud, project: cloud.Project(t, "admin")}
	if err := eye.signIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	eye.image = eye.find(t.Context(), "image", "images?name=tiny", "images")
	d := &depot{t: t, eye: eye, proxy: lab.NewProxy(t, cloud)}
	d.conn = d.open()
	return d
}

func (d *depot) open() *platform.Conn {
	d.t.Helper()
	conn, err := openstack.New().Open(d.t.Context(), platform.NewConfig(settings(d.eye.project.Through(d.proxy), map[string]any{"api_timeout": time.Minute})))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(d.t.Context())) })
	return conn
}

func (d *depot) within(limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(d.t.Context(), limit)
	d.t.Cleanup(cancel)
	return ctx
}

// disk makes a volume; the tags tell the lab to misbehave.
func (d *depot) disk(ctx context.Context, name string, tags map[string]string) (*platform.Disk, error) {
	disk := &platform.Disk{Name: name, Size: new(platform.GiB), Labels: platform.Labels{Tags: tags}}
	err := d.conn.Disks.Create(ctx, disk, func(id string) { disk.ID = &id })
	return disk, err
}

func (d *depot) says(err, class error, words ...string) {
	d.t.Helper()
	if class != nil && !errors.Is(err, class) {
		d.t.Errorf("the error is of another class: %v", err)
	}
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			d.t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}

func TestVolumeFaults(t *testing.T) {
	d := newDepot(t)
	t.Run("error", func(t *testing.T) {
		disk, err := d.disk(t.Context(), "broken", map[string]string{"virtlab:create": "error"})
		d.says(err, nil, "status error: ", "broken")
		if disk.ID == nil {
			t.Fatal("nobody was told of the volume")
		}
		if err := d.conn.Disks.Delete(t.Context(), disk); err != nil {
			t.Error(err)
		}
	})
	t.Run("stuck", func(t *testing.T) {
		disk, err := d.disk(d.within(4*time.Second), "stuck", map[string]string{"virtlab:create": "8"})
		d.says(err, platform.ErrTimeout, "status creating", "volume set --state error")
		if err := d.conn.Disks.Delete(t.Context(), disk); err != nil { // waits until it is there
			t.Error(err)
		}
	})
	t.Run("quota", func(t *testing.T) {
		quota := block{"quota_set": block{"volumes": 0}}
		if err := d.eye.do(t.Context(), "PUT", "volumev3", "os-quota-sets/"+d.eye.project.ID, quota, nil); err != nil {
			t.Fatal(err)
		}
		_, err := d.disk(t.Context(), "many", nil)
		d.says(err, platform.ErrInvalid, "volumes", "quota")
		quota = block{"quota_set": block{"volumes": -1}}
		if err := d.eye.do(t.Context(), "PUT", "volumev3", "os-quota-sets/"+d.eye.project.ID, quota, nil); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("lost answer", func(t *testing.T) {
		d.proxy.Inject(lab.Fault{Service: "volume", Method: "POST", Path: "/volumes", Times: 1, Lose: true})
		defer d.proxy.Clear()
		disk, err := d.disk(t.Context(), "once", nil)
		if err != nil {
			t.Fatal(err)
		}
		if id, err := d.conn.Disks.(platform.Finder[platform.Disk]).Find(t.Context(), "once"); err != nil || id != *disk.ID {
			t.Errorf("there is %s, and %v", id, err)
		}
	})
	t.Run("type that no back end offers", func(t *testing.T) {
		kind := block{"name": "elsewhere", "extra_specs": block{"volume_backend_name": "elsewhere"}}
		if _, err := d.eye.made(t.Context(), "volumev3", "types", "volume_type", kind); err != nil {
			t.Fatal(err)
		}
		disk, err := d.disk(t.Context(), "retyped", nil)
		if err != nil {
			t.Fatal(err)
		}
		want := *disk
		want.Type, want.OpenStack = new("elsewhere"), &platform.OpenStackDisk{MigrationPolicy: new("never")}
		err = d.conn.Disks.Update(t.Context(), disk, &want)
		d.says(err, nil, "type", "gave it up")
	})
	t.Run("no such source", func(t *testing.T) {
		disk := &platform.Disk{Name: "copy", SourceID: new("11111111-2222-3333-4444-555555555555")}
		d.says(d.conn.Disks.Create(t.Context(), disk, func(string) {}), platform.ErrNotFound, "source_id", "no image, volume or volume snapshot")
	})
	t.Run("of an image", func(t *testing.T) {
		disk := &platform.Disk{Name: "of-image", SourceID: &d.eye.image}
		if err := d.conn.Disks.Create(t.Context(), disk, func(string) {}); err != nil || *disk.Size != platform.GiB || disk.Native["image_id"] != d.eye.image {
			t.Errorf("%+v, %v", disk, err)
		}
	})
	t.Run("no such service", func(t *testing.T) {
		d.proxy.Without("volumev3")
		defer d.proxy.Without()
		err := d.open().Disks.Read(t.Context(), &platform.Disk{Meta: platform.Meta{ID: new("x")}})
		d.says(err, platform.ErrUnsupported, "volumev3", d.eye.project.Region)
	})
}

// server makes a machine of an image by hand, with volumes.
func (d *depot) server(name string, volumes ...string) string {
	d.t.Helper()
	ctx := d.t.Context()
	id, err := d.eye.made(ctx, "compute", "servers", "server", block{"name": name, "flavorRef": "1", "imageRef": d.eye.image, "networks": "none"})
	if err == nil {
		err = d.eye.serverIs(ctx, id, "ACTIVE")
	}
	for _, v := range volumes {
		if err == nil {
			err = d.eye.do(ctx, "POST", "compute", "servers/"+id+"/os-volume_attachments", block{"volumeAttachment": block{"volumeId": v}}, nil)
		}
		if err == nil {
			err = d.eye.volumeIs(ctx, v, "in-use", 0)
		}
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

func TestSnapshotTakesVolumesAlong(t *testing.T) {
	d := newDepot(t)
	disk, err := d.disk(t.Context(), "data", map[string]string{"role": "data"})
	if err != nil {
		t.Fatal(err)
	}
	machine := d.server("web", *disk.ID)
	want := *disk
	want.Size = new(2 * platform.GiB)
	if err := d.conn.Disks.Update(t.Context(), disk, &want); err != nil {
		t.Fatalf("growing while it is attached: %v", err)
	}
	shot := &platform.Snapshot{Name: "before", MachineID: machine, Description: new("before the change")}
	if err := d.conn.Snapshots.Create(t.Context(), shot, func(string) {}); err != nil {
		t.Fatal(err)
	}
	copied := shot.Native["volume_snapshots"]
	var seen struct {
		Snapshot struct {
			Status   string
			VolumeID string `json:"volume_id"`
		}
	}
	if err := d.eye.do(t.Context(), "GET", "volumev3", "snapshots/"+copied, nil, &seen); err != nil || seen.Snapshot.VolumeID != *disk.ID || seen.Snapshot.Status != "available" {
		t.Errorf("the snapshot of the volume is %+v, %v", seen, err)
	}
	err = d.conn.Disks.Delete(t.Context(), disk)
	d.says(err, platform.ErrConflict, "it has snapshots", copied)
	if err := d.conn.Snapshots.Delete(t.Context(), shot); err != nil {
		t.Fatal(err)
	}
	if err := d.eye.do(t.Context(), "GET", "volumev3", "snapshots/"+copied, nil, nil); !gone(err) {
		t.Errorf("the snapshot of the volume is left over: %v", err)
	}
	if err := d.conn.Disks.Delete(t.Context(), disk); err != nil {
		t.Errorf("deleting what was attached: %v", err)
	}
}

func TestImageFaults(t *testing.T) {
	d := newDepot(t)
	file := filepath.Join(t.TempDir(), "image.raw")
	if err := os.WriteFile(file, []byte(strings.Repeat("content ", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	create := func(ctx context.Context, more platform.Image) (*platform.Image, error) {
		if more.Source == nil {
			more.Source = &file
		}
		err := d.conn.Images.Create(ctx, &more, func(id string) { more.ID = &id })
		return &more, err
	}
	absent := func(t *testing.T, i *platform.Image) {
		t.Helper()
		if i.ID == nil {
			return
		}
		if err := d.eye.do(t.Context(), "GET", "image", "images/"+*i.ID, nil, nil); !gone(err) {
			t.Errorf("half an image is left over: %v", err)
		}
	}
	t.Run("checksum", func(t *testing.T) {
		i, err := create(t.Context(), platform.Image{Name: "wrong", Checksum: new("sha256:" + strings.Repeat("0", 64))})
		d.says(err, platform.ErrInvalid, "checksum", fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Repeat("content ", 1<<20)))))
		absent(t, i)
	})
	t.Run("cut", func(t *testing.T) {
		d.proxy.Inject(lab.Fault{Service: "image", Method: "PUT", Path: "/images/{id}/file", Cut: true})
		defer d.proxy.Clear()
		i, err := create(t.Context(), platform.Image{Name: "cut"})
		d.says(err, nil, "upload", file)
		absent(t, i)
	})
	t.Run("lost answer", func(t *testing.T) {
		d.proxy.Inject(lab.Fault{Service: "image", Method: "PUT", Path: "/images/{id}/file", Lose: true})
		defer d.proxy.Clear()
		if _, err := create(t.Context(), platform.Image{Name: "lost"}); err != nil {
			t.Error(err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		d.proxy.Inject(lab.Fault{Service: "image", Method: "PUT", Path: "/images/{id}/file", Hang: true})
		defer d.proxy.Clear()
		i, err := create(d.within(2*time.Second), platform.Image{Name: "cancelled"})
		d.says(err, platform.ErrTimeout, "upload")
		absent(t, i)
	})
	t.Run("quota", func(t *testing.T) {
		d.proxy.Inject(lab.Fault{Service: "image", Method: "PUT", Path: "/images/{id}/file", Status: http.StatusRequestEntityTooLarge, Message: "Image storage quota exceeded: 10 of 10 GiB"})
		defer d.proxy.Clear()
		i, err := create(t.Context(), platform.Image{Name: "quota"})
		d.says(err, platform.ErrInvalid, "10 of 10 GiB")
		absent(t, i)
	})
	t.Run("nothing to fetch", func(t *testing.T) {
		url := d.eye.website()
		i, err := create(t.Context(), platform.Image{Name: "web", Source: new(url + "/nothing.raw"), OpenStack: &platform.OpenStackImage{WebDownload: new(true)}})
		d.says(err, nil, "source", "gave up", "web_download = false")
		absent(t, i)
	})
	t.Run("protected", func(t *testing.T) {
		i, err := create(t.Context(), platform.Image{Name: "protected", OpenStack: &platform.OpenStackImage{Protected: new(true)}})
		if err != nil {
			t.Fatal(err)
		}
		d.says(d.conn.Images.Delete(t.Context(), i), platform.ErrConflict, "openstack.protected = false")
	})
}

func TestProjectHoldsThings(t *testing.T) {
	d := newDepot(t)
	create := func(name string, quotas map[string]string) (*platform.Project, error) {
		want := &platform.Project{Name: name, Quotas: quotas}
		err := d.conn.Projects.Create(t.Context(), want, func(id string) { want.ID = &id })
		return want, err
	}
	_, err := create("unknown-quota", map[string]string{"coers": "1"})
	d.says(err, platform.ErrInvalid, `quotas.coers`, "cores", "gigabytes", "floatingip")
	want, err := create("holder", map[string]string{"cores": "7", "volumes": "3", "network": "2"})
	if err != nil {
		t.Fatal(err)
	}
	network, err := d.eye.made(t.Context(), "network", "networks", "network", block{"name": "held", "project_id": *want.ID})
	if err != nil {
		t.Fatal(err)
	}
	d.says(d.conn.Projects.Delete(t.Context(), want), platform.ErrConflict, "still holds networks: held ("+network+")")
	if err := d.eye.removed(t.Context(), "network", "networks/"+network); err != nil {
		t.Fatal(err)
	}
	next := *want
	next.Quotas = map[string]string{"volumes": "4"}
	if err := d.conn.Projects.Update(t.Context(), want, &next); err != nil {
		t.Fatal(err)
	}
	read := &platform.Project{Meta: platform.Meta{ID: want.ID}}
	if err := d.conn.Projects.Read(platform.WithImporting(t.Context()), read); err != nil || len(read.Quotas) != 1 || read.Quotas["volumes"] != "4" {
		t.Errorf("an import reads the quotas %v, %v", read.Quotas, err)
	}
	if err := d.conn.Projects.Delete(t.Context(), want); err != nil {
		t.Error(err)
	}
}
