package docker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// registryTokens are what a registry's own token server hands out.
type registryTokens struct{ *registries }

var _ platform.Issuer[platform.RegistryToken] = (*registryTokens)(nil)

// Issue asks the token server that the registry names.
func (k *registryTokens) Issue(ctx context.Context, want *platform.RegistryToken) error {
	repo, host, err := k.repository(want.Repository)
	if err != nil {
		return platform.At(err, "repository")
	}
	if want.Actions == nil {
		want.Actions = []string{"pull"}
	}
	c, err := k.open()
	if err != nil {
		return err
	}
	how, err := k.challenge(ctx, repo)
	if err != nil {
		return k.byRegistry("ask the registry for its token server:", host, host, err)
	}
	if !strings.EqualFold(how.Scheme, "bearer") {
		return untokened(host, how.Scheme)
	}
	auth, err := authn.Resolve(ctx, keychain{k.session}, repo)
	if err != nil {
		return err
	}
	asked := time.Now()
	token, err := transport.Exchange(ctx, repo.Registry, auth, c.transport, []string{repo.Scope(strings.Join(slices.Clone(want.Actions), ","))}, how)
	if err != nil {
		return k.byRegistry("get a token for", want.Repository, host, err)
	}
	if want.Token = &token.Token; token.Token == "" {
		want.Token = &token.AccessToken
	}
	if token.ExpiresIn > 0 {
		want.ExpiresAt = new(asked.Add(time.Duration(token.ExpiresIn) * time.Second).UTC().Format(time.RFC3339))
	}
	return nil
}

// untokened is a registry that hands out no tokens.
func untokened(host, scheme string) error {
	why := "it is open to everybody"
	if scheme != "" {
		why = "it takes user and password with every request (" + scheme + ")"
	}
	return platform.As(platform.ErrUnsupported, &platform.OpError{
		Op: "get a token from", On: host, Err: errors.New("the registry hands out no tokens: " + why),
		Hint: "Use the credentials themselves",
	})
}
