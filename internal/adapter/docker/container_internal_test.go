package docker

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// TestSpellings writes what users write into what the engine takes, and reads it back as they wrote it.
func TestSpellings(t *testing.T) {
	want := &platform.Container{
		Name: "web", ImageID: "lab/server:1",
		HealthCheck: &platform.HealthCheck{Command: []string{"CMD", "/server", "health"}},
		Docker: &platform.DockerContainer{
			CapAdd: []string{"sys_time", "CAP_NET_ADMIN", "NET_RAW"}, CapDrop: []string{"all"},
			Devices:         []string{"/dev/fuse", "/dev/null:rw", "/dev/zero:/dev/one", "/dev/zero:/dev/two:r"},
			SecurityOptions: []string{"no-new-privileges"},
			Ulimits:         map[string]string{"nofile": "1024", "core": "0:0"},
			ExtraHosts:      map[string]string{"a": "fd00::1", "host": "host-gateway"},
			NetworkMode:     new("container:web"),
		},
	}
	options, err := blueprint(want)
	if err != nil {
		t.Fatal(err)
	}
	h := options.HostConfig
	h.CapAdd, h.CapDrop = fullCaps(h.CapAdd), fullCaps(h.CapDrop) // as Moby's client does
	h.SecurityOpt = append(h.SecurityOpt, "label=disable")        // as the daemon does
	h.NetworkMode = "container:0123"
	s := &seen{InspectResponse: &container.InspectResponse{Config: options.Config, HostConfig: h}, image: &imageDefault{}, record: recordOf(options.Config.Labels)}
	got := s.docker()
	for what, pair := range map[string][2]any{
		"cap_add": {want.Docker.CapAdd, got.CapAdd}, "cap_drop": {want.Docker.CapDrop, got.CapDrop},
		"devices": {want.Docker.Devices, got.Devices}, "security_options": {want.Docker.SecurityOptions, got.SecurityOptions},
		"ulimits": {want.Docker.Ulimits, got.Ulimits}, "extra_hosts": {want.Docker.ExtraHosts, got.ExtraHosts},
		"network_mode": {want.Docker.NetworkMode, got.NetworkMode}, "health_check": {want.HealthCheck.Command, s.healthCheck().Command},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s is read otherwise than it was written (-written +read):\n%s", what, diff)
		}
	}
	s.record = record{} // somebody else made it
	got = s.docker()
	if diff := cmp.Diff([]string{"/dev/fuse", "/dev/null:/dev/null:rw", "/dev/zero:/dev/one", "/dev/zero:/dev/two:r"}, got.Devices); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"NET_ADMIN", "NET_RAW", "SYS_TIME"}, got.CapAdd); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
}

