package openstack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// service is one service of the cloud, by the name that the setting endpoint_overrides and microversions have for it.
type service string

// The services that kinds are made of.
const (
	serviceCompute  service = "compute"
	serviceNetwork  service = "network"
	serviceVolume   service = "volume"
	serviceImage    service = "image"
	serviceIdentity service = "identity"
)

// types lists what catalogs call a service, the best word first.
func (v service) types() []string {
	switch v {
	case serviceNetwork:
		return []string{"network", "networking"}
	case serviceVolume:
		return []string{"volumev3", "block-storage", "block-store", "volume"}
	case serviceCompute, serviceImage, serviceIdentity:
	}
	return []string{string(v)}
}

// path is the version that is part of a service's address; some catalogs leave it out.
func (v service) path() string {
	switch v {
	case serviceCompute:
		return "v2.1/"
	case serviceNetwork:
		return "v2.0/"
	case serviceImage:
		return "v2/"
	case serviceVolume, serviceIdentity:
	}
	return "v3/"
}

// endpoint is one service: its client, and the microversions it knows once somebody asked.
type endpoint struct {
	client *gophercloud.ServiceClient

	mu     sync.Mutex
	newest version
}

// client gives the client of a service without any microversion. A service that the catalog lacks is an error that
// names it.
func (s *session) client(v service) (*gophercloud.ServiceClient, error) {
	e, err := s.service(v)
	if err != nil {
		return nil, err
	}
	return e.client, nil
}

func (s *session) service(v service) (*endpoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.services[v]; e != nil {
		return e, nil
	}
	address, err := s.address(v)
	if err != nil {
		return nil, err
	}
	e := &endpoint{client: &gophercloud.ServiceClient{ProviderClient: s.provider, Endpoint: address, Type: string(v)}}
	if v == serviceNetwork || v == serviceImage || v == serviceIdentity {
		e.client.Type = "" // they have no microversions
	}
	s.services[v] = e
	return e, nil
}

// address finds a service in the settings, then in the catalog.
func (s *session) address(v service) (string, error) {
	if address := s.config.Map(setEndpointOverrides)[string(v)]; address != "" {
		return versioned(address, v), nil
	}
	for _, word := range v.types() {
		for _, entry := range s.catalog {
			if entry.Type != word {
				continue
			}
			for _, e := range entry.Endpoints {
				if e.Interface == s.facing && (s.region == "" || e.RegionID == s.region || e.Region == s.region) {
					return versioned(e.URL, v), nil
				}
			}
		}
	}
	if v == serviceIdentity {
		return versioned(s.provider.IdentityBase, v), nil // catalogs may leave it out: the token came from there
	}
	return "", platform.As(platform.ErrUnsupported, &platform.OpError{
		Op: "use the service", On: string(v),
		Err:  fmt.Errorf("the catalog names no %s endpoint of type %s in region %q", s.facing, strings.Join(v.types(), " or "), s.region),
		Hint: "Set region, interface or endpoint_overrides if the cloud has it after all",
	})
}

// versioned ends an address with a slash, after the version that some catalogs leave out.
func versioned(address string, v service) string {
	address = strings.TrimSuffix(address, "/") + "/"
	if !slices.ContainsFunc(strings.Split(address, "/"), isVersion) {
		address += v.path()
	}
	return address
}

func isVersion(step string) bool {
	return len(step) > 1 && step[0] == 'v' && strings.Trim(step[1:], "0123456789.") == ""
}

// version is a microversion, major and minor.
type version [2]int

func (v version) String() string { return fmt.Sprintf("%d.%d", v[0], v[1]) }

func (v version) less(w version) bool { return v[0] < w[0] || v[0] == w[0] && v[1] < w[1] }

// parseVersion reads "2.74"; the zero version is none.
func parseVersion(text string) (v version) {
	major, minor, _ := strings.Cut(text, ".")
	v[0], _ = strconv.Atoi(major)
	v[1], _ = strconv.Atoi(minor)
	return v
}

// atLeast gives a copy of a service's client that speaks the microversion at, "2.74", which what needs. A service that
// is older is ErrUnsupported: what is missing, and what the service has.
func (s *session) atLeast(ctx context.Context, v service, at, what string) (*gophercloud.ServiceClient, error) {
	newest, client, err := s.newest(ctx, v)
	if err != nil {
		return nil, err
	}
	if newest.less(parseVersion(at)) {
		return nil, platform.As(platform.ErrUnsupported, &platform.OpError{
			Op: "use", On: what, Err: fmt.Errorf("the %s service speaks microversion %s at most, and this needs %s", v, newest, at),
			Hint: "Leave it out, or use a newer cloud",
		})
	}
	client.Microversion = at
	return client, nil
}

// upTo gives a copy of a service's client that speaks the microversion at, or the newest there is if that is older.
func (s *session) upTo(ctx context.Context, v service, at string) (*gophercloud.ServiceClient, error) {
	newest, client, err := s.newest(ctx, v)
	if err != nil {
		return nil, err
	}
	client.Microversion = at
	if newest.less(parseVersion(at)) {
		client.Microversion = newest.String()
	}
	return client, nil
}

// speaks reports whether a client that upTo gave is at least that new.
func speaks(c *gophercloud.ServiceClient, at string) bool {
	return !parseVersion(c.Microversion).less(parseVersion(at))
}

// newest asks a service once what it speaks.
func (s *session) newest(ctx context.Context, v service) (version, *gophercloud.ServiceClient, error) {
	e, err := s.service(v)
	if err != nil {
		return version{}, nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.newest == (version{}) {
		if e.newest, err = askVersion(ctx, e.client); err != nil {
			return version{}, nil, failed("ask which microversions it speaks, of the service", string(v), err)
		}
	}
	client := *e.client
	return e.newest, &client, nil
}

// askVersion reads the version document, which is where the project's id would follow in the address.
func askVersion(ctx context.Context, c *gophercloud.ServiceClient) (version, error) {
	var said struct {
		Version  struct{ ID, Version string }
		Versions []struct{ ID, Version string }
	}
	res, err := c.Get(ctx, documentURL(c.Endpoint), &said, &gophercloud.RequestOpts{OkCodes: []int{http.StatusOK, http.StatusMultipleChoices}})
	if res != nil && res.Body != nil {
		_ = res.Body.Close()
	}
	if err != nil {
		return version{}, err
	}
	newest := parseVersion(said.Version.Version)
	for _, v := range said.Versions {
		if w := parseVersion(v.Version); newest.less(w) {
			newest = w
		}
	}
	if newest == (version{}) {
		newest = version{2, 0} // it knows no microversions
	}
	return newest, nil
}

// documentURL cuts an address behind its version.
func documentURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Path = regexp.MustCompile(`(/v\d[\d.]*/).*$`).ReplaceAllString(u.Path, "$1")
	return u.String()
}
