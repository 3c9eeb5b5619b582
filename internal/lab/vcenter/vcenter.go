package vcenter

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "github.com/vmware/govmomi/pbm/simulator" // storage policies
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator" // tags, content libraries, REST sessions
	"github.com/vmware/govmomi/vim25/types"
	_ "github.com/vmware/govmomi/vslm/simulator" // the catalogue of first-class disks
)

// Options says what the simulated vCenter holds and how it behaves. The zero value is one datacenter as the
// quickstart example expects it: see Names.
type Options struct {
	Datacenters int // 1 when 0
	Hosts       int // hosts per cluster, 2 when 0
	Datastores  int // per datacenter, 1 when 0: ds0, ds1 …
	PortGroups  int // distributed ones beside "app" per datacenter, none when 0: pg1, pg2 …
	VMs         int // machines made before the start, none when 0: vm-0, vm-1 …

	Listen         string // address, 127.0.0.1:0 when empty
	User, Password string // administrator@vsphere.local and "Lab-pass1" when empty
	Dir            string // where CAFile is written; a temporary directory, removed by Close, when empty

	Latency    time.Duration // before every call is answered
	GuestDelay time.Duration // from power on until the tools run and the guest has an address; 10 ms when 0
	// TaskDelay makes every task of the simulator take so long. It is a setting of the whole process. Tasks that touch a
	// datastore run one after the other: see turns.
	TaskDelay time.Duration
}

// Names of what Start makes. Further datacenters are called DC1, DC2 … and hold the same.
const (
	Datacenter = "DC0"
	Cluster    = "C0"
	Datastore  = "ds0"
	Switch     = "DVS0"
	Network    = "app"                 // a distributed port group
	Standard   = "VM Network"          // a standard port group
	Template   = "templates/debian-12" // its guest runs the tools once it is on
)

// Server is a running vCenter.
type Server struct {
	URL            *url.URL // https://127.0.0.1:port/sdk, with user and password
	Host           string   // 127.0.0.1:port
	CAFile         string   // PEM of the authority that signed the certificate
	User, Password string

	model *simulator.Model
	front *front
	http  *http.Server
	guest *guests
	dir   string // removed by Close
}

// Start runs a vCenter until Close or the end of ctx.
func Start(ctx context.Context, o Options) (*Server, error) {
	o = o.complete()
	s := &Server{User: o.User, Password: o.Password}
	if err := s.start(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start the vCenter simulator: %w", err), s.Close())
	}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return s, nil
}

func (o Options) complete() Options {
	o.Datacenters = max(o.Datacenters, 1)
	o.Datastores = max(o.Datastores, 1)
	if o.Hosts == 0 {
		o.Hosts = 2
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.User == "" {
		o.User = "administrator@vsphere.local"
	}
	if o.Password == "" {
		o.Password = "Lab-pass1"
	}
	if o.GuestDelay == 0 {
		o.GuestDelay = 10 * time.Millisecond
	}
	return o
}

func (s *Server) start(ctx context.Context, o Options) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return err
	}
	s.Host = listener.Addr().String()
	s.URL = &url.URL{Scheme: "https", Host: s.Host, Path: "/sdk", User: url.UserPassword(o.User, o.Password)}
	certificate, err := s.certify(o.Dir)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := s.populate(ctx, o); err != nil {
		return errors.Join(err, listener.Close())
	}
	s.front = newFront(s.model.Service.ServeMux, o.Latency)
	s.override(o)
	setTaskDelay(o.TaskDelay)
	s.http = &http.Server{
		Handler:           s.front,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that distrust the certificate are part of the tests
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}
	go func() { _ = s.http.ServeTLS(listener, "", "") }()
	return nil
}

// certify writes the authority's certificate and returns one for the server.
func (s *Server) certify(dir string) (tls.Certificate, error) {
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "vcenter-"); err != nil {
			return tls.Certificate{}, err
		}
		s.dir = dir
	}
	ca, certificate, err := newCertificate()
	if err != nil {
		return tls.Certificate{}, err
	}
	s.CAFile = filepath.Join(dir, "ca.pem")
	return certificate, os.WriteFile(s.CAFile, ca, 0o600)
}

// setTaskDelay keeps the objects readable while a delayed task waits, as they are in a real vCenter.
func setTaskDelay(d time.Duration) {
	if d > 0 {
		simulator.TaskDelay = simulator.DelayConfig{
			Delay: int(d.Milliseconds()), MethodDelay: map[string]int{"LockHandoff": 0},
		}
	}
}

// Close ends the server and removes its files. It may be called more than once.
func (s *Server) Close() error {
	var err error
	if s.front != nil {
		s.front.release()
	}
	if s.guest != nil {
		s.guest.stop()
	}
	if s.http != nil {
		err = s.http.Close()
	}
	if s.model != nil && s.model.Service != nil {
		s.model.Remove()
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// Sessions lists the keys of the sessions that are logged in.
func (s *Server) Sessions() []string {
	var keys []string
	for _, session := range s.sessionManager().SessionList {
		keys = append(keys, session.Key)
	}
	return keys
}

// ExpireSessions ends every session, as an idle timeout or a restart of vCenter does.
func (s *Server) ExpireSessions() {
	ctx := simulator.NewContext()
	s.sessionManager().TerminateSession(ctx, &types.TerminateSession{SessionId: s.Sessions()})
}

// sessionManager is the simulator's view of the session manager with the present list of sessions.
func (s *Server) sessionManager() *simulator.SessionManager {
	m := s.model.Map()
	view := &simulator.Session{Registry: simulator.NewRegistry(), Map: m}
	manager, ok := view.Get(m.SessionManager().Self).(*simulator.SessionManager)
	if !ok {
		return m.SessionManager()
	}
	return manager
}
