package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

type (
	machine = platform.Machine
	object  = map[string]any
)

// cloud is a small honest platform for machines; tests exchange single verbs to make it fail or lie.
type cloud struct {
	*fake[machine]
	name, typ, endpoint string // of the connection; typ says whose blocks count
	traits              platform.Traits
	kinds               map[string]platform.Traits // of kinds that are a test's own
	ahead               int
	unknown, readOnly   bool
	aliases             map[string]map[string]string
	images              *fake[platform.Image]
	hosts               platform.Reader[platform.Host]
	open                func(ctx context.Context, c platform.Config) (*platform.Conn, error)
	close               func(ctx context.Context) error

	state sync.Mutex
	vms   map[string]*machine // by id, disks and nics keyed by their native ids
	next  int
}

// newCloud makes a platform of type vsphere with a connection called dc1.
func newCloud() *cloud {
	c := &cloud{fake: &fake[machine]{}, name: "dc1", typ: "vsphere", endpoint: "vc-1", traits: machineTraits(), vms: map[string]*machine{}}
	c.create, c.read, c.update, c.remove, c.list = c.honestCreate, c.honestRead, c.honestUpdate, c.honestDelete, c.honestList
	c.open = func(context.Context, platform.Config) (*platform.Conn, error) { return c.conn(), nil }
	return c
}

// conn is an open connection to the platform.
func (c *cloud) conn() *platform.Conn {
	conn := &platform.Conn{Endpoint: c.endpoint, Machines: c.fake, Hosts: c.hosts, Close: c.close}
	if c.images != nil {
		conn.Images = c.images
	}
	return conn
}

// connection is how the provider knows the platform.
func (c *cloud) connection() *engine.Connection {
	traits := map[string]platform.Traits{"machine": c.traits}
	maps.Copy(traits, c.kinds)
	return &engine.Connection{
		Name: c.name, Type: c.typ, Unknown: c.unknown, ReadOnly: c.readOnly, Aliases: c.aliases,
		Driver: platform.Driver{
			Name: c.typ, Title: "Fake " + c.typ, Traits: traits, Ahead: c.ahead,
			Open: func(ctx context.Context, cfg platform.Config) (*platform.Conn, error) { return c.open(ctx, cfg) },
		},
		Config: func() (platform.Config, error) { return platform.NewConfig(nil), nil },
	}
}

func machineTraits() platform.Traits {
	live, restart := platform.Live(), platform.Restart()
	gib := int64(platform.GiB)
	return platform.Traits{
		"id": platform.Computed(), "native": platform.Computed(), "booted_at": platform.Computed(), "addresses": platform.Computed(),
		"unmanaged_disks": platform.Computed(), "unmanaged_nics": platform.Computed(),
		"name": live, "description": live, "metadata": live, "tags": live, "power": live, "size": live, "tpm": live, "placement": live,
		"cpus":             restart.Between(1, 64),
		"memory":           restart.Steps(gib),
		"autostart":        platform.Unsupported("nothing starts by itself here; use the cluster's rules"),
		"secure_boot":      platform.Unsupported("the firmware cannot do it").Except("false"),
		"firmware":         platform.Replace().Among("bios", "uefi"),
		"hostname":         platform.Replace(),
		"placement.zone":   platform.Replace(),
		"image_id":         platform.CreateOnly(),
		"user_data":        platform.CreateOnly(),
		"network_data":     platform.Unsupported("it is made from nics"),
		"login":            live.Unobservable(),
		"boot_disk":        live,
		"boot_disk.size":   live.NoShrink("data would be lost"),
		"disks":            live,
		"disks.*":          platform.Elements(platform.ClassLive, platform.ClassLive),
		"disks.*.size":     live.NoShrink("data would be lost"),
		"disks.*.id":       platform.Computed(),
		"nics":             live,
		"nics.*":           platform.Elements(platform.ClassRestart, platform.ClassLive),
		"nics.*.subnet_id": platform.Unsupported("port groups have no subnets"),
		"nics.*.id":        platform.Computed(),
		"vsphere":          live,
	}
}

func (c *cloud) newID(what string) string {
	c.next++
	return fmt.Sprintf("%s-%d", what, c.next)
}

