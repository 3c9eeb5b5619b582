package libvirt_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
)

// virsh runs a command that has to succeed.
func virsh(t *testing.T, s *libvirt.Server, args ...string) string {
	t.Helper()
	out, err := s.Virsh(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestServer(t *testing.T) {
	t.Parallel()
	start := time.Now()
	s := libvirt.Serve(t, libvirt.Options{Network: true})
	t.Logf("started in %s", time.Since(start))
	if got := strings.Fields(virsh(t, s, "pool-list", "--name")); strings.Join(got, " ") != "default second" {
		t.Errorf("pools: %q", got)
	}
	if got := virsh(t, s, "net-list", "--name"); strings.TrimSpace(got) != "default" {
		t.Errorf("networks: %q", got)
	}
	if got := virsh(t, s, "capabilities"); !strings.Contains(got, s.HostUUID) || strings.Contains(got, "<domain type='kvm'/>") {
		t.Errorf("capabilities: %s", got)
	}
	virsh(t, s, "vol-create-as", "default", "a", "1M")
	if _, err := os.Stat(s.Pool("default") + "/a"); err != nil {
		t.Error(err)
	}
	if out, err := s.Exec(t.Context(), "ip", "-4", "addr", "show", "virbr0"); err != nil || !strings.Contains(out, "192.168.122.1") {
		t.Errorf("bridge: %s, %v", out, err)
	}
	if _, err := net.InterfaceByName("virbr0"); err == nil {
		t.Error("the bridge lies outside of the server's namespace")
	}
}

func TestTwoServers(t *testing.T) {
	t.Parallel()
	a, b := libvirt.Serve(t, libvirt.Options{}), libvirt.Serve(t, libvirt.Options{Network: true})
	if a.HostUUID == b.HostUUID {
		t.Error("the same host")
	}
	virsh(t, a, "vol-create-as", "default", "a", "1M")
	if got := virsh(t, b, "vol-list", "default"); strings.TrimSpace(got) != "" {
		t.Errorf("the other server has it, too: %s", got)
	}
}

func TestTransports(t *testing.T) {
	t.Parallel()
	s := libvirt.Serve(t, libvirt.Options{TLS: true, SSH: true})
	for name, c := range map[string]struct {
		uri string
		bad bool
	}{
		"tcp":          {uri: s.TCPURI()},
		"tls":          {uri: s.TLSURI()},
		"tls, foreign": {uri: strings.ReplaceAll(s.TLSURI(), s.TLS.Client, s.TLS.Stranger), bad: true},
		"ssh, jump":    {uri: s.SSH.URI()},
		"ssh, direct":  {uri: "qemu+ssh://root@" + s.SSH.Jump + "/system"},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), "virsh", "-c", c.uri, "capabilities")
			command.Env = append(os.Environ(), "PATH="+s.SSH.Bin+":"+os.Getenv("PATH"))
			out, err := command.CombinedOutput()
			if good := err == nil && strings.Contains(string(out), s.HostUUID); good == c.bad {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	s := libvirt.Serve(t, libvirt.Options{Network: true})
	tcp := s.TCPURI()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Virsh(t.Context(), "version"); err == nil {
		t.Error("a stopped daemon answers")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.TCPURI() != tcp {
		t.Errorf("address %s became %s", tcp, s.TCPURI())
	}
	if got := strings.Fields(virsh(t, s, "pool-list --name; net-list --name")); len(got) != 3 {
		t.Errorf("active after the restart: %q", got)
	}
}
