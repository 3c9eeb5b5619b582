package vcenter

import (
	"path"
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// index is what the overrides know about all machines without locking any of them: the names that are taken, the
// disk files in use and which machines run. The simulator tells it every change.
type index struct {
	Self types.ManagedObjectReference
	m    *simulator.Registry

	mu    sync.Mutex
	names map[string]types.ManagedObjectReference // folder/name; a reference without value while the machine is made
	used  map[types.ManagedObjectReference]use
	young map[string]*birth // machines that are being made, by the same keys as names
}

// birth is the making of a machine.
type birth struct {
	ctx    *simulator.Context
	unlock []func()
}

type use struct {
	files []string
	nets  []string // keys of distributed port groups
	on    bool
	key   string // in names
}

func newIndex(m *simulator.Registry) *index {
	x := &index{
		Self: types.ManagedObjectReference{Type: "Lab", Value: "lab-index"}, m: m,
		young: map[string]*birth{},
		names: map[string]types.ManagedObjectReference{}, used: map[types.ManagedObjectReference]use{},
	}
	for _, e := range m.All("VirtualMachine") {
		if vm, ok := e.(*simulator.VirtualMachine); ok {
			x.named(nameKey(*vm.Parent, vm.Name), vm.Self)
			x.observe(&vm.VirtualMachine)
		}
	}
	m.AddHandler(x)
	return x
}

func nameKey(folder types.ManagedObjectReference, name string) string {
	return path.Join(folder.Value, name)
}

// claim reserves a name in a folder; the one who gets it has to call named or drop.
func (x *index) claim(folder types.ManagedObjectReference, name string) types.BaseMethodFault {
	x.mu.Lock()
	defer x.mu.Unlock()
	key := nameKey(folder, name)
	if ref, taken := x.names[key]; taken {
		return &types.DuplicateName{Name: name, Object: ref}
	}
	x.names[key] = types.ManagedObjectReference{}
	return nil
}

// named gives a claimed name to a machine, which loses its former one.
func (x *index) named(key string, ref types.ManagedObjectReference) {
	x.mu.Lock()
	defer x.mu.Unlock()
	u := x.used[ref]
	if u.key != "" {
		delete(x.names, u.key)
	}
	u.key = key
	x.used[ref], x.names[key] = u, ref
}

// drop gives a claimed name back.
func (x *index) drop(key string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.names, key)
}

// holders are the machines other than self that have a file as a disk; running says that one of them is on.
func (x *index) holders(file string, self types.ManagedObjectReference) (refs []types.ManagedObjectReference, running bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for ref, u := range x.used {
		if ref != self && slices.Contains(u.files, file) {
			refs = append(refs, ref)
			running = running || u.on
		}
	}
	return refs, running
}

// connected reports whether a machine has a NIC in a distributed port group.
func (x *index) connected(key string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, u := range x.used {
		if slices.Contains(u.nets, key) {
			return true
		}
	}
	return false
}

// observe notes the files and the power state of a machine, which the caller has locked.
func (x *index) observe(vm *mo.VirtualMachine) {
	x.mu.Lock()
	defer x.mu.Unlock()
	u := x.used[vm.Self]
	u.files, u.nets, u.on = nil, nil, vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
	if vm.Config != nil {
		for _, d := range vm.Config.Hardware.Device {
			if isDisk(d) {
				u.files = append(u.files, diskFile(d))
			}
			if b, ok := d.GetVirtualDevice().Backing.(*types.VirtualEthernetCardDistributedVirtualPortBackingInfo); ok {
				u.nets = append(u.nets, b.Port.PortgroupKey)
			}
		}
	}
	if u.key != "" && vm.Parent != nil && u.key != nameKey(*vm.Parent, vm.Name) { // moved by hand
		delete(x.names, u.key)
		u.key = nameKey(*vm.Parent, vm.Name)
		x.names[u.key] = vm.Self
	}
	x.used[vm.Self] = u
}

// Reference is where the registry finds it.
func (x *index) Reference() types.ManagedObjectReference { return x.Self }

// making announces that a call makes a machine. The simulator shows a machine to everybody long before it is complete,
// so it stays locked on behalf of the call until done.
func (x *index) making(ctx *simulator.Context, key string) (done func()) {
	b := &birth{ctx: ctx}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.young[key] = b
	return func() {
		x.mu.Lock()
		delete(x.young, key)
		x.mu.Unlock()
		for _, unlock := range b.unlock {
			unlock()
		}
	}
}

// PutObject is told about every new object.
func (x *index) PutObject(_ *simulator.Context, object mo.Reference) {
	vm, ok := object.(*simulator.VirtualMachine)
	if !ok || vm.Parent == nil {
		return
	}
	x.mu.Lock()
	b := x.young[nameKey(*vm.Parent, vm.Name)]
	x.mu.Unlock()
	if b != nil { // the call has the lock already and gets it once more
		b.unlock = append(b.unlock, x.m.AcquireLock(b.ctx, vm))
	}
}

// UpdateObject is told about every change.
func (x *index) UpdateObject(_ *simulator.Context, object mo.Reference, _ []types.PropertyChange) {
	if vm, ok := object.(*mo.VirtualMachine); ok {
		x.observe(vm)
	}
}

// RemoveObject is told about every object that goes.
func (x *index) RemoveObject(_ *simulator.Context, ref types.ManagedObjectReference) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if u, ok := x.used[ref]; ok {
		delete(x.names, u.key)
		delete(x.used, ref)
	}
}
