package vsphere

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/session/keepalive"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// logoutTime is how long Close waits for the server; Terraform grants two seconds in all.
const logoutTime = 1500 * time.Millisecond

// session is one login at one vCenter or ESXi host and all that its connection shares: the client, the view of the
// inventory, the reader that batches and the one collector that awaits. It logs in again when the server forgot it.
type session struct {
	config  platform.Config
	vim     *vim25.Client
	server  string // as the user wrote it, for messages
	secrets *url.Userinfo

	logins     sync.Mutex
	generation atomic.Int64 // counts logins: what belongs to an earlier one is gone on the server

	inventory *inventory
	reader    *reader
	watcher   *watcher
	fields    *fields
}

// openSession connects and logs in.
func openSession(ctx context.Context, c platform.Config) (*session, error) {
	client, err := newClient(c)
	if err != nil {
		return nil, err
	}
	s := &session{config: c, server: c.String(setServer), secrets: url.UserPassword(c.String(setUser), c.String(setPassword))}
	caller := &caller{next: client, session: s, slots: make(chan struct{}, max(1, c.Int(setParallel))), timeout: c.Duration(setTimeout)}
	if s.vim, err = connect(ctx, client, caller); err != nil {
		return nil, failed("connect to", s.server, err)
	}
	s.vim.RoundTripper = keepalive.NewHandlerSOAP(caller, time.Duration(max(1, c.Int(setKeepAlive)))*time.Minute, nil)
	s.inventory, s.reader = newInventory(s), newReader(s)
	s.watcher, s.fields = newWatcher(s), &fields{session: s}
	if err := s.login(ctx); err != nil {
		return nil, failed("log in to", s.server, err)
	}
	return s, nil
}

// connect asks the server what it is.
func connect(ctx context.Context, client *soap.Client, rt soap.RoundTripper) (*vim25.Client, error) {
	client.Namespace, client.Version = "urn:"+vim25.Namespace, vim25.Version
	content, err := methods.GetServiceContent(ctx, rt)
	if err != nil {
		return nil, err
	}
	return &vim25.Client{Client: client, ServiceContent: content, RoundTripper: rt}, nil
}

// login starts a session on the server.
func (s *session) login(ctx context.Context) error {
	password, _ := s.secrets.Password()
	req := types.Login{This: *s.vim.ServiceContent.SessionManager, UserName: s.secrets.Username(), Password: password, Locale: "en_US"}
	if _, err := methods.Login(ctx, s.vim, &req); err != nil {
		return err
	}
	s.generation.Add(1)
	return nil
}

// relogin logs in again unless another caller has done so since generation seen.
func (s *session) relogin(ctx context.Context, seen int64) error {
	s.logins.Lock()
	defer s.logins.Unlock()
	if s.generation.Load() != seen {
		return nil
	}
	// The server refuses a login that comes with the cookie of a session which it still knows.
	over := &http.Cookie{Name: soap.SessionCookieName, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	s.vim.Jar.SetCookies(s.vim.URL(), []*http.Cookie{over})
	return failed("log in again to", s.server, s.login(ctx))
}

// endpoint is the fingerprint of the server: the vCenter's instance UUID or the ESXi host's hardware UUID.
func (s *session) endpoint(ctx context.Context) (string, error) {
	if id := s.vim.ServiceContent.About.InstanceUuid; id != "" {
		return id, nil
	}
	host := types.ManagedObjectReference{Type: "HostSystem", Value: "ha-host"}
	found, err := s.retrieve(ctx, []types.ObjectSpec{{Obj: host}}, []types.PropertySpec{{Type: "HostSystem", PathSet: []string{"hardware.systemInfo.uuid"}}})
	if err != nil {
		return "", failed("identify", s.server, err)
	}
	for _, o := range found {
		for _, p := range o.PropSet {
			if id, ok := p.Val.(string); ok {
				return id, nil
			}
		}
	}
	return "", failed("identify", s.server, platform.As(platform.ErrUnsupported, errors.New("it tells no UUID")))
}

// close ends the session; what is still awaited fails.
func (s *session) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, logoutTime)
	defer cancel()
	s.watcher.close(ctx)
	_, err := methods.Logout(ctx, s.vim, &types.Logout{This: *s.vim.ServiceContent.SessionManager})
	s.vim.CloseIdleConnections()
	if isFault[*types.NotAuthenticated](err) {
		return nil // the server forgot the session already
	}
	return failed("log out of", s.server, err)
}
