package vcenter

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// turns lets the calls that touch a datastore go one after the other, each with the tasks that it starts. The simulator
// copies a whole datastore to find a file on it, without a lock, while other calls change its free space, its list of
// machines or the custom attributes that everything has, a machine in the making included. A call waits before it locks
// any object, so that whoever has the turn finds every lock free sooner or later. All other calls, such as those that
// read properties or switch machines on and off, never wait.
type turns struct {
	Self types.ManagedObjectReference

	turn sync.Mutex // of the call below

	mu   sync.Mutex
	call *types.ManagedObjectReference // see simulator.Context.Caller: a call and its tasks share the pointer
	open int                           // the call itself, until it is answered, and its tasks that run
}

// touching are the methods that wait for their turn: they make, change, move or delete files and machines, look files
// up, or change custom attributes.
var touching = regexp.MustCompile(`Disk|Datastore|VStorageObject|Snapshot|CustomField|SetField|Directory|` +
	`(Create|CreateChild|Clone|InstantClone|Reconfig|Register|Unregister|Relocate)VM|` +
	`Destroy_Task|UnregisterAndDestroy|ImportVApp|ExportVm|RefreshStorageInfo`)

func newTurns() *turns {
	return &turns{Self: types.ManagedObjectReference{Type: "Lab", Value: "lab-turns"}}
}

// enter waits until a call is the only one.
func (t *turns) enter(call *types.ManagedObjectReference) {
	t.turn.Lock()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.call, t.open = call, 1
}

// add counts what goes on or ends on behalf of the call whose turn it is. The next one begins when nothing does.
func (t *turns) add(call *types.ManagedObjectReference, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if call == nil || call != t.call {
		return
	}
	if t.open += n; t.open == 0 {
		t.call = nil
		t.turn.Unlock()
	}
}

// files serves a file of a datastore in a turn of its own.
func (t *turns) files(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/folder/") {
			call := new(types.ManagedObjectReference)
			t.enter(call)
			defer t.add(call, -1)
		}
		next.ServeHTTP(w, r)
	})
}

// Reference is where the registry finds it.
func (t *turns) Reference() types.ManagedObjectReference { return t.Self }

// PutObject is told about every new object.
func (*turns) PutObject(*simulator.Context, mo.Reference) {}

// UpdateObject is told about every change: a task says when it begins, which is before its call is answered, and when
// it ends. Both have the context of the call; whoever cancels a task has another one.
func (t *turns) UpdateObject(ctx *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	task, ok := object.(*mo.Task)
	if !ok || !slices.ContainsFunc(changes, func(c types.PropertyChange) bool { return c.Name == "info.state" }) {
		return
	}
	switch task.Info.State { //nolint:exhaustive // queued is not begun
	case types.TaskInfoStateRunning:
		t.add(ctx.Caller, 1)
	case types.TaskInfoStateSuccess, types.TaskInfoStateError:
		t.add(ctx.Caller, -1)
	}
}

// RemoveObject is told about every object that goes.
func (*turns) RemoveObject(*simulator.Context, types.ManagedObjectReference) {}
