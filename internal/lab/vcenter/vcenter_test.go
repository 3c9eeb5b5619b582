package vcenter_test

import (
	"context"
	"crypto/x509"
	"errors"
	"maps"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

func start(t *testing.T, o vcenter.Options) *vcenter.Server {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := vcenter.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func login(t *testing.T, s *vcenter.Server, user *url.Userinfo) (*govmomi.Client, error) {
	t.Helper()
	u := *s.URL
	u.User = nil
	sc := soap.NewClient(&u, false)
	if err := sc.SetRootCAs(s.CAFile); err != nil {
		t.Fatal(err)
	}
	vc, err := vim25.NewClient(t.Context(), sc)
	if err != nil {
		return nil, err
	}
	m := session.NewManager(vc)
	c := &govmomi.Client{Client: vc, SessionManager: m}
	if err := m.Login(t.Context(), user); err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = c.Logout(context.WithoutCancel(t.Context())) })
	return c, nil
}

func connect(t *testing.T, s *vcenter.Server) *find.Finder {
	t.Helper()
	c, err := login(t, s, s.URL.User)
	if err != nil {
		t.Fatal(err)
	}
	f := find.NewFinder(c.Client)
	dc, err := f.Datacenter(t.Context(), vcenter.Datacenter)
	if err != nil {
		t.Fatal(err)
	}
	return f.SetDatacenter(dc)
}

func TestNames(t *testing.T) {
	f := connect(t, start(t, vcenter.Options{VMs: 2, PortGroups: 1, Datastores: 2, Datacenters: 2}))
	for _, path := range []string{
		"/DC0/host/C0", "/DC0/host/C0/Resources", "/DC0/datastore/ds0", "/DC0/datastore/ds1", "/DC0/network/app",
		"/DC0/network/pg1", "/DC0/network/VM Network", "/DC0/network/DVS0", "/DC0/vm/templates/debian-12",
		"/DC0/vm/vm-0", "/DC0/vm/vm-1", "/DC1/vm/templates/debian-12",
	} {
		t.Run(path, func(t *testing.T) {
			found, err := f.ManagedObjectListChildren(t.Context(), path)
			if err != nil || len(found) == 0 {
				t.Errorf("found %v, error %v", found, err)
			}
		})
	}
}

func TestWrongPassword(t *testing.T) {
	s := start(t, vcenter.Options{})
	_, err := login(t, s, url.UserPassword(s.User, "wrong"))
	if !fault.Is(err, &types.InvalidLogin{}) {
		t.Errorf("error %v, want InvalidLogin", err)
	}
}

func TestUnknownAuthority(t *testing.T) {
	s := start(t, vcenter.Options{})
	_, err := govmomi.NewClient(t.Context(), s.URL, false)
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("error %v, want an unknown authority", err)
	}
}

func TestCalls(t *testing.T) {
	s := start(t, vcenter.Options{})
	connect(t, s)
	if n := s.Calls()["Login"]; n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	s.Reset()
	f := connect(t, s)
	s.Reset()
	if _, err := f.VirtualMachine(t.Context(), vcenter.Template); err != nil {
		t.Fatal(err)
	}
	calls := s.Calls()
	if len(calls) == 0 || calls["Login"] != 0 || s.Total() == 0 {
		t.Errorf("calls %v", calls)
	}
	s.Reset()
	if diff := cmp.Diff(map[string]int{}, s.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestSessions(t *testing.T) {
	s := start(t, vcenter.Options{})
	f := connect(t, s)
	if n := len(s.Sessions()); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
	s.ExpireSessions()
	if n := len(s.Sessions()); n != 0 {
		t.Errorf("%d sessions, want 0", n)
	}
	if _, err := f.VirtualMachine(t.Context(), vcenter.Template); !fault.Is(err, &types.NotAuthenticated{}) {
		t.Errorf("error %v, want NotAuthenticated", err)
	}
}

func TestFaults(t *testing.T) {
	s := start(t, vcenter.Options{VMs: 1})
	vm, err := connect(t, s).VirtualMachine(t.Context(), "vm-0")
	if err != nil {
		t.Fatal(err)
	}
	const method = "PowerOnVM_Task"
	tests := map[string]struct {
		fault vcenter.Fault
		want  string
	}{
		"status":     {vcenter.Fault{Status: 503}, "503"},
		"throttled":  {vcenter.Fault{Status: 429, RetryAfter: time.Second}, "429"},
		"privilege":  {vcenter.Fault{SOAP: &types.NoPermission{PrivilegeId: "VirtualMachine.Interact.PowerOn"}}, "Permission to perform"},
		"task":       {vcenter.Fault{Task: new(types.InsufficientResourcesFault)}, "InsufficientResources"},
		"cut":        {vcenter.Fault{Cut: true}, "EOF"},
		"hang":       {vcenter.Fault{Hang: true}, "deadline"},
		"other text": {vcenter.Fault{Match: "no such machine", Status: 503}, ""},
		"later":      {vcenter.Fault{Skip: 1, Status: 503}, ""},
		"cut after":  {vcenter.Fault{CutAfter: true}, "EOF"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.fault.Method = method
			s.Inject(tt.fault)
			defer s.ClearFaults()
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			task, err := vm.PowerOn(ctx)
			if err == nil {
				err = task.Wait(ctx)
			}
			got := ""
			if err != nil {
				got = err.Error()
			}
			if tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q", got, tt.want)
			}
			off(t, vm)
		})
	}
}

func off(t *testing.T, vm *object.VirtualMachine) {
	t.Helper()
	for {
		if state, err := vm.PowerState(t.Context()); err != nil || state == types.VirtualMachinePowerStatePoweredOff {
			return
		}
		if task, err := vm.PowerOff(t.Context()); err == nil {
			_ = task.Wait(t.Context())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestCloseRemovesFiles(t *testing.T) {
	s, err := vcenter.Start(t.Context(), vcenter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.CAFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", s.CAFile, err)
	}
	if len(maps.Clone(s.Calls())) != 0 {
		t.Error("calls without a client")
	}
}
