package vcenter

import (
	"bytes"
	"log"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// TestPanic lets a call panic while it holds a machine: it is answered, printed, and the machine is free again.
func TestPanic(t *testing.T) {
	var printed bytes.Buffer
	output := log.Writer()
	log.SetOutput(&printed)
	defer log.SetOutput(output)
	s, err := Start(t.Context(), Options{VMs: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	u := *s.URL
	u.User = url.UserPassword(s.User, s.Password)
	c, err := govmomi.NewClient(t.Context(), &u, true)
	if err != nil {
		t.Fatal(err)
	}
	vm, err := find.NewFinder(c.Client).VirtualMachine(t.Context(), "/"+Datacenter+"/vm/vm-0")
	if err != nil {
		t.Fatal(err)
	}
	m := s.model.Map()
	former := m.Handler
	m.Handler = func(ctx *simulator.Context, call *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		h, fault := former(ctx, call)
		if call.Name == "StandbyGuest" {
			ctx.Map.AcquireLock(ctx, vm.Reference())
			ctx.Map.AcquireLock(ctx, vm.Reference())
			panic("on purpose")
		}
		return h, fault
	}
	if err := vm.StandbyGuest(t.Context()); err == nil {
		t.Error("the call that panicked reports success")
	}
	done := make(chan error, 1)
	go func() {
		var got mo.VirtualMachine
		done <- vm.Properties(t.Context(), vm.Reference(), []string{"name"}, &got)
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the machine is still locked")
	}
	log.SetOutput(output)
	if !strings.Contains(printed.String(), "on purpose") {
		t.Errorf("nothing printed: %q", printed.String())
	}
}