func (c *cloud) honestCreate(_ context.Context, want *machine, made func(string)) error {
	c.state.Lock()
	defer c.state.Unlock()
	for id, vm := range c.vms {
		if vm.Name == want.Name {
			return &platform.OpError{Op: "create machine", On: want.Name, Err: &platform.ExistsError{Name: want.Name, ID: id}}
		}
	}
	id := c.newID("vm")
	c.vms[id] = &machine{Meta: platform.Meta{ID: &id}, Disks: map[string]platform.MachineDisk{}, NICs: map[string]platform.NIC{}}
	made(id)
	want.ID = &id
	c.write(c.vms[id], &machine{}, want)
	return nil
}

func (c *cloud) honestUpdate(_ context.Context, prior, want *machine) error {
	c.state.Lock()
	defer c.state.Unlock()
	vm := c.vms[*want.ID]
	if vm == nil {
		return platform.As(platform.ErrNotFound, errors.New("no such machine"))
	}
	c.write(vm, prior, want)
	return nil
}

func (c *cloud) honestDelete(_ context.Context, have *machine) error {
	c.state.Lock()
	defer c.state.Unlock()
	delete(c.vms, *have.ID)
	return nil
}

func (c *cloud) honestRead(ctx context.Context, have *machine) error {
	c.state.Lock()
	defer c.state.Unlock()
	vm := c.vms[*have.ID]
	if vm == nil {
		return platform.As(platform.ErrNotFound, fmt.Errorf("no machine %s", *have.ID))
	}
	observed(vm, have, platform.Importing(ctx))
	return nil
}

