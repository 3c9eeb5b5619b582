package engine_test

import (
	"context"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Rule 3: Read starts from the id and the bindings, and changes nothing in the state that the user would not call a change.

func TestReadKeepsTheUsersWord(t *testing.T) {
	cases := map[string]struct {
		config object
		change func(vm *machine) // by hand
		at     []any
		want   any
		drift  bool
	}{
		"not managed stays so":          {nil, func(vm *machine) { vm.Description = new("by hand") }, []any{"description"}, nil, false},
		"not managed group stays so":    {nil, func(vm *machine) { vm.Placement = &platform.Placement{Host: new("h")} }, []any{"placement"}, nil, false},
		"not managed inside a group":    {object{"placement": object{"host": "h"}}, func(vm *machine) { vm.Placement.Zone = new("z") }, []any{"placement", "zone"}, nil, false},
		"managed and changed":           {object{"description": "x"}, func(vm *machine) { vm.Description = new("y") }, []any{"description"}, "y", true},
		"managed and removed":           {object{"description": "x"}, func(vm *machine) { vm.Description = nil }, []any{"description"}, nil, true},
		"empty text and nothing":        {object{"description": ""}, func(vm *machine) { vm.Description = nil }, []any{"description"}, "", false},
		"empty map and nothing":         {object{"metadata": object{}}, func(vm *machine) { vm.Metadata = nil }, []any{"metadata"}, object{}, false},
		"empty map of elements":         {object{"disks": object{}}, func(*machine) {}, []any{"disks"}, object{}, false},
		"nothing and empty text":        {nil, func(vm *machine) { vm.Description = new("") }, []any{"description"}, nil, false},
		"same size in another spelling": {object{"memory": "4096MiB"}, func(*machine) {}, []any{"memory"}, "4096MiB", false},
		"another size":                  {object{"memory": "4096MiB"}, func(vm *machine) { vm.Memory = new(5 * platform.GiB) }, []any{"memory"}, "5GiB", true},
		"what every object has":         {nil, func(vm *machine) { vm.CPUs = new(int64(3)) }, []any{"cpus"}, int64(3), true},
		"what cannot be observed":       {object{"user_data": "#!/bin/sh"}, func(*machine) {}, []any{"user_data"}, "#!/bin/sh", false},
		"a block that nobody can see":   {object{"login": object{"user": "ops"}}, func(*machine) {}, []any{"login"}, object{"user": "ops", "ssh_keys": nil, "password": nil, "password_wo": nil, "password_wo_version": nil}, false},
		"Terraform's own matter":        {object{"allow_restart": true, "wait_for": object{"address": "10.0.0.0/8"}}, func(*machine) {}, []any{"wait_for", "address"}, "10.0.0.0/8", false},
		"own matter inside an element":  {object{"disks": object{"a": object{"size": "1GiB", "delete_on_remove": true}}}, func(*machine) {}, []any{"disks", "a", "delete_on_remove"}, true, false},
		"absent block is not read":      {nil, func(vm *machine) { vm.VSphere = &platform.VSphereMachine{Folder: new("x")} }, []any{"vsphere"}, nil, false},
		"block changed":                 {object{"vsphere": object{"folder": "a"}}, func(vm *machine) { vm.VSphere.Folder = new("b") }, []any{"vsphere", "folder"}, "b", true},
		"not managed inside the block":  {object{"vsphere": object{"folder": "a"}}, func(vm *machine) { vm.VSphere.GuestID = new("g") }, []any{"vsphere", "guest_id"}, nil, false},
		"keys that nobody gave":         {object{"vsphere": object{"extra_config": object{"a": "1"}}}, func(vm *machine) { vm.VSphere.ExtraConfig["b"] = "2" }, []any{"vsphere", "extra_config"}, object{"a": "1"}, false},
		"a given key changed":           {object{"vsphere": object{"extra_config": object{"a": "1"}}}, func(vm *machine) { vm.VSphere.ExtraConfig["a"] = "2" }, []any{"vsphere", "extra_config"}, object{"a": "2"}, true},
		"a given key removed":           {object{"vsphere": object{"extra_config": object{"a": "1", "b": "2"}}}, func(vm *machine) { delete(vm.VSphere.ExtraConfig, "b") }, []any{"vsphere", "extra_config"}, object{"a": "1"}, true},
		"an element found by its id":    {object{"disks": object{"a": object{"size": "1GiB"}}}, func(*machine) {}, []any{"disks", "a", "id"}, "disk-2", false},
		"an element changed": {object{"disks": object{"a": object{"size": "1GiB"}}}, func(vm *machine) {
			vm.Disks["disk-2"] = platform.MachineDisk{ID: new("disk-2"), Size: new(2 * platform.GiB), Type: new("thin"), Storage: new("ds0")}
		}, []any{"disks", "a", "size"}, "2GiB", true},
		"an element removed":              {object{"disks": object{"a": object{"size": "1GiB"}}}, func(vm *machine) { delete(vm.Disks, "disk-2") }, []any{"disks", "a"}, nil, true},
		"an element that nobody declared": {object{"disks": object{"a": object{"size": "1GiB"}}}, func(vm *machine) { vm.Disks["x"] = platform.MachineDisk{ID: new("x")} }, []any{"unmanaged_disks", "slot-x", "id"}, "x", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			m := web(t, fake).Must(t)
			m.Converge(config(c.config))
			c.change(fake.vms["vm-1"])
			got := m.Refresh()
			equalTo(t, "value", got.State.At(c.at...), c.want)
			equalTo(t, "drift", got.Changed, c.drift)
			if !c.drift {
				m.Empty(config(c.config))
			}
		})
	}
}

