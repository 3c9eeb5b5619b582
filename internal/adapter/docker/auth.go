package docker

import (
	"context"
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/registry"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// hub is the registry of names that say none, and hubKey what the docker tool's configuration calls it.
const (
	hub    = "docker.io"
	hubKey = "https://index.docker.io/v1/"
)

// credential is what a registry asks for, and where it comes from, for messages.
type credential struct {
	registry.AuthConfig
	from string
}

// credentialFor finds the credentials for a registry: the setting registries counts, then the docker tool's
// configuration with its helpers.
func (s *session) credentialFor(host string) (credential, error) {
	host = canonical(host)
	for given, secret := range s.config.Map(setRegistries) {
		if canonical(given) == host {
			c := credential{from: "the setting " + setRegistries, AuthConfig: registry.AuthConfig{ServerAddress: host}}
			if user, password, found := strings.Cut(secret, ":"); found {
				c.Username, c.Password = user, password
			} else {
				c.RegistryToken = secret
			}
			return c, nil
		}
	}
	return s.toolCredential(host)
}

// toolCredential is what the docker tool would use.
func (s *session) toolCredential(host string) (credential, error) {
	dir := configDir(s.config)
	if dir == "" {
		return credential{from: "nobody"}, nil
	}
	from := "the docker tool's configuration in " + dir
	file, err := config.Load(dir)
	if err != nil {
		return credential{}, invalidFile("the docker tool's configuration", dir, err)
	}
	key := host
	if host == hub {
		key = hubKey
	}
	found, err := file.GetAuthConfig(key)
	if err != nil {
		return credential{}, platform.As(platform.ErrUnauthorised, &platform.OpError{
			Op: "ask the credential helper for", On: host, Err: err, Hint: "The helper is named in " + from + "; the setting " + setRegistries + " counts before it",
		})
	}
	c := credential{from: from, AuthConfig: registry.AuthConfig{
		Username: found.Username, Password: found.Password, Auth: found.Auth, ServerAddress: host,
		IdentityToken: found.IdentityToken, RegistryToken: found.RegistryToken,
	}}
	if c.anonymous() {
		c.from = "nobody"
	}
	return c, nil
}

// anonymous reports whether there are none.
func (c credential) anonymous() bool {
	return c.Username == "" && c.Password == "" && c.Auth == "" && c.IdentityToken == "" && c.RegistryToken == ""
}

// header is how the engine takes credentials.
func (s *session) authHeader(host string) (string, error) {
	c, err := s.credentialFor(host)
	if err != nil {
		return "", err
	}
	return authconfig.Encode(c.AuthConfig)
}

// keychain hands credentials to go-containerregistry.
type keychain struct{ *session }

// Resolve finds the credentials for a registry.
func (k keychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), target)
}

// ResolveContext finds the credentials for a registry.
func (k keychain) ResolveContext(_ context.Context, target authn.Resource) (authn.Authenticator, error) {
	c, err := k.credentialFor(target.RegistryStr())
	if err != nil || c.anonymous() {
		return authn.Anonymous, err
	}
	return authn.FromConfig(authn.AuthConfig{
		Username: c.Username, Password: c.Password, Auth: c.Auth, IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken,
	}), nil
}

// canonical is one spelling for a registry's name: without scheme and path, and one name for Docker's own.
func canonical(host string) string {
	for _, scheme := range []string{"https://", "http://"} {
		host = strings.TrimPrefix(host, scheme)
	}
	host, _, _ = strings.Cut(host, "/")
	switch host {
	case "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		return hub
	}
	return strings.ToLower(host)
}

// parseName reads the name of an image; it gets the tag latest where it has none, as everywhere in Docker.
func parseName(name string) (reference.NamedTagged, error) {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("%q is no name of an image: %w", name, err))
	}
	if _, pinned := named.(reference.Digested); pinned {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("%q has a digest: write name:tag here and the digest in the attribute digest", name))
	}
	tagged, ok := reference.TagNameOnly(named).(reference.NamedTagged)
	if !ok {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("%q has no tag", name))
	}
	return tagged, nil
}

// sameName reports whether two spellings name the same image.
func sameName(a, b string) bool {
	x, errX := parseName(a)
	y, errY := parseName(b)
	return errX == nil && errY == nil && x.String() == y.String()
}
