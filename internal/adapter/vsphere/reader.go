package vsphere

import (
	"context"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// batchWindow is how long a read of one machine waits for others that can share its request.
const batchWindow = 2 * time.Millisecond

// reader reads machines: those who ask at about the same time share one request. It remembers which machine has
// which UUID, which saves looking them up.
type reader struct {
	session *session

	mu      sync.Mutex
	next    *batch
	known   map[string]types.ManagedObjectReference // by instance UUID
	sending sync.Mutex                              // while one batch is under way the next one gathers
}

// batch is one shared request.
type batch struct {
	refs  map[types.ManagedObjectReference]struct{}
	done  chan struct{}
	found map[types.ManagedObjectReference]*mo.VirtualMachine
	err   error
}

func newReader(s *session) *reader {
	return &reader{session: s, known: map[string]types.ManagedObjectReference{}}
}

// machine reads one machine; nil is one that is gone.
func (r *reader) machine(ctx context.Context, ref types.ManagedObjectReference) (*mo.VirtualMachine, error) {
	b := r.join(ctx, ref)
	select {
	case <-b.done:
		return b.found[ref], b.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *reader) join(ctx context.Context, ref types.ManagedObjectReference) *batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil {
		r.next = &batch{refs: map[types.ManagedObjectReference]struct{}{}, done: make(chan struct{})}
		go r.send(context.WithoutCancel(ctx), r.next)
	}
	r.next.refs[ref] = struct{}{}
	return r.next
}

// send gathers for a moment and reads what was asked for. It does not end with the context of the one who was first:
// others share it.
func (r *reader) send(ctx context.Context, b *batch) {
	time.Sleep(batchWindow)
	r.sending.Lock()
	defer r.sending.Unlock()
	r.mu.Lock()
	r.next = nil
	r.mu.Unlock()
	defer close(b.done)
	var objs []types.ObjectSpec
	for ref := range b.refs {
		objs = append(objs, types.ObjectSpec{Obj: ref})
	}
	contents, err := r.session.retrieve(ctx, objs, []types.PropertySpec{{Type: "VirtualMachine", PathSet: machineProperties()}})
	if err != nil {
		b.err = err
		return
	}
	machines, err := decodeMachines(contents)
	b.err, b.found = err, map[types.ManagedObjectReference]*mo.VirtualMachine{}
	for i := range machines {
		b.found[machines[i].Self] = &machines[i]
		r.remember(&machines[i])
	}
}

// decodeMachines keeps the machines among what was read.
func decodeMachines(contents []types.ObjectContent) ([]mo.VirtualMachine, error) {
	var only []types.ObjectContent
	for _, c := range contents {
		if c.Obj.Type == "VirtualMachine" {
			c.MissingSet = nil // what the user may not see is empty
			only = append(only, c)
		}
	}
	var machines []mo.VirtualMachine
	if len(only) == 0 {
		return nil, nil
	}
	err := mo.LoadObjectContent(only, &machines)
	return machines, err
}

// remember notes whose UUID it is.
func (r *reader) remember(vm *mo.VirtualMachine) {
	if vm.Config == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[vm.Config.InstanceUuid] = vm.Self
}

// recall gives the reference that a UUID had last.
func (r *reader) recall(id string) (types.ManagedObjectReference, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ref, ok := r.known[id]
	return ref, ok
}

// note remembers the reference of a machine that was just made.
func (r *reader) note(id string, ref types.ManagedObjectReference) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[id] = ref
}