func TestReadStartsFromBindingsAlone(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	cfg := config(object{
		"description": "x", "cpus": 2, "timeouts": object{"read": "7m"}, "disks": object{"a": object{"size": "1GiB", "delete_on_remove": true}},
		"nics": object{"eth0": object{"network_id": "n"}}, "vsphere": object{"folder": "f", "extra_config": object{"k": "v"}}, "login": object{"user": "u"},
	})
	m.Converge(cfg)
	var got *machine
	fake.read = func(ctx context.Context, have *machine) error {
		if got == nil {
			got = clone(have)
		}
		return fake.honestRead(ctx, have)
	}
	m.Refresh()
	equalTo(t, "have", got, &machine{
		Meta:     platform.Meta{ID: new("vm-1"), Platform: new("dc1"), Timeouts: &platform.Timeouts{Read: new("7m")}},
		BootDisk: &platform.BootDisk{ID: new("boot-vm-1")},
		Disks:    map[string]platform.MachineDisk{"a": {ID: new("disk-2")}},
		NICs:     map[string]platform.NIC{"eth0": {ID: new("nic-3"), MAC: new("mac-nic-3")}},
		VSphere:  &platform.VSphereMachine{ExtraConfig: map[string]string{"k": ""}},
	})
}

func TestReadOfWhatIsGone(t *testing.T) {
	fake := newCloud()
	m := web(t, fake).Must(t)
	m.Converge(config())
	delete(fake.vms, "vm-1")
	p := m.Plan(config())
	equalTo(t, "action", p.Action, enginetest.Create)
	equalTo(t, "drift", p.Drift, true)
}

func TestImportTakesEverythingOnce(t *testing.T) {
	fake := newCloud()
	fake.vms["vm-7"] = native("vm-7")
	r := web(t, fake)
	m := r.Must(t)
	i := m.Import("dc1/vm-7")
	equalTo(t, "description", i.At("description"), any("by hand"))
	equalTo(t, "disk", i.At("disks", "slot-d1", "size"), any("5GiB"))
	equalTo(t, "nic", i.At("nics", "slot-n1", "network_id"), any("net"))
	equalTo(t, "tags", i.At("tags"), any(object{"a": "b"}))
	equalTo(t, "metadata that is empty", i.At("metadata"), nil)
	equalTo(t, "platform block", i.At("vsphere"), nil)
	equalTo(t, "own matter", i.At("allow_restart"), nil)
	fake.vms["vm-7"].Hostname = new("later") // was not there when it was imported
	if got := m.Refresh(); got.Changed {
		t.Fatal("a later read takes what nobody manages")
	}
	m.Empty(config(object{
		"name": "old", "description": "by hand", "tags": object{"a": "b"},
		"disks": object{"slot-d1": object{"size": "5120MiB"}}, "nics": object{"slot-n1": object{"network_id": "net"}},
	}))
}

// native is a machine that somebody else made.
func native(id string) *machine {
	gib := platform.GiB
	return &machine{
		Meta: platform.Meta{ID: &id}, Name: "old", Description: new("by hand"), CPUs: new(int64(2)), Memory: &gib, Firmware: new("bios"),
		SecureBoot: new(false), TPM: new(false), Power: new("on"), Labels: platform.Labels{Tags: map[string]string{"a": "b"}}, Metadata: map[string]string{},
		BootDisk: &platform.BootDisk{ID: new("b"), Size: new(10 * gib), Type: new("thin"), Storage: new("ds0")},
		Disks:    map[string]platform.MachineDisk{"d1": {ID: new("d1"), Size: new(5 * gib), Type: new("thin"), Storage: new("ds0")}},
		NICs:     map[string]platform.NIC{"n1": {ID: new("n1"), MAC: new("m1"), NetworkID: new("net")}},
		BootedAt: new("2025-01-01T00:00:00Z"), Addresses: []string{"10.0.0.1"}, Native: map[string]string{"ref": id},
	}
}

// An adapter that lies in Read must not make the state lose its object or take another one.
func TestLyingRead(t *testing.T) {
	cases := map[string]func(have *machine){
		"another id": func(have *machine) { have.ID = new("vm-9") },
		"no id":      func(have *machine) { have.ID = nil },
		"nothing":    func(have *machine) { *have = machine{} },
	}
	for name, lie := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newCloud()
			r := web(t, fake)
			r.Must(t).Converge(config())
			fake.read = func(ctx context.Context, have *machine) error {
				err := fake.honestRead(ctx, have)
				lie(have)
				return err
			}
			got, err := r.Refresh()
			clean(t, err)
			says(t, got.Diags.Errors(), "", "Cannot read machine", "vm-1", "bug in the provider")
			equalTo(t, "id", r.State().At("id"), any("vm-1"))
		})
	}
}
