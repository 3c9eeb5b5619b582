package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/moby/moby/api/types/build"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/buildcontext"
)

// build builds the image from a folder and gives its id. It has no name yet, so that one that failed half-way is in
// nobody's way.
func (k *containerImages) build(ctx context.Context, want *platform.ContainerImage) (id string, err error) {
	b := want.Build
	if b.Context == nil {
		return "", platform.At(platform.As(platform.ErrInvalid, errors.New("needed: the folder to build from")), "build", "context")
	}
	folder, err := buildcontext.Open(*b.Context, value(b.Dockerfile))
	if err != nil {
		return "", unreadable(err, *b.Context)
	}
	options, err := k.buildOptions(want, folder.Dockerfile())
	if err != nil {
		return "", err
	}
	if !k.podman {
		session, err := k.serveBuild(ctx, b.SecretsWO)
		if err != nil {
			return "", failed("open a session for the build of", want.Name, err)
		}
		defer session.close()
		options.SessionID = session.id
	}
	archive := packedFolder(ctx, folder)
	defer archive.Close()
	answer, err := k.client.ImageBuild(ctx, archive, options)
	if err != nil {
		return "", failed("build the image", want.Name, withoutSecrets(err, b.SecretsWO))
	}
	defer answer.Body.Close()
	id, err = built(ctx, answer.Body)
	return id, unbuilt(want.Name, withoutSecrets(err, b.SecretsWO))
}

// unbuilt says what the builder answered. It speaks to registries by itself, and what they refuse is told in its words.
func unbuilt(name string, err error) error {
	if err == nil || !strings.Contains(err.Error(), "401 Unauthorized") && !strings.Contains(err.Error(), "pull access denied") {
		return failed("build the image", name, err)
	}
	return &platform.OpError{
		Op: "build the image", On: name, Err: err,
		Hint: "Credentials for base images come from the setting " + setRegistries + ", else from the docker tool's configuration",
	}
}

// unreadable is an error of the folder, tied to what the user wrote of it.
func unreadable(err error, dir string) error {
	at := "context"
	var missing *fs.PathError
	if errors.As(err, &missing) && missing.Path != dir {
		at = "dockerfile"
	}
	return platform.At(platform.As(platform.ErrInvalid, err), "build", at)
}

// packedFolder writes the folder's archive while it is read.
func packedFolder(ctx context.Context, folder *buildcontext.Context) io.ReadCloser {
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(folder.Tar(ctx, w)) }()
	return r
}

// buildOptions is what the user wants of the builder.
func (k *containerImages) buildOptions(want *platform.ContainerImage, dockerfile string) (client.ImageBuildOptions, error) {
	b := want.Build
	o := client.ImageBuildOptions{
		Version: build.BuilderBuildKit, Dockerfile: dockerfile, Remove: true, ForceRemove: true, Labels: b.Labels, CacheFrom: b.CacheFrom,
		Target: value(b.Target), NetworkMode: value(b.Network), NoCache: b.NoCache != nil && *b.NoCache, PullParent: b.Pull != nil && *b.Pull,
		AuthConfigs: k.explicitCredentials(), BuildArgs: map[string]*string{},
	}
	for name, value := range b.Args {
		o.BuildArgs[name] = &value
	}
	for _, name := range platform.Keys(b.ExtraHosts) {
		o.ExtraHosts = append(o.ExtraHosts, name+":"+b.ExtraHosts[name])
	}
	if want.OSArch == nil {
		return o, nil
	}
	wanted, err := parsePlatform(*want.OSArch)
	o.Platforms = []ocispec.Platform{wanted}
	return o, err
}

// explicitCredentials is the setting registries, for a builder that does not ask.
func (s *session) explicitCredentials() map[string]registry.AuthConfig {
	all := map[string]registry.AuthConfig{}
	for host := range s.config.Map(setRegistries) {
		if c, err := s.credentialFor(host); err == nil {
			all[canonical(host)] = c.AuthConfig
		}
	}
	return all
}

// built reads the stream of a build to its end. What failed is told with the builder's last lines.
func built(ctx context.Context, body io.Reader) (id string, err error) {
	lines := &buildLines{}
	decoder := json.NewDecoder(body)
	err = streamed(ctx, func() (m jsonstream.Message, err error) { return m, decoder.Decode(&m) }, func(m jsonstream.Message) {
		switch {
		case m.Aux == nil:
			lines.add(m.Stream)
		case m.ID == "moby.buildkit.trace":
			lines.trace(*m.Aux)
		default:
			var aux struct{ ID string }
			if json.Unmarshal(*m.Aux, &aux) == nil && strings.HasPrefix(aux.ID, "sha256:") {
				id = aux.ID
			}
		}
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return "", err
	case err != nil:
		return "", lines.tell(err)
	case id == "":
		return "", lines.tell(errors.New("the builder ended without an image"))
	}
	return id, nil
}

// withoutSecrets takes secrets out of an error, which may hold what a step of the build printed. It keeps its class.
func withoutSecrets(err error, secrets map[string]string) error {
	if err == nil || len(secrets) == 0 || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	text := err.Error()
	for name, value := range secrets {
		for _, part := range append(strings.Fields(value), value) {
			if len(part) > 2 {
				text = strings.ReplaceAll(text, part, "(the secret "+name+")")
			}
		}
	}
	if text == err.Error() {
		return err
	}
	_, class := classify(err)
	return platform.As(class, errors.New(text))
}

// tell adds to an error what the builder said last.
func (l *buildLines) tell(err error) error {
	if len(l.lines) == 0 {
		return err
	}
	return fmt.Errorf("%w; its last lines:\n%s", err, strings.Join(l.lines, "\n"))
}
