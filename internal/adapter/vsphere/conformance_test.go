package vsphere_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/vsphere"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

type block = platformtest.Config

func TestConformance(t *testing.T) {
	s := serve(t)
	p := newPerson(t, s)
	platformtest.Run(t, platformtest.Suite{
		Driver:  vsphere.New(),
		Config:  settings(s, nil),
		Second:  settings(serve(t), nil),
		Refused: refused(t, s),
		Backend: p,
		Given:   map[string][]string{"network": p.networks, "image": p.images},
		Kinds: map[string]platformtest.Case{
			"machine":  {Path: byPath, Values: machineValues(), Minimal: leastMachine},
			"network":  {Path: byPath, Values: networkValues()},
			"disk":     {Path: byDatastorePath, Values: diskValues()},
			"image":    {Path: byPath},
			"host":     {Path: byPath},
			"snapshot": {Values: p.snapshotValues(), Path: func(state map[string]any) string { return fmt.Sprintf("%v/%v", state["machine_id"], state["name"]) }},
		},
		Cannot: map[string]string{
			"twin network":           "names of port groups are unique in a datacenter",
			"fault update snapshot*": "one request changes name and description",
			"name snapshot":          "every machine has snapshots of its own: one is named <machine>/<snapshot>",
		},
	})
}

func serve(t *testing.T) *vcenter.Server {
	t.Helper()
	s, err := vcenter.Start(context.WithoutCancel(t.Context()), vcenter.Options{Datastores: 2, PortGroups: 2, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func settings(s *vcenter.Server, more map[string]any) map[string]any {
	c := map[string]any{
		"server": s.Host, "user": s.User, "password": s.Password, "ca_file": s.CAFile, "api_timeout": "20s",
		"datacenter": vcenter.Datacenter, "cluster": vcenter.Cluster, "datastore": vcenter.Datastore, "switch": vcenter.Switch,
	}
	maps.Copy(c, more)
	return c
}

func refused(t *testing.T, s *vcenter.Server) []platformtest.Refused {
	t.Helper()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	return []platformtest.Refused{
		{Name: "wrong password", Settings: settings(s, map[string]any{"password": "wrong-secret"}), Says: "VSPHERE_PASSWORD"},
		{Name: "untrusted certificate", Settings: settings(s, map[string]any{"ca_file": ""}), Says: "ca_file"},
		{Name: "connection refused", Settings: settings(s, map[string]any{"server": nobody}), Says: nobody},
	}
}

// byPath is an object's inventory path.
func byPath(state map[string]any) string {
	native, _ := state["native"].(map[string]any)
	path, _ := native["path"].(string)
	return path
}

// byDatastorePath is the name of a disk: its id and its name are its only spellings.
func byDatastorePath(state map[string]any) string {
	name, _ := state["name"].(string)
	return name
}

func leastMachine(*platformtest.Bench) block {
	return block{"boot_disk": block{"size": "10GiB"}}
}

func machineValues() platformtest.Values {
	v := platformtest.Values{
		"boot_disk.storage": platformtest.Of("ds0", "ds1"),
		"disks.*.storage":   platformtest.Of("ds0", "ds1"),
		"placement.host":    platformtest.Of("esx0.DC0.example.net", "esx1.DC0.example.net"),
		"metadata":          platformtest.Of(block{"role": "web"}, block{"role": "db"}),
	}
	own := map[string]platformtest.Pair{
		"folder":            platformtest.Of("ct-a", "ct-b"),
		"resource_pool":     platformtest.Of("ct-a", "ct-b"),
		"guest_id":          platformtest.Of("debian12_64Guest", "ubuntu64Guest"),
		"hardware_version":  platformtest.Of(19, 20),
		"cores_per_socket":  {Old: 1, New: 2, With: block{"cpus": 4}},
		"cpu_hot_add":       platformtest.Of(false, true),
		"memory_hot_add":    platformtest.Of(false, true),
		"nested_hv":         platformtest.Of(false, true),
		"storage_policy_id": platformtest.Of("aa6d5a82-1c88-45da-85d3-3d74b91a5bad", "f4e5bade-15a2-4805-bf8e-52318c4ce443"),
		"extra_config":      platformtest.Of(block{"ct.a": "1"}, block{"ct.a": "2", "ct.b": "3"}),
	}
	for name, pair := range own {
		v["vsphere."+name] = pair
	}
	return v
}

func networkValues() platformtest.Values {
	return platformtest.Values{
		"vsphere.switch": platformtest.Of(vcenter.Switch, "DVS1"),
		"vsphere.ports":  platformtest.Of(16, 32),
	}
}

func diskValues() platformtest.Values {
	return platformtest.Values{
		"storage":      platformtest.Of("ds0", "ds1"),
		"vsphere.path": {Old: "ct-a/ct-path.vmdk", New: "ct-b/ct-path.vmdk", With: block{"name": "ct-path"}, Alone: true},
	}
}

// snapshotValues needs a guest that can be brought to rest.
func (p *person) snapshotValues() platformtest.Values {
	return platformtest.Values{"quiesce": {Old: false, New: true, With: block{"machine_id": func(b *platformtest.Bench) any { return p.guest(b.Name()) }}, Alone: true}}
}

// Fault makes the call of the server fail that ends, or for half of the work is in the middle of, an operation.
func (p *person) Fault(_ context.Context, f platformtest.Fault) (map[string]any, func(), error) {
	methods := map[string]string{
		"create machine": "CreateVM_Task", "create machine half": "PowerOnVM_Task",
		"update machine": "ReconfigVM_Task", "update machine half": "PowerOnVM_Task",
		"delete machine half": "Destroy_Task",
		"create network":      "AddDVPortgroup_Task", "create network half": "AddDVPortgroup_Task",
		"update network": "ReconfigureDVPortgroup_Task", "update network half": "ReconfigureDVPortgroup_Task",
		"delete network half": "Destroy_Task",
		"create disk":         "CreateDisk_Task", "create disk half": "CreateDisk_Task",
		"update disk": "ExtendDisk_Task", "update disk half": "ExtendDisk_Task",
		"delete disk half": "DeleteVStorageObject_Task",
		"create image":     "CloneVM_Task", "create image half": "MarkAsTemplate",
		"update image": "SetField", "update image half": "SetField",
		"delete image half": "Destroy_Task",
		"create snapshot":   "CreateSnapshot_Task", "create snapshot half": "CreateSnapshot_Task",
		"update snapshot": "RenameSnapshot", "delete snapshot half": "RemoveSnapshot_Task",
	}
	what := f.Verb + " " + f.Kind
	if f.Half {
		what += " half"
	}
	method, ok := methods[what]
	if !ok {
		return nil, nil, platformtest.ErrCannot
	}
	fault := vcenter.Fault{Method: method, Times: -1, SOAP: &types.NoDiskSpace{}, Message: "No space left."}
	switch {
	case f.Hang:
		fault = vcenter.Fault{Method: method, Times: -1, Hang: true}
	case f.Half && single(f):
		fault = vcenter.Fault{Method: method, Times: 1, CutAfter: true} // it is done and nobody hears of it
	}
	p.server.Inject(fault)
	return nil, p.server.ClearFaults, nil
}

// single reports whether one request does all the work: half of it is that the answer is lost.
func single(f platformtest.Fault) bool {
	return f.Verb == "create" && (f.Kind == "network" || f.Kind == "disk" || f.Kind == "snapshot") || f.Verb == "update" && f.Kind == "network"
}

// patience is how long one thing by hand may take.
const patience = time.Minute
