package openstack_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// imported reads a machine as an import does.
func (p *place) imported(id string) *platform.Machine {
	p.t.Helper()
	m := &platform.Machine{Meta: platform.Meta{ID: &id}}
	if err := p.conn.Machines.Read(platform.WithImporting(p.t.Context()), m); err != nil {
		p.t.Fatal(err)
	}
	return m
}

// notes lists the names in the metadata of a server.
func (p *place) notes(id string) []string {
	p.t.Helper()
	var body struct{ Metadata map[string]string }
	if err := p.do(p.t.Context(), "GET", "compute", "servers/"+id+"/metadata", nil, &body); err != nil {
		p.t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(body.Metadata))
}

// TestImportFindsKeysAndGroup imports a machine whose disks were attached and made under keys, and which is in a group.
func TestImportFindsKeysAndGroup(t *testing.T) {
	p := newPlace(t)
	volume, err := p.newVolume(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	group, err := p.made(t.Context(), "compute", "os-server-groups", "server_group", block{"name": "apart", "policy": "soft-anti-affinity"})
	if err != nil {
		t.Fatal(err)
	}
	m := p.machine("a", true)
	m.Disks["shared"] = platform.MachineDisk{DiskID: &volume}
	m.Metadata, m.Placement = map[string]string{"tier": "front"}, &platform.Placement{Group: &group}
	id, err := p.create(m)
	if err != nil {
		t.Fatal(err)
	}
	got := p.imported(id)
	if want := []string{"data", "shared"}; !slices.Equal(platform.Keys(got.Disks), want) {
		t.Errorf("the disks are %v, want %v", platform.Keys(got.Disks), want)
	}
	if got.Placement == nil || got.Placement.Group == nil || *got.Placement.Group != group {
		t.Errorf("the placement is %v, want the group %s", got.Placement, group)
	}
	if diff := cmp.Diff(m.Metadata, got.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	next := *m
	next.Disks, next.Metadata = maps.Clone(m.Disks), map[string]string{"tier": "back"}
	delete(next.Disks, "shared")
	next.Disks["common"] = platform.MachineDisk{DiskID: &volume}
	if err := p.conn.Machines.Update(t.Context(), m, &next); err != nil {
		t.Fatal(err)
	}
	if want, keys := []string{"common", "data"}, platform.Keys(p.imported(id).Disks); !slices.Equal(keys, want) {
		t.Errorf("after another key the disks are %v, want %v", keys, want)
	}
	last := next
	last.Disks, last.Metadata = maps.Clone(next.Disks), nil
	delete(last.Disks, "common")
	if err := p.conn.Machines.Update(t.Context(), &next, &last); err != nil {
		t.Fatal(err)
	}
	if left := p.notes(id); len(left) != 0 {
		t.Errorf("the metadata still has %v", left)
	}
}

// TestAdministratorsFindTheirOwn looks for names that other projects have, too, which an administrator sees as well.
func TestAdministratorsFindTheirOwn(t *testing.T) {
	p := newPlace(t)
	other := &person{t: t, cloud: p.cloud, project: p.cloud.Project(t, "admin")}
	if err := other.signIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	name := "own-" + p.project.ID
	networks := p.conn.Networks.(platform.Finder[platform.Network])
	twin := func(who *person, more block) string {
		t.Helper()
		body := block{"name": name}
		maps.Copy(body, more)
		id, err := who.made(t.Context(), "network", "networks", "network", body)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	finds := func(want string) {
		t.Helper()
		if got, err := networks.Find(t.Context(), name); err != nil || got != want {
			t.Errorf("found %q, %v; want %q", got, err, want)
		}
	}
	shared := twin(other, block{"shared": true})
	finds(shared)
	twin(other, nil)
	finds(shared)
	own := twin(p.person, nil)
	finds(own)
	if err := other.removed(t.Context(), "network", "networks/"+shared); err != nil {
		t.Error(err)
	}
}

// TestMachineSweepsItsOwn makes a machine whose name a machine of another project has, which is being made.
func TestMachineSweepsItsOwn(t *testing.T) {
	p := newPlace(t)
	other := &place{person: &person{t: t, cloud: p.cloud, project: p.cloud.Project(t, "admin")}, t: t, proxy: lab.NewProxy(t, p.cloud)}
	if err := other.signIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	network, err := other.made(t.Context(), "network", "networks", "network", block{"name": "net"})
	if err != nil {
		t.Fatal(err)
	}
	port := block{"name": "web:eth0", "network_id": network, "description": "terraform-virt:key:eth0"}
	if _, err := other.made(t.Context(), "network", "ports", "port", port); err != nil {
		t.Fatal(err)
	}
	if _, err := p.create(p.machine("web", false)); err != nil {
		t.Fatal(err)
	}
	other.holds(0, 1, 0)
}
