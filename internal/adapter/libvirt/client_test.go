package libvirt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digitalocean/go-libvirt"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Procedures of remote_protocol.x that the tests let fail.
const (
	procHostname lab.Procedure = 59
	procLibVer   lab.Procedure = 157
	procVolMake  lab.Procedure = 93
)

// faulty is a session through a proxy.
func faulty(t *testing.T, more map[string]any) (*lab.Server, *lab.Proxy, *session) {
	t.Helper()
	server := lab.Serve(t, lab.Options{})
	proxy, err := lab.StartProxy(t.Context(), server.SocketPath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	given := map[string]any{setURI: proxy.URI()}
	maps.Copy(given, more)
	s, err := dialled(t, given)
	if err != nil {
		t.Fatal(err)
	}
	return server, proxy, s
}

func libVersion(ctx context.Context, s *session) (uint64, error) {
	return ask(ctx, s.client, (*libvirt.Libvirt).ConnectGetLibVersion)
}

// TestLoss loses the connection between calls and during them.
func TestLoss(t *testing.T) {
	server, proxy, s := faulty(t, nil)
	for name, lose := range map[string]func() error{
		"cut":     func() error { proxy.Cut(); return nil },
		"restart": func() error { return server.Restart(t.Context()) },
		"answer lost": func() error {
			proxy.Inject(lab.Fault{Procedure: procLibVer, Times: 1, Lose: true})
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := lose(); err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if _, err := libVersion(t.Context(), s); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		})
	}
	t.Run("restart during calls", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				for ctx.Err() == nil {
					if _, err := libVersion(t.Context(), s); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		time.Sleep(50 * time.Millisecond)
		if err := server.Restart(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(100 * time.Millisecond)
		stop()
		all.Wait()
	})
}

// TestAway stops a server for good: calls say so when their time is over, and one dialling serves all.
func TestAway(t *testing.T) {
	server, _, s := faulty(t, map[string]any{setTimeout: "600ms"})
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			_, err := libVersion(t.Context(), s)
			if err = failed("read", "it", err); !errors.Is(err, platform.ErrTimeout) && !errors.Is(err, platform.ErrUnreachable) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	if err := server.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.timeout = time.Minute
	if _, err := libVersion(t.Context(), s); err != nil {
		t.Error(err)
	}
}

// TestOnce loses the answers of calls that change something: what was done is not done twice.
func TestOnce(t *testing.T) {
	server, proxy, s := faulty(t, nil)
	pool, err := s.pool(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	proxy.Inject(lab.Fault{Procedure: procVolMake, Times: 1, Lose: true})
	made, err := act(t.Context(), s.client, func(l *libvirt.Libvirt) (libvirt.StorageVol, error) {
		return l.StorageVolCreateXML(pool.rpc, "<volume><name>once</name><capacity>4096</capacity></volume>", 0)
	}, libvirt.ErrStorageVolExist)
	if err != nil || made.Name != "" {
		t.Errorf("%v: %v", made, err)
	}
	if out, err := server.Virsh(t.Context(), "vol-list", "default"); err != nil || strings.Count(out, "once") != 2 {
		t.Errorf("%v: %s", err, out)
	}
}

// TestOnceUnless attaches a NIC, which libvirt does as often as it is told.
func TestOnceUnless(t *testing.T) {
	const procAttach lab.Procedure = 160
	const nic = "<interface type='user'><mac address='52:54:00:00:00:07'/><model type='virtio'/></interface>"
	for name, fault := range map[string]lab.Fault{
		"never lost":  {Procedure: 1000},
		"answer lost": {Procedure: procAttach, Times: 1, Lose: true},
	} {
		t.Run(name, func(t *testing.T) {
			server, proxy, s := faulty(t, nil)
			d := domainOn(t, server, s)
			text := func(l *libvirt.Libvirt) (string, error) { return l.DomainGetXMLDesc(d, 0) }
			proxy.Inject(fault)
			err := doUnless(t.Context(), s.client,
				func(l *libvirt.Libvirt) error {
					return l.DomainAttachDeviceFlags(d, nic, uint32(libvirt.DomainAffectLive))
				},
				func(l *libvirt.Libvirt) (bool, error) {
					doc, err := text(l)
					return strings.Contains(doc, "52:54:00:00:00:07"), err
				})
			if err != nil {
				t.Fatal(err)
			}
			if doc, err := ask(t.Context(), s.client, text); err != nil || strings.Count(doc, "<interface") != 1 {
				t.Errorf("%v: %s", err, doc)
			}
		})
	}
}

// TestHang cuts a call that gets no answer, while another one is under way on its connection and further ones come.
func TestHang(t *testing.T) {
	_, proxy, s := faulty(t, map[string]any{setTimeout: "400ms"})
	proxy.Inject(lab.Fault{Procedure: procHostname, Times: 1, Hang: true})
	release, finished := make(chan struct{}), make(chan error, 1)
	first, err := s.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go func() { // a call of somebody else on the same connection that ends late
		<-release
		_, err := first.rpc.ConnectGetLibVersion()
		s.release(first)
		finished <- err
	}()
	start := time.Now()
	_, err = hostname(t.Context(), s)
	if took := time.Since(start); !errors.Is(failed("ask", "it", err), platform.ErrTimeout) || took > 2*time.Second {
		t.Errorf("after %s: %v", took, err)
	}
	if _, err := hostname(t.Context(), s); err != nil {
		t.Error(err)
	}
	second, err := s.take(t.Context())
	if err != nil || second == first {
		t.Errorf("the connection with the hung call is still in use: %v", err)
	}
	s.release(second)
	close(release)
	if err := <-finished; err != nil {
		t.Errorf("the other call: %v", err)
	}
	for range 100 {
		if first.wire.why() != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the connection lives on, though nobody uses it")
}

// slow is a stream that waits.
type slow struct{ release chan struct{} }

func (s slow) Read([]byte) (int, error) {
	<-s.release
	return 0, io.EOF
}

// TestStream has calls go on while a stream waits.
func TestStream(t *testing.T) {
	server, proxy, s := faulty(t, nil)
	if _, err := server.Virsh(t.Context(), "vol-create-as default streamed 1M"); err != nil {
		t.Fatal(err)
	}
	v, err := s.volume(t.Context(), server.Pool("default")+"/streamed")
	if err != nil {
		t.Fatal(err)
	}
	waiting, done := slow{make(chan struct{})}, make(chan error, 1)
	go func() {
		done <- s.stream(t.Context(), func(l *libvirt.Libvirt) error { return l.StorageVolUpload(v.rpc, waiting, 0, 0, 0) })
	}()
	for range 50 {
		if _, err := libVersion(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if calls := proxy.Calls(); calls[procLibVer] < 50 {
		t.Errorf("%v", calls)
	}
	close(waiting.release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// domainOn starts a domain that boots nothing.
func domainOn(t *testing.T, server *lab.Server, s *session) libvirt.Domain {
	t.Helper()
	d, err := act(t.Context(), s.client, func(l *libvirt.Libvirt) (libvirt.Domain, error) {
		return l.DomainCreateXML("<domain type='qemu'><name>awaited</name><memory unit='MiB'>32</memory><os><type machine='q35'>hvm</type></os>"+
			"<features><acpi/></features><devices><controller type='pci' index='0' model='pcie-root'/>"+strings.Repeat("<controller type='pci' model='pcie-root-port'/>", 8)+"</devices></domain>", 0)
	})
	if err != nil {
		t.Fatal(err, server.Log())
	}
	return d
}

// TestEvents waits for a domain's end without asking for it all the time.
func TestEvents(t *testing.T) {
	for name, between := range map[string]func(*lab.Server, *lab.Proxy) error{
		"nothing": func(*lab.Server, *lab.Proxy) error { return nil },
		"cut":     func(_ *lab.Server, p *lab.Proxy) error { p.Cut(); return nil },
		"restart": func(s *lab.Server, _ *lab.Proxy) error { return s.Restart(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			server, proxy, s := faulty(t, nil)
			d := domainOn(t, server, s)
			looked, ended := make(chan struct{}, 100), make(chan time.Time, 1)
			proxy.Calls()
			go func() {
				err := s.await(t.Context(), d.UUID, time.Minute, func() (bool, error) {
					defer func() { looked <- struct{}{} }()
					_, err := ask(t.Context(), s.client, func(l *libvirt.Libvirt) (libvirt.Domain, error) { return l.DomainLookupByUUID(d.UUID) })
					if is(err, libvirt.ErrNoDomain) {
						return true, nil
					}
					return false, err
				})
				if err != nil {
					t.Error(err)
				}
				ended <- time.Now()
			}()
			<-looked
			if err := between(server, proxy); err != nil {
				t.Fatal(err)
			}
			if name != "nothing" {
				<-looked // it noticed
				time.Sleep(100 * time.Millisecond)
			}
			if _, err := server.Virsh(t.Context(), "destroy awaited"); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			select {
			case at := <-ended:
				t.Logf("%s after the domain's end; calls: %v", at.Sub(start).Round(time.Millisecond), proxy.Calls())
			case <-time.After(20 * time.Second):
				t.Fatal("nobody was woken")
			}
			if n := len(looked); n > 4 {
				t.Errorf("it looked %d times", n)
			}
		})
	}
}

// ours are the goroutines of connections.
func ours() []string {
	buf := make([]byte, 1<<20)
	var found []string
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if (strings.Contains(stack, "go-libvirt") || strings.Contains(stack, "adapter/libvirt.")) && !strings.Contains(stack, "testing.tRunner") {
			found = append(found, stack)
		}
	}
	return found
}

// onlyLeft waits until no more than that are left.
func onlyLeft(t *testing.T, most int) {
	t.Helper()
	for range 200 {
		if len(ours()) <= most {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines were there and now:\n%s", most, strings.Join(ours(), "\n\n"))
}

// TestClose leaves nothing behind, whatever is under way.
func TestClose(t *testing.T) {
	server := lab.Serve(t, lab.Options{SSH: true, TLS: true})
	t.Setenv("PATH", server.SSH.Bin+":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	proxy, err := lab.StartProxy(t.Context(), server.SocketPath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	for name, uri := range map[string]string{"unix": server.URI(), "tcp": server.TCPURI(), "tls": server.TLSURI(), "ssh": server.SSH.URI(), "hung": proxy.URI()} {
		t.Run(name, func(t *testing.T) {
			before := len(ours())
			s, err := dialled(t, map[string]any{setURI: uri})
			if err != nil {
				t.Fatal(err)
			}
			d := domainOn(t, server, s)
			if name == "hung" {
				proxy.Inject(lab.Fault{Procedure: 2, Hang: true}) // good-bye
				proxy.Inject(lab.Fault{Procedure: procHostname, Hang: true})
			}
			ends := make(chan error, 2)
			go func() {
				ends <- s.await(t.Context(), d.UUID, 10*time.Millisecond, func() (bool, error) {
					_, err := hostname(t.Context(), s)
					return false, err
				})
			}()
			go func() {
				ends <- s.stream(t.Context(), func(l *libvirt.Libvirt) error {
					for {
						if _, err := l.ConnectGetHostname(); err != nil {
							return err
						}
					}
				})
			}()
			time.Sleep(600 * time.Millisecond)
			if _, err := server.Virsh(t.Context(), "destroy awaited"); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if err := s.close(t.Context()); err != nil {
				t.Error(err)
			}
			took := time.Since(start)
			if t.Logf("closed in %s", took); took > 2*time.Second {
				t.Errorf("it took %s", took)
			}
			for range 2 {
				if err := <-ends; err == nil {
					t.Error("a call ended well on a connection that was closed")
				} else {
					t.Log(err)
				}
			}
			if _, err := hostname(t.Context(), s); !errors.Is(err, errClosed) {
				t.Error(err)
			}
			onlyLeft(t, before)
			if left := programs(t); len(left) > 0 {
				t.Errorf("these still run: %v", left)
			}
		})
	}
}

// TestCloseWhileDialling does not wait for a server that takes its time.
func TestCloseWhileDialling(t *testing.T) {
	before := len(ours())
	c := newClient(&uri{text: "test", driver: "qemu", path: "/system"}, hanging, 0)
	done := make(chan error, 1)
	go func() {
		_, err := c.take(t.Context())
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	start := time.Now()
	_ = c.close(t.Context())
	if err := <-done; err == nil || time.Since(start) > time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
	onlyLeft(t, before)
}

func hanging(ctx context.Context) (net.Conn, error) {
	<-ctx.Done()
	return nil, fmt.Errorf("dial: %w", ctx.Err())
}

// TestIdle leaves a connection alone for longer than a daemon waits for an answer to its pings, 5 times 5 seconds: it
// pings those alone who said that they answer.
func TestIdle(t *testing.T) {
	if os.Getenv("VIRT_LONG") == "" {
		t.Skip("it takes 40 seconds; VIRT_LONG=1 runs it")
	}
	server, proxy, s := faulty(t, nil)
	if _, err := server.Virsh(t.Context(), "vol-create-as default streamed 1M"); err != nil {
		t.Fatal(err)
	}
	v, err := s.volume(t.Context(), server.Pool("default")+"/streamed")
	if err != nil {
		t.Fatal(err)
	}
	waiting, done := slow{make(chan struct{})}, make(chan error, 1)
	go func() { // one that is busy for as long
		done <- s.stream(t.Context(), func(l *libvirt.Libvirt) error { return l.StorageVolUpload(v.rpc, waiting, 0, 0, 0) })
	}()
	time.Sleep(40 * time.Second)
	proxy.Calls()
	if _, err := libVersion(t.Context(), s); err != nil {
		t.Error(err)
	}
	if calls := proxy.Calls(); len(calls) != 1 {
		t.Errorf("the connection was made anew: %v", calls)
	}
	close(waiting.release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
