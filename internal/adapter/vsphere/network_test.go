package vsphere

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// made collects the ids that a Create tells.
type made []string

func (m *made) add(id string) { *m = append(*m, id) }

// only checks that one id was told.
func (m made) only(t *testing.T, id *string) {
	t.Helper()
	if len(m) != 1 || m[0] != value(id) {
		t.Fatalf("made %v, id %q", m, value(id))
	}
}

func (l *lab) portGroup(t *testing.T, change func(*platform.Network)) *platform.Network {
	t.Helper()
	want := &platform.Network{Name: "web"}
	change(want)
	var ids made
	must(t, l.conn.Networks.Create(t.Context(), want, ids.add))
	ids.only(t, want.ID)
	return want
}

func (l *lab) readNetwork(t *testing.T, id *string) *platform.Network {
	t.Helper()
	got := &platform.Network{}
	got.ID = id
	must(t, l.conn.Networks.Read(t.Context(), got))
	return got
}

func TestNetworkLife(t *testing.T) {
	l := start(t, vcenter.Options{})
	first := l.portGroup(t, func(n *platform.Network) {
		n.VLAN, n.Description = new(int64(12)), new("for the web")
		n.VSphere = &platform.VSphereNetwork{Switch: new("DVS0"), Ports: new(int64(8))}
	})
	got := l.readNetwork(t, first.ID)
	if got.Name != "web" || value(got.VLAN) != 12 || value(got.Description) != "for the web" || value(got.VSphere.Ports) != 8 ||
		value(got.VSphere.Binding) != "static" || got.Native["path"] != "/DC0/network/web" || got.Native["switch"] != "DVS0" {
		t.Errorf("read %+v %+v", got, got.VSphere)
	}
	next := &platform.Network{Meta: first.Meta, Name: "www", VLAN: new(int64(13)), VSphere: &platform.VSphereNetwork{Switch: new("DVS0")}}
	must(t, l.conn.Networks.Update(t.Context(), first, next))
	got = l.readNetwork(t, first.ID)
	if got.Name != "www" || value(got.VLAN) != 13 || got.Description != nil || got.VSphere.Ports != nil {
		t.Errorf("after the change %+v %+v", got, got.VSphere)
	}
	bare := &platform.Network{Meta: first.Meta, Name: "www"}
	must(t, l.conn.Networks.Update(t.Context(), next, bare))
	if got = l.readNetwork(t, first.ID); got.VLAN != nil {
		t.Errorf("the VLAN was not reset: %d", *got.VLAN)
	}
	must(t, l.conn.Networks.Delete(t.Context(), bare))
	must(t, l.conn.Networks.Delete(t.Context(), bare))
	gone := &platform.Network{Meta: first.Meta}
	wantClass(t, l.conn.Networks.Read(t.Context(), gone), platform.ErrNotFound)
}

func TestNetworkNameTaken(t *testing.T) {
	l := start(t, vcenter.Options{})
	err := l.conn.Networks.Create(t.Context(), &platform.Network{Name: vcenter.Network}, func(string) { t.Error("something was made") })
	var exists *platform.ExistsError
	if !errors.As(err, &exists) || exists.ID != l.network {
		t.Errorf("error %v, want the id %s", err, l.network)
	}
	other := l.portGroup(t, func(*platform.Network) {})
	err = l.conn.Networks.Update(t.Context(), other, &platform.Network{Meta: other.Meta, Name: vcenter.Network})
	wantClass(t, err, platform.ErrExists)
}

func TestNetworkInUse(t *testing.T) {
	l := start(t, vcenter.Options{})
	have := &platform.Network{}
	have.ID = &l.network
	err := l.conn.Networks.Delete(t.Context(), have)
	wantClass(t, err, platform.ErrConflict)
	if err == nil || !strings.Contains(err.Error(), "move their network adapters") {
		t.Errorf("error %v says not what to do", err)
	}
}

func TestStandardNetwork(t *testing.T) {
	l := start(t, vcenter.Options{})
	id, err := l.conn.Networks.(*networks).Find(t.Context(), vcenter.Standard)
	must(t, err)
	got := l.readNetwork(t, &id)
	if got.Name != vcenter.Standard || got.Native["type"] != "standard" {
		t.Errorf("read %+v", got)
	}
	wantClass(t, l.conn.Networks.Delete(t.Context(), got), platform.ErrUnsupported)
	wantClass(t, l.conn.Networks.Update(t.Context(), got, &platform.Network{Meta: got.Meta, Name: "other"}), platform.ErrUnsupported)
}

func TestNetworkFind(t *testing.T) {
	l := start(t, vcenter.Options{Datacenters: 2})
	n := l.conn.Networks.(*networks)
	for name, ref := range map[string]string{"name": "app", "path": "/DC0/network/app", "id": l.network} {
		t.Run(name, func(t *testing.T) {
			id, err := n.Find(t.Context(), ref)
			if err != nil || id != l.network {
				t.Errorf("found %q, error %v", id, err)
			}
		})
	}
	_, err := n.Find(t.Context(), "none")
	wantClass(t, err, platform.ErrNotFound)
}

func TestNetworkList(t *testing.T) {
	l := start(t, vcenter.Options{PortGroups: 30})
	l.Reset()
	n := 0
	for entry, err := range l.conn.Networks.(platform.Lister[platform.Network]).List(t.Context()) {
		must(t, err)
		listed := &platform.Network{}
		must(t, entry.Fill(listed))
		single := &platform.Network{}
		single.ID = &entry.ID
		if n < 3 {
			must(t, l.conn.Networks.Read(t.Context(), single))
			if diff := cmp.Diff(single, listed); diff != "" {
				t.Errorf("%s: -read +list\n%s", entry.Name, diff)
			}
		}
		n++
	}
	if n != 32 { // with "app" and "VM Network", without the uplinks
		t.Errorf("%d networks, want 32", n)
	}
	if calls := l.Total(); calls > 8 {
		t.Errorf("%d calls: %v", calls, l.Calls())
	}
}
