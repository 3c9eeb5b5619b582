package libvirt

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestURI(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	for text, want := range map[string]struct {
		transport, name, address string
		sockets                  []string
	}{
		"qemu:///system":                       {overUnix, "qemu:///system", "", []string{"/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"}},
		"qemu:///session":                      {overUnix, "qemu:///session", "", []string{"/run/user/7/libvirt/libvirt-sock", "/run/user/7/libvirt/virtqemud-sock"}},
		"qemu+unix:///system?socket=/a":        {overUnix, "qemu:///system", "", []string{"/a"}},
		"qemu+unix:///system?mode=direct":      {overUnix, "qemu:///system", "", []string{"/run/libvirt/virtqemud-sock"}},
		"qemu+unix:///system?mode=legacy":      {overUnix, "qemu:///system", "", []string{"/run/libvirt/libvirt-sock"}},
		"test:///default":                      {overUnix, "test:///default", "", []string{"/run/libvirt/libvirt-sock", "/run/libvirt/virttestd-sock"}},
		"qemu://host/system":                   {overTLS, "qemu:///system", "host:16514", nil},
		"qemu+tcp://host:7/system":             {overTCP, "qemu:///system", "host:7", nil},
		"qemu+tcp://[::1]/system":              {overTCP, "qemu:///system", "[::1]:16509", nil},
		"qemu+tls://host/system?name=xen:///x": {overTLS, "xen:///x", "host:16514", nil},
		"qemu+ssh://me@host:22/system":         {overSSH, "qemu:///system", "host:22", nil},
	} {
		t.Run(text, func(t *testing.T) {
			u, err := parseURI(text)
			if err != nil {
				t.Fatal(err)
			}
			if u.transport != want.transport || u.name() != want.name {
				t.Errorf("%s, %s", u.transport, u.name())
			}
			port := map[string]string{overTLS: "16514", overTCP: "16509"}[u.transport]
			if address := (&dialer{uri: u}).address(port); want.address != "" && address != want.address {
				t.Errorf("its address is %s", address)
			}
			if want.sockets != nil && !slices.Equal(u.sockets(), want.sockets) {
				t.Errorf("its sockets are %q", u.sockets())
			}
		})
	}
}

func TestURIRefused(t *testing.T) {
	for text, says := range map[string]string{
		"":                                 "it is no URI",
		"/run/libvirt":                     "it is no URI",
		"qemu+pigeon://host/system":        "pigeon",
		"qemu+tcp:///system":               "names no host",
		"qemu:///system?keyfile=/k":        `"keyfile"`,
		"qemu+ssh://h/system?no_verify=no": "no_verify takes 0, 1",
		"qemu+ssh://h/system?proxy=socks":  "auto, netcat, native",
		"qemu+ssh://me:secret@h/system":    "password",
		"qemu+tcp://me:secret@h:x/system":  "it is no URI",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := parseURI(text)
			if !errors.Is(err, platform.ErrInvalid) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v; want %q", err, says)
			}
		})
	}
}

// TestURIFromEnvironment heeds the variables of libvirt's own tools for the only connection.
func TestURIFromEnvironment(t *testing.T) {
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"LIBVIRT_DEFAULT_URI": "qemu+tcp://theirs/system", "VIRT_B_URI": "qemu+tcp://b/system"}[name]
		return v, ok
	}
	for name, c := range map[string]struct {
		from  platform.Source
		given map[string]any
		want  string
	}{
		"the only one":   {platform.Source{Name: "a", Sole: true, Env: env}, nil, "qemu+tcp://theirs/system"},
		"one of several": {platform.Source{Name: "a", Env: env}, nil, "qemu:///system"},
		"its own one":    {platform.Source{Name: "b", Sole: true, Env: env}, nil, "qemu+tcp://b/system"},
		"written":        {platform.Source{Name: "a", Sole: true, Env: env}, map[string]any{setURI: "test:///default"}, "test:///default"},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := platform.Resolve(settings(), c.given, c.from)
			if got := config.String(setURI); err != nil || got != c.want {
				t.Errorf("%s: %v", got, err)
			}
		})
	}
}

func TestSSHCommandLine(t *testing.T) {
	const first, rest = " -T -e none -o ServerAliveInterval=15 -o BatchMode=yes", " -- h "
	for text, want := range map[string]string{
		"qemu+ssh://h/system":                                  "ssh" + first + rest,
		"qemu+ssh://me@h:7/system?keyfile=/k":                  "ssh" + first + " -p 7 -l me -i /k" + rest,
		"qemu+ssh://h/system?known_hosts=/k&command=/usr/ssh":  "/usr/ssh" + first + " -o UserKnownHostsFile=/k" + rest,
		"qemu+ssh://h/system?no_verify=1":                      "ssh" + first + " -o StrictHostKeyChecking=no" + rest,
		"qemu+ssh://h/system?known_hosts_verify=auto":          "ssh" + first + " -o StrictHostKeyChecking=accept-new" + rest,
		"qemu+ssh://h/session?proxy=native":                    "ssh" + first + rest + `sh -c 'exec virt-ssh-helper '\''qemu:///session'\'''`,
		"qemu+ssh://h/system?socket=/a b&netcat=/usr/bin/it's": "ssh" + first + rest + "sh -c",
	} {
		t.Run(text, func(t *testing.T) {
			u, err := parseURI(strings.ReplaceAll(text, " ", "%20"))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(sshArguments(u), " "); !strings.HasPrefix(got, want) {
				t.Errorf("%s\nwant %s", got, want)
			}
		})
	}
}
