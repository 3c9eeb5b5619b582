package docker

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
)

// doubtful reports whether an engine may be Podman, which has neither of the two helpers that Docker tells of.
func doubtful(i system.Info) bool { return i.InitBinary == "" && i.ContainerdCommit.ID == "" }

// isPodman asks for the parts that the server consists of: Podman says its name there.
func (s *session) isPodman(ctx context.Context) (bool, error) {
	got, err := s.client.ServerVersion(ctx, client.ServerVersionOptions{})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(got.Components, func(c system.ComponentVersion) bool { return strings.HasPrefix(c.Name, "Podman") }), nil
}

// podmanID is a stable id of what Podman serves: the id that it tells is another one each time that it is asked. A host's
// name and the folder of the containers stand for it.
func podmanID(i system.Info) string { return "podman:" + i.Name + ":" + i.DockerRootDir }

// product is who made the engine.
func (s *session) product() string {
	if s.podman {
		return "Podman"
	}
	return "Docker"
}

// forgivingClient is a client that understands Podman's networks. It shares nothing with the other but the way.
func (s *session) forgivingClient() (*client.Client, error) {
	h := s.route.http()
	options := []client.Opt{
		client.WithHost(s.route.dialled()), client.WithHTTPClient(&http.Client{Transport: forgiving{h.Transport}, CheckRedirect: h.CheckRedirect}),
		client.WithAPIVersion(s.client.ClientVersion()),
	}
	if s.route.tls != nil {
		options = append(options, client.WithScheme("https"))
	}
	return client.New(options...)
}

// forgiving takes out of answers what stands there for no address, at which Moby's client stumbles.
type forgiving struct{ http.RoundTripper }

// RoundTrip reads an answer about networks whole, which is short.
func (f forgiving) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := f.RoundTripper.RoundTrip(r)
	if err != nil || r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/networks") {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // it is read
	if err != nil {
		return nil, err
	}
	for _, none := range []string{`"\u003cnil\u003e"`, `"<nil>"`} {
		body = bytes.ReplaceAll(body, []byte(none), []byte(`""`))
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return answer, nil
}

// CloseIdleConnections ends what is kept open.
func (f forgiving) CloseIdleConnections() {
	if c, ok := f.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// podmanTells reports whether Podman tells an option of a network back, so that a change by hand would show.
func podmanTells(option string) bool {
	return slices.Contains([]string{optionMTU, "mtu", "isolate", "metric", "no_default_route", "vrf", "mode", "bclim", "vlan"}, option)
}

// podmanSets reports whether Podman gives every container this variable, which Docker leaves to its programs.
func podmanSets(name, text, hostname string) bool {
	switch name {
	case "container":
		return text == "podman" || text == "oci"
	case "TERM":
		return text == "xterm"
	case "HOME":
		return text == "/" || text == "/root"
	case "HOSTNAME":
		return text == hostname
	case "PATH":
		return text == "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	return false
}
