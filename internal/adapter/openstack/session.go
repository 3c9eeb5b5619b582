package openstack

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// session is one connection: who signed in, what the catalog offers, and what all its kinds share.
type session struct {
	config    platform.Config
	transport *transport
	provider  *gophercloud.ProviderClient
	catalog   []tokens.CatalogEntry
	facing    string // public, internal or admin
	region    string
	project   string // its id; empty when working on the whole system or a domain
	domain    string // id of the project's domain, or of the one that is worked in
	user      string // id of who signed in

	life context.Context //nolint:containedctx // of what the connection keeps running
	end  context.CancelFunc

	mu       sync.Mutex
	services map[service]*endpoint
	tied     sync.Map // by native id: what the cloud cannot change in parallel
}

// openSession signs in: one request.
func openSession(ctx context.Context, c platform.Config) (*session, error) {
	a, err := newAccess(c)
	if err != nil {
		return nil, err
	}
	t, err := newTransport(c, a.tls)
	if err != nil {
		return nil, err
	}
	provider, err := openstack.NewClient(a.auth.IdentityEndpoint)
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, &platform.OpError{Op: "use the setting", On: setAuthURL, Err: err})
	}
	provider.HTTPClient = http.Client{Transport: t}
	provider.UserAgent.Prepend("terraform-provider-virt")
	provider.UseTokenLock()
	if err := openstack.Authenticate(ctx, provider, a.auth); err != nil {
		t.close()
		return nil, unauthenticated(a, err)
	}
	s := &session{config: c, transport: t, provider: provider, facing: a.facing, services: map[service]*endpoint{}}
	if err := s.learn(a); err != nil {
		t.close()
		return nil, err
	}
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	return s, nil
}

// learn takes from the token what it says: the catalog, the project and the user.
func (s *session) learn(a *access) error {
	said, ok := s.provider.GetAuthResult().(interface {
		ExtractServiceCatalog() (*tokens.ServiceCatalog, error)
		ExtractProject() (*tokens.Project, error)
		ExtractUser() (*tokens.User, error)
		ExtractDomain() (*tokens.Domain, error)
	})
	if !ok {
		return platform.As(platform.ErrUnsupported, errors.New("the identity service speaks version 2 only: version 3 is needed"))
	}
	catalog, err := said.ExtractServiceCatalog()
	if err != nil {
		return failed("read the catalog of", a.auth.IdentityEndpoint, err)
	}
	s.catalog = catalog.Entries
	if project, err := said.ExtractProject(); err == nil && project != nil {
		s.project, s.domain = project.ID, project.Domain.ID
	}
	if user, err := said.ExtractUser(); err == nil && user != nil {
		s.user = user.ID
	}
	if domain, err := said.ExtractDomain(); err == nil && domain != nil && s.domain == "" {
		s.domain = domain.ID
	}
	s.region, err = s.chooseRegion(a.region)
	return err
}

// chooseRegion takes the one that is named, or the only one there is.
func (s *session) chooseRegion(named string) (string, error) {
	var regions []string
	seen := map[string]bool{}
	for _, entry := range s.catalog {
		for _, e := range entry.Endpoints {
			if e.RegionID != "" && !seen[e.RegionID] {
				seen[e.RegionID], regions = true, append(regions, e.RegionID)
			}
		}
	}
	switch {
	case named != "" && (seen[named] || len(regions) == 0):
		return named, nil
	case named != "":
		return "", platform.As(platform.ErrInvalid, errors.New("the cloud has no region \""+named+"\": the setting region takes "+strings.Join(regions, ", ")))
	case len(regions) > 1:
		return "", platform.As(platform.ErrInvalid, errors.New("the cloud has several regions: set region to one of "+strings.Join(regions, ", ")))
	case len(regions) == 1:
		return regions[0], nil
	}
	return "", nil
}

// endpoint is the fingerprint: region and project, or the identity service where the whole system is worked on.
func (s *session) endpoint() string {
	if s.project != "" {
		return s.region + "/" + s.project
	}
	return s.region + "/" + s.provider.IdentityBase + s.domain
}

// close lets go of the connections. The token runs out by itself: others may have been given it.
func (s *session) close(context.Context) error {
	s.end()
	s.transport.close()
	return nil
}

// alone waits until nobody else changes the object with this native id; release lets the next one in.
func (s *session) alone(id string) (release func()) {
	mu, _ := s.tied.LoadOrStore(id, &sync.Mutex{})
	lock := mu.(*sync.Mutex) //nolint:forcetypeassert // stored above
	lock.Lock()
	return lock.Unlock
}
