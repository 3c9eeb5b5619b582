package vsphere

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestOpenFails(t *testing.T) {
	s := serve(t, vcenter.Options{})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	refusing := closed.Addr().String()
	must(t, closed.Close())
	tests := map[string]struct {
		settings map[string]any
		class    error
		says     []string
	}{
		"wrong password":        {map[string]any{"password": "wrong-secret"}, platform.ErrUnauthorised, []string{s.Host, "InvalidLogin", "VSPHERE_PASSWORD"}},
		"untrusted certificate": {map[string]any{"ca_file": ""}, platform.ErrUnreachable, []string{s.Host, "ca_file", "allow_unverified_ssl"}},
		"connection refused":    {map[string]any{"server": refusing}, platform.ErrUnreachable, []string{refusing, "VSPHERE_SERVER"}},
		"no such file":          {map[string]any{"ca_file": "/nowhere.pem"}, platform.ErrInvalid, []string{"ca_file"}},
		"no name":               {map[string]any{"server": "https://"}, platform.ErrInvalid, []string{"server"}},
		"clear text":            {map[string]any{"server": "http://" + s.Host}, platform.ErrInvalid, []string{"https"}},
		"bad proxy":             {map[string]any{"proxy": "://x"}, platform.ErrInvalid, []string{"proxy"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := New().Open(t.Context(), config(s, tt.settings))
			wantClass(t, err, tt.class)
			for _, part := range tt.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "wrong-secret") || strings.Contains(err.Error(), s.Password) {
				t.Errorf("%q tells a secret", err)
			}
		})
	}
}

func TestUnverified(t *testing.T) {
	s := serve(t, vcenter.Options{})
	conn, err := New().Open(t.Context(), config(s, map[string]any{"ca_file": "", "allow_unverified_ssl": true}))
	must(t, err)
	if conn.Endpoint == "" {
		t.Error("no endpoint")
	}
	must(t, conn.Close(t.Context()))
}

func TestCloseLeavesNothing(t *testing.T) {
	l := start(t, vcenter.Options{})
	before := runtime.NumGoroutine()
	ours := len(l.Sessions())
	conn, err := New().Open(t.Context(), config(l.Server, nil))
	must(t, err)
	m := l.machine("web")
	must(t, conn.Machines.Create(t.Context(), m, func(string) {}))
	s := adapterOf(t, conn).s
	waiting, ref := make(chan error, 1), refOf(t, l, "web")
	go func() {
		_, err := s.watcher.await(t.Context(), ref, func(properties) bool { return false })
		waiting <- err
	}()
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	must(t, conn.Close(t.Context()))
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("closing took %s", took)
	}
	if err := <-waiting; !errors.Is(err, errClosed) {
		t.Errorf("the wait ended with %v", err)
	}
	if n := len(l.Sessions()); n != ours {
		t.Errorf("%d sessions, want %d", n, ours)
	}
	for range 50 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	var stacks [1 << 20]byte
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks[:], true)])
}

func TestSessionExpires(t *testing.T) {
	l := start(t, vcenter.Options{VMs: 3})
	m := l.create(t, l.machine("web"))
	l.ExpireSessions()
	l.Reset()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := l.machines.Read(t.Context(), bound(m)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := l.Calls()["Login"]; n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	t.Run("then a list", func(t *testing.T) {
		l.ExpireSessions()
		n := 0
		for _, err := range l.machines.List(t.Context()) {
			must(t, err)
			n++
		}
		if n != 4 {
			t.Errorf("%d machines, want 4", n)
		}
	})
	t.Run("then a task", func(t *testing.T) {
		l.ExpireSessions()
		l.update(t, m, func(m *platform.Machine) { m.Power = new(platform.PowerOff) })
	})
}

func TestThrottled(t *testing.T) {
	l := start(t, vcenter.Options{})
	m := l.create(t, l.machine("web"))
	l.Inject(vcenter.Fault{Method: "RetrievePropertiesEx", Status: 503, Times: 2})
	must(t, l.machines.Read(t.Context(), bound(m)))
	l.ClearFaults()
	l.Inject(vcenter.Fault{Method: "RetrievePropertiesEx", Status: 429, Times: -1})
	err := l.machines.Read(t.Context(), bound(m))
	wantClass(t, err, platform.ErrThrottled)
	if !strings.Contains(err.Error(), "parallel_requests") {
		t.Error(err)
	}
}

func TestPlanOfMany(t *testing.T) {
	const n = 300
	l := start(t, vcenter.Options{VMs: n})
	var ids []string
	for e, err := range l.machines.List(t.Context()) {
		must(t, err)
		ids = append(ids, e.ID)
	}
	l.Reset()
	conn, err := New().Open(t.Context(), config(l.Server, nil))
	must(t, err)
	var wg sync.WaitGroup
	for _, id := range ids[:readAhead] {
		wg.Go(func() {
			m := &platform.Machine{}
			m.ID = &id
			if err := conn.Machines.Read(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	filled := 0
	lister, _ := conn.Machines.(platform.Lister[platform.Machine])
	for e, err := range lister.List(t.Context()) {
		must(t, err)
		m := &platform.Machine{}
		m.ID = &e.ID
		must(t, e.Fill(m))
		filled++
	}
	must(t, conn.Close(t.Context()))
	t.Logf("%d calls: %v", l.Total(), l.Calls())
	if l.Total() > 12 || filled != n {
		t.Errorf("%d calls for %d machines", l.Total(), filled)
	}
}

func TestEndpointIsTheServer(t *testing.T) {
	l := start(t, vcenter.Options{})
	first := l.conn.Endpoint
	l.connect(t, nil)
	if diff := cmp.Diff(first, l.conn.Endpoint); diff != "" || first == "" {
		t.Error(diff)
	}
}
