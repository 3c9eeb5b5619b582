package vcenter

import (
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vslm"
)

// overrides answers the methods in which the simulator differs from the vSphere API reference. It redirects a call
// to an object of ours that checks what the real thing would check and then mostly calls the simulator's method. The
// simulator's own objects stay what they are, because it relies on their types everywhere.
type overrides struct {
	m     *simulator.Registry
	front *front

	targets map[string]types.ManagedObjectReference // "VirtualMachine.Rename_Task" to the object that answers

	index *index

	lock   sync.Mutex
	kinds  map[string]string // of plain disk files, by path: how they were made
	number int               // of MAC addresses and refusals
}

// target is an object of ours in the simulator's registry, which expects a managed object inside. Its lock does
// nothing: methods lock what they touch.
type target struct {
	mo.ExtensibleManagedObject
	*overrides
}

func (o *overrides) target(self types.ManagedObjectReference) *target {
	return &target{mo.ExtensibleManagedObject{Self: self}, o}
}

// Lock does nothing.
func (*target) Lock() {}

// Unlock does nothing.
func (*target) Unlock() {}

// The objects that answer, by the type of the object that was called.
type (
	machines   struct{ *target }
	folders    struct{ *target }
	snapshots  struct{ *target }
	portGroups struct{ *target }
	files      struct{ *target } // VirtualDiskManager and HostDatastoreBrowser
	disks      struct{ *target } // VcenterVStorageObjectManager
	catalogue  struct{ *target } // VslmVStorageObjectManager
	views      struct{ *target } // ListView
	searches   struct{ *target } // SearchIndex
	attributes struct{ *target } // CustomFieldsManager
)

// override installs the redirections and the watch over guests.
func (s *Server) override(o Options) {
	m := s.model.Map()
	over := &overrides{
		m: m, front: s.front, targets: map[string]types.ManagedObjectReference{},
		index: newIndex(m), kinds: map[string]string{},
	}
	over.install(m, func(t *target) mo.Reference { return &machines{t} }, "VirtualMachine")
	over.install(m, func(t *target) mo.Reference { return &folders{t} }, "Folder")
	over.install(m, func(t *target) mo.Reference { return &snapshots{t} }, "VirtualMachineSnapshot")
	over.install(m, func(t *target) mo.Reference { return &portGroups{t} }, "DistributedVirtualPortgroup")
	over.install(m, func(t *target) mo.Reference { return &files{t} }, "VirtualDiskManager", "HostDatastoreBrowser")
	over.install(m, func(t *target) mo.Reference { return &disks{t} }, "VcenterVStorageObjectManager")
	over.install(m, func(t *target) mo.Reference { return &views{t} }, "ListView")
	over.install(m, func(t *target) mo.Reference { return &searches{t} }, "SearchIndex")
	over.install(m, func(t *target) mo.Reference { return &attributes{t} }, "CustomFieldsManager")
	m.Handler = over.handle
	m.AddHandler(s.front.turns)
	if c := s.model.Service.Context.For(vslm.Path); c.Map != nil {
		over.install(c.Map, func(t *target) mo.Reference { return &catalogue{t} }, "VslmVStorageObjectManager")
		c.Map.Handler = over.handle
	}
	s.guest = watchGuests(m, o.GuestDelay)
}

// install puts an object of ours into a registry and redirects to it every method that it has.
func (o *overrides) install(r *simulator.Registry, made func(*target) mo.Reference, kinds ...string) {
	self := types.ManagedObjectReference{Type: "Lab", Value: "lab-" + kinds[0]}
	object := made(o.target(self))
	r.Put(object)
	t := reflect.TypeOf(object)
	for method := range t.Methods() {
		name := method.Name
		if stem, ok := strings.CutSuffix(name, "Task"); ok {
			name = stem + "_Task"
		}
		for _, kind := range kinds {
			o.targets[kind+"."+name] = self
		}
	}
}

// handle is asked by the simulator before every call. It may change whom the call is for.
func (o *overrides) handle(ctx *simulator.Context, call *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	ends := o.front.began(ctx)
	if ctx.Session == nil {
		return nil, unauthenticated(call)
	}
	if strings.HasSuffix(call.Name, "_Task") {
		if fault := o.front.task(call.Name, call.This.Value); fault != nil {
			return nil, o.refuse(call, fault)
		}
	}
	if ends && touching.MatchString(call.Name) {
		o.front.turns.enter(ctx.Caller)
	}
	if self, ok := o.targets[call.This.Type+"."+call.Name]; ok {
		call.This = self // the session would look the former one up again
		return ctx.Map.Get(self), nil
	}
	return nil, nil
}

// unauthenticated refuses what the simulator lets pass without a session: reading properties of the inventory. The
// session manager stays readable, as clients ask it who they are.
func unauthenticated(call *simulator.Method) types.BaseMethodFault {
	var specs []types.PropertyFilterSpec
	switch body := call.Body.(type) {
	case *types.RetrieveProperties:
		specs = body.SpecSet
	case *types.RetrievePropertiesEx:
		specs = body.SpecSet
	}
	for _, spec := range specs {
		for _, object := range spec.ObjectSet {
			if k := object.Obj.Type; k != "SessionManager" && k != "ServiceInstance" {
				return &types.NotAuthenticated{NoPermission: types.NoPermission{Object: &object.Obj, PrivilegeId: "System.View"}}
			}
		}
	}
	return nil
}

// machine is the simulator's object for a reference, nil when there is none.
func (o *overrides) machine(ref types.ManagedObjectReference) *simulator.VirtualMachine {
	vm, _ := o.m.Get(ref).(*simulator.VirtualMachine)
	return vm
}

// begin starts a task on an object, which is locked until the task ends.
func begin(ctx *simulator.Context, on mo.Reference, name string, do func() (types.AnyType, types.BaseMethodFault)) (ref types.ManagedObjectReference) {
	task := simulator.CreateTask(on.Reference(), name, func(*simulator.Task) (types.AnyType, types.BaseMethodFault) { return do() })
	ctx.WithLock(on.Reference(), func() { ref = task.Run(ctx) })
	return ref
}

// failed starts a task that ends with a fault.
func failed(ctx *simulator.Context, on mo.Reference, name string, fault types.BaseMethodFault) types.ManagedObjectReference {
	return begin(ctx, on, name, func() (types.AnyType, types.BaseMethodFault) { return nil, fault })
}

// await waits for a task of the simulator.
func (o *overrides) await(ref types.ManagedObjectReference) (types.AnyType, types.BaseMethodFault) {
	task, ok := o.m.Get(ref).(*simulator.Task)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: ref}
	}
	own := &simulator.Context{Map: o.m} // the task's goroutine holds locks on behalf of the call
	for {
		var info types.TaskInfo
		own.WithLock(task, func() { info = task.Info })
		switch info.State { //nolint:exhaustive // queued and running are not over
		case types.TaskInfoStateSuccess:
			return info.Result, nil
		case types.TaskInfoStateError:
			return nil, info.Error.Fault
		}
		time.Sleep(time.Millisecond)
	}
}

// devices is the list of a machine's devices.
func devices(vm *simulator.VirtualMachine) object.VirtualDeviceList {
	return object.VirtualDeviceList(vm.Config.Hardware.Device)
}