// TestImportedCommand leaves out what an image fills in, and only that.
func TestImportedCommand(t *testing.T) {
	image := &imageDefault{entrypoint: []string{"/entry"}, cmd: []string{"serve"}}
	tests := map[string]struct {
		entrypoint, cmd []string
		wantEntrypoint  []string
		wantCommand     []string
	}{
		"all from the image":    {entrypoint: []string{"/entry"}, cmd: []string{"serve"}},
		"another command":       {entrypoint: []string{"/entry"}, cmd: []string{"work"}, wantCommand: []string{"work"}},
		"entry point again":     {entrypoint: []string{"/entry"}, wantEntrypoint: []string{"/entry"}},
		"another entry point":   {entrypoint: []string{"/other"}, wantEntrypoint: []string{"/other"}},
		"both":                  {entrypoint: []string{"/other"}, cmd: []string{"serve"}, wantEntrypoint: []string{"/other"}, wantCommand: []string{"serve"}},
		"no entry point at all": {cmd: []string{"serve"}, wantCommand: []string{"serve"}},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			s := &seen{InspectResponse: &container.InspectResponse{Config: &container.Config{Entrypoint: c.entrypoint, Cmd: c.cmd}}, image: image, importing: true}
			entrypoint, command := s.command()
			if diff := cmp.Diff([][]string{c.wantEntrypoint, c.wantCommand}, [][]string{entrypoint, command}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPublishedPorts finds the port that the daemon chose for each binding.
func TestPublishedPorts(t *testing.T) {
	http, all, local := network.MustParsePort("80/tcp"), netip.IPv4Unspecified(), netip.MustParseAddr("127.0.0.1")
	s := &seen{InspectResponse: &container.InspectResponse{
		HostConfig: &container.HostConfig{PortBindings: network.PortMap{http: {{}, {HostIP: local}, {HostPort: "8080"}, {}}}},
		NetworkSettings: &container.NetworkSettings{Ports: network.PortMap{http: {
			{HostIP: all, HostPort: "32001"},
			{HostIP: netip.IPv6Unspecified(), HostPort: "32001"},
			{HostIP: local, HostPort: "32002"},
			{HostIP: all, HostPort: "8080"},
			{HostIP: all, HostPort: "32003"},
		}}},
	}}
	var got []int64
	for _, p := range s.publishedPorts() {
		got = append(got, p.now)
	}
	if diff := cmp.Diff([]int64{32001, 32002, 8080, 32003}, got); diff != "" {
		t.Errorf("ports of a running container (-want +got):\n%s", diff)
	}
	s.NetworkSettings.Ports = nil
	got = nil
	for _, p := range s.publishedPorts() {
		got = append(got, p.now)
	}
	if diff := cmp.Diff([]int64{0, 0, 8080, 0}, got); diff != "" {
		t.Errorf("ports of a stopped container (-want +got):\n%s", diff)
	}
}

// TestDeclaredMounts reads all the ways in which mounts are asked for.
func TestDeclaredMounts(t *testing.T) {
	s := &seen{InspectResponse: &container.InspectResponse{HostConfig: &container.HostConfig{
		Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: "a", Target: "/a"}, {Type: mount.TypeVolume, Target: "/nameless"}},
		Binds:  []string{"b:/b", "/etc:/etc:ro,z", "/nameless"},
		Tmpfs:  map[string]string{"/tmp": "rw,size=2m,noexec", "/run": "ro"},
	}}}
	want := []mount.Mount{
		{Type: mount.TypeVolume, Source: "a", Target: "/a"},
		{Type: mount.TypeVolume, Source: "b", Target: "/b"},
		{Type: mount.TypeBind, Source: "/etc", Target: "/etc", ReadOnly: true},
		{Type: mount.TypeTmpfs, Target: "/run", ReadOnly: true, TmpfsOptions: &mount.TmpfsOptions{}},
		{Type: mount.TypeTmpfs, Target: "/tmp", TmpfsOptions: &mount.TmpfsOptions{SizeBytes: 2 << 20}},
	}
	if diff := cmp.Diff(want, s.declaredMounts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCheckAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		list []string
		good bool
	}{
		"none":            {nil, true},
		"one of each":     {[]string{"10.0.0.5", "fd00::5"}, true},
		"another order":   {[]string{"fd00::5", "10.0.0.5"}, false},
		"two of a family": {[]string{"10.0.0.5", "10.0.0.6"}, false},
		"with a prefix":   {[]string{"10.0.0.5/24"}, false},
		"long spelling":   {[]string{"fd00:0::0:5"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := checkAddresses(c.list); (err == nil) != c.good {
				t.Errorf("%v: %v", c.list, err)
			}
		})
	}
}

func TestOwnAliases(t *testing.T) {
	const id = "0123456789abcdef"
	for name, c := range map[string]struct{ list, want []string }{
		"none":                       {nil, nil},
		"of the engine alone":        {[]string{"0123456789ab", "web"}, nil},
		"own":                        {[]string{"www", "0123456789ab", "web"}, []string{"www"}},
		"own, the same as its name":  {[]string{"web", "0123456789ab"}, []string{"web"}},
		"never started":              {[]string{"www", "web"}, []string{"www", "web"}},
		"behind those of the engine": {[]string{"0123456789ab", "late"}, []string{"late"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, ownAliases(c.list, id, "web")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestIsName(t *testing.T) {
	for name, want := range map[string]bool{"web": true, "web-1.a_b": true, "w": false, "-web": false, "we b": false, "": false} {
		if got := isName(name); got != want {
			t.Errorf("%q is a name: %t", name, got)
		}
	}
}
