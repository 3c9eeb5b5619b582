package vcenter

import (
	"errors"
	"log"
	"net/http"
	"reflect"
	"runtime/debug"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
)

// began notes which call of the simulator an HTTP request is, so that its locks can be found should it panic. The
// simulator keeps the request to itself; only the address is needed. It reports false for a call that the simulator
// makes of itself, which has no request and nobody to end it.
func (f *front) began(ctx *simulator.Context) bool {
	field := reflect.ValueOf(ctx).Elem().FieldByName("req")
	if !field.IsValid() || field.Kind() != reflect.Pointer || field.IsNil() {
		return false
	}
	f.running.Store(field.Pointer(), ctx)
	return true
}

// recovered ends a request. A panic of the simulator is printed, answered with the status 500 and leaves no object
// locked: otherwise every later call for the object would hang without a reason that anybody could see.
func (f *front) recovered(w http.ResponseWriter, r *http.Request) {
	reason := recover()
	found, _ := f.running.LoadAndDelete(reflect.ValueOf(r).Pointer())
	ctx, ok := found.(*simulator.Context)
	if ok {
		f.turns.add(ctx.Caller, -1)
	}
	if reason == nil {
		return
	}
	if err, ok := reason.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(reason)
	}
	log.Printf("vCenter simulator: panic in %s: %v\n%s", r.URL.Path, reason, debug.Stack())
	if ok {
		release(ctx)
	}
	http.Error(w, "panic in the vCenter simulator", http.StatusInternalServerError)
}

// release gives back what a call has locked. Which objects these are is known to the locks alone, so all are asked;
// those that others hold now are asked when they are free.
func release(ctx *simulator.Context) {
	objects := ctx.Map.AllReference("")
	if ctx.Session != nil {
		objects = append(objects, ctx.Session.AllReference("")...)
	}
	for _, object := range objects {
		go releaseOne(ctx, object)
	}
}

func releaseOne(ctx *simulator.Context, object mo.Reference) {
	defer func() { _ = recover() }() // thus the lock says that the call does not hold it any more
	for unlock := ctx.Map.AcquireLock(ctx, object); ; {
		unlock()
	}
}