func (c *cloud) honestList(context.Context) iter.Seq2[platform.Entry[machine], error] {
	return func(yield func(platform.Entry[machine], error) bool) {
		c.state.Lock()
		vms := make([]*machine, 0, len(c.vms))
		for _, id := range slices.Sorted(maps.Keys(c.vms)) {
			vms = append(vms, clone(c.vms[id]))
		}
		c.state.Unlock()
		for _, vm := range vms {
			e := platform.Entry[machine]{ID: *vm.ID, Name: vm.Name, Fill: func(have *machine) error { observed(vm, have, false); return nil }}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// write brings vm from prior to want: set is taken, set before and nil now goes back to the default, nil in both is
// left alone. What want leaves open is filled in.
func (c *cloud) write(vm, prior, want *machine) {
	c.writeDisks(vm, prior, want)
	c.writeNICs(vm, prior, want)
	to, from, old := reflect.ValueOf(vm).Elem(), reflect.ValueOf(want).Elem(), reflect.ValueOf(prior).Elem()
	for _, f := range reflect.VisibleFields(to.Type()) {
		if f.Anonymous || f.Name == "Disks" || f.Name == "NICs" {
			continue
		}
		if v := from.FieldByIndex(f.Index); !v.IsZero() {
			to.FieldByIndex(f.Index).Set(v)
		} else if !old.FieldByIndex(f.Index).IsZero() {
			to.FieldByIndex(f.Index).SetZero()
		}
	}
	c.complete(vm, want)
}

func (c *cloud) complete(vm, want *machine) {
	fill(&vm.CPUs, &want.CPUs, 1)
	fill(&vm.Memory, &want.Memory, platform.GiB)
	fill(&vm.Firmware, &want.Firmware, "bios")
	fill(&vm.SecureBoot, &want.SecureBoot, false)
	fill(&vm.TPM, &want.TPM, false)
	fill(&vm.Power, &want.Power, platform.PowerOn)
	if want.BootDisk == nil {
		want.BootDisk = &platform.BootDisk{}
	}
	if vm.BootDisk == nil || vm.BootDisk == want.BootDisk {
		vm.BootDisk = &platform.BootDisk{}
	}
	fill(&vm.BootDisk.Size, &want.BootDisk.Size, 10*platform.GiB)
	fill(&vm.BootDisk.Type, &want.BootDisk.Type, "thin")
	fill(&vm.BootDisk.Storage, &want.BootDisk.Storage, "ds0")
	fill(&vm.BootDisk.ID, &want.BootDisk.ID, "boot-"+*vm.ID)
	if *want.Power == platform.PowerOn && want.BootedAt == nil {
		c.next++
		want.BootedAt = new(fmt.Sprintf("2026-01-01T00:00:%02dZ", c.next))
	}
	vm.BootedAt = want.BootedAt
	vm.Addresses, vm.Native = []string{"10.0.0.1"}, map[string]string{"ref": *vm.ID}
	want.Addresses, want.Native = vm.Addresses, vm.Native
	seen := clone(want)
	observed(clone(vm), seen, false)
	want.UnmanagedDisks, want.UnmanagedNICs = seen.UnmanagedDisks, seen.UnmanagedNICs
}

// fill takes what is wanted, or else tells what is so or becomes so by default.
func fill[V any](is, want **V, standard V) {
	switch {
	case *want != nil:
		*is = *want
	case *is == nil:
		*is = &standard
		fallthrough
	default:
		*want = *is
	}
}

func (c *cloud) writeDisks(vm, prior, want *machine) {
	for _, key := range platform.Keys(prior.Disks) {
		if _, stays := want.Disks[key]; !stays {
			delete(vm.Disks, *prior.Disks[key].ID)
		}
	}
	for _, key := range platform.Keys(want.Disks) {
		d := want.Disks[key]
		if d.ID == nil {
			d.ID = new(c.newID("disk"))
		}
		is := vm.Disks[*d.ID]
		fill(&is.Size, &d.Size, platform.GiB)
		fill(&is.Type, &d.Type, "thin")
		fill(&is.Storage, &d.Storage, "ds0")
		is.ID, is.DiskID = d.ID, d.DiskID
		vm.Disks[*d.ID], want.Disks[key] = is, d
	}
}

func (c *cloud) writeNICs(vm, prior, want *machine) {
	for _, key := range platform.Keys(prior.NICs) {
		if _, stays := want.NICs[key]; !stays {
			delete(vm.NICs, *prior.NICs[key].ID)
		}
	}
	for _, key := range platform.Keys(want.NICs) {
		n := want.NICs[key]
		if n.ID == nil {
			n.ID = new(c.newID("nic"))
		}
		is := vm.NICs[*n.ID]
		fill(&is.MAC, &n.MAC, "mac-"+*n.ID)
		is.ID, is.NetworkID, is.Addresses, is.Gateway, is.DNS, is.Primary = n.ID, n.NetworkID, n.Addresses, n.Gateway, n.DNS, n.Primary
		vm.NICs[*n.ID], want.NICs[key] = is, n
	}
}

// observed fills have with what the platform tells of vm.
func observed(vm, have *machine, importing bool) {
	asked := *have
	*have = *clone(vm)
	have.Platform, have.Timeouts = asked.Platform, asked.Timeouts
	have.ImageID, have.UserData, have.Login, have.AllowRestart, have.WaitFor = nil, nil, nil, nil, nil
	have.Disks, have.UnmanagedDisks = map[string]platform.MachineDisk{}, map[string]platform.UnmanagedDisk{}
	have.NICs, have.UnmanagedNICs = map[string]platform.NIC{}, map[string]platform.UnmanagedNIC{}
	for id, d := range vm.Disks {
		key := keyOf(asked.Disks, func(d platform.MachineDisk) bool { return d.ID != nil && *d.ID == id })
		if key == "" && !importing {
			have.UnmanagedDisks["slot-"+id] = platform.UnmanagedDisk{ID: d.ID, Size: d.Size}
			continue
		}
		d.DeleteOnRemove = nil
		have.Disks[orSlot(key, id)] = d
	}
	for id, n := range vm.NICs {
		key := keyOf(asked.NICs, func(n platform.NIC) bool { return n.ID != nil && *n.ID == id })
		if key == "" && !importing {
			have.UnmanagedNICs["slot-"+id] = platform.UnmanagedNIC{ID: n.ID, MAC: n.MAC, NetworkID: n.NetworkID}
			continue
		}
		have.NICs[orSlot(key, id)] = n
	}
	seeBlock(vm, have, asked.VSphere)
}

// seeBlock tells the platform's own block where it is managed, and of its keys those that were asked for.
func seeBlock(vm, have *machine, asked *platform.VSphereMachine) {
	if have.VSphere = nil; asked == nil {
		return
	}
	have.VSphere = &platform.VSphereMachine{Folder: new("vm")}
	if vm.VSphere == nil {
		return
	}
	have.VSphere = clone(vm).VSphere
	if asked.ExtraConfig != nil {
		maps.DeleteFunc(have.VSphere.ExtraConfig, func(key, _ string) bool { _, ok := asked.ExtraConfig[key]; return !ok })
	}
}

func keyOf[V any](m map[string]V, is func(V) bool) string {
	for key, v := range m {
		if is(v) {
			return key
		}
	}
	return ""
}

func orSlot(key, id string) string {
	if key == "" {
		return "slot-" + id
	}
	return key
}

// clone copies deeply.
func clone[V any](v *V) *V {
	raw, err := json.Marshal(v)
	out := new(V)
	if err == nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil {
		panic(err) // a mistake in the test's own types
	}
	return out
}
