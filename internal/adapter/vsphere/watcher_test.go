package vsphere

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func refOf(t *testing.T, l *lab, name string) types.ManagedObjectReference {
	t.Helper()
	vm, _ := l.native(t, name)
	return vm.Reference()
}

// many gives machines that run, as an engine would have them after a refresh.
func many(t *testing.T, l *lab, n int) []*platform.Machine {
	t.Helper()
	var all []*platform.Machine
	for e, err := range l.machines.List(t.Context()) {
		must(t, err)
		m := &platform.Machine{}
		m.ID = &e.ID
		must(t, e.Fill(m))
		all = append(all, m)
	}
	var wg sync.WaitGroup
	for i, m := range all[:n] {
		wg.Go(func() {
			all[i] = with(m, func(m *platform.Machine) { m.Power = new(platform.PowerOn) })
			if err := l.machines.Update(t.Context(), m, all[i]); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return all[:n]
}

// TestPowerOffs switches 50 machines off at once, from opening the connection to closing it.
func TestPowerOffs(t *testing.T) {
	const n = 50
	l := start(t, vcenter.Options{VMs: n, GuestDelay: time.Hour})
	many(t, l, n)
	refs := make([]types.ManagedObjectReference, n)
	for i := range refs {
		refs[i] = refOf(t, l, fmt.Sprintf("vm-%d", i))
	}
	l.Reset()
	conn, err := New().Open(t.Context(), config(l.Server, map[string]any{"parallel_requests": int64(50)}))
	must(t, err)
	ours := adapterOf(t, conn)
	var wg sync.WaitGroup
	for _, ref := range refs {
		wg.Go(func() {
			vm, err := ours.at(t.Context(), ref, ref.Value)
			if err == nil {
				err = ours.stop(t.Context(), vm)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	must(t, conn.Close(t.Context()))
	t.Logf("%d calls: %v", l.Total(), l.Calls())
	if l.Total() > 70 {
		t.Errorf("%d calls, want at most 70", l.Total())
	}
	if _, got := l.native(t, "vm-7"); got.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		t.Error("it is still on")
	}
}

func TestPowerOffUpdates(t *testing.T) {
	const n = 50
	l := start(t, vcenter.Options{VMs: n, GuestDelay: time.Hour})
	all := many(t, l, n)
	l.Reset()
	var wg sync.WaitGroup
	for _, m := range all {
		wg.Go(func() {
			want := with(m, func(m *platform.Machine) { m.Power = new(platform.PowerOff) })
			if err := l.machines.Update(t.Context(), m, want); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	t.Logf("%d calls: %v", l.Total(), l.Calls())
	if l.Total() > 70 {
		t.Errorf("%d calls, want at most 70", l.Total())
	}
}

func TestGracefulShutdown(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.machine("web")
	m.ImageID, m.BootDisk, m.WaitFor = l.image(t), nil, &platform.WaitFor{GuestAgent: new(true)}
	l.create(t, m)
	l.Reset()
	l.update(t, m, func(m *platform.Machine) { m.Power = new(platform.PowerOff) })
	if c := l.Calls(); c["ShutdownGuest"] != 1 || c["PowerOffVM_Task"] != 0 {
		t.Errorf("calls %v", c)
	}
}

func TestWaitTimesOut(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.machine("web")
	m.ImageID, m.BootDisk = l.image(t), nil
	m.WaitFor = &platform.WaitFor{Address: new("192.0.2.0/24")}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err := l.machines.Create(ctx, m, func(string) {})
	var timeout *platform.TimeoutError
	if !errors.As(err, &timeout) || !strings.Contains(timeout.Awaited, "192.0.2.0/24") || !strings.Contains(timeout.Seen, "10.20.") {
		t.Errorf("error %v", err)
	}
}

func TestSessionExpiresWhileWaiting(t *testing.T) {
	l := start(t, vcenter.Options{GuestDelay: 500 * time.Millisecond})
	m := l.machine("web")
	m.ImageID, m.BootDisk = l.image(t), nil
	m.WaitFor = &platform.WaitFor{Address: new("10.0.0.0/8")}
	done := make(chan error, 1)
	go func() { done <- l.machines.Create(t.Context(), m, func(string) {}) }()
	for l.Calls()["PowerOnVM_Task"] == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	l.ExpireSessions()
	l.Inject(vcenter.Fault{Method: "WaitForUpdatesEx", SOAP: &types.NotAuthenticated{}})
	must(t, <-done)
}

func TestCancelledTask(t *testing.T) {
	if os.Getenv("VIRT_TEST_SLOW_TASKS") == "" {
		// How long the simulator's tasks take is a setting of the whole process.
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCancelledTask$")
		child.Env = append(os.Environ(), "VIRT_TEST_SLOW_TASKS=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	l := start(t, vcenter.Options{VMs: 1, TaskDelay: 3 * time.Second})
	m := &platform.Machine{}
	id, err := l.machines.Find(t.Context(), "vm-0")
	must(t, err)
	m.ID = &id
	must(t, l.machines.Read(t.Context(), m))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = l.machines.Update(ctx, m, with(m, func(m *platform.Machine) { m.Power = new(platform.PowerOn) }))
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	wantClass(t, err, platform.ErrTimeout)
	if !strings.Contains(err.Error(), "it was cancelled") || !strings.Contains(err.Error(), "vm-0") {
		t.Error(err)
	}
	if l.Calls()["CancelTask"] != 1 {
		t.Errorf("calls %v", l.Calls())
	}
}
