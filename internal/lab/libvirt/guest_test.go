package libvirt_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
)

// seedFiles are a seed as tools write it: user data of several parts, and JSON where YAML is meant.
func seedFiles() map[string]string {
	return map[string]string{
		"meta-data": "instance-id: i-1\nlocal-hostname: web-1\n",
		"user-data": `Content-Type: multipart/mixed; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/cloud-config

#cloud-config
users:
  - name: ops
    shell: /bin/bash
    ssh_authorized_keys:
      - ssh-ed25519 AAAAC3 one
      - "ssh-rsa AAAAB3 two"
runcmd:
  - echo name
--b--
`,
		"network-config": `{"version":2,"ethernets":{"id0":{"dhcp4":true,"match":{"macaddress":"52:54:00:00:00:02"}},` +
			`"id1":{"addresses":["192.168.122.77/24"],"match":{"macaddress":"52:54:00:00:00:01"},` +
			`"nameservers":{"addresses":["192.168.122.1"]},"routes":[{"to":"0.0.0.0/0","via":"192.168.122.1"}]}}}`,
	}
}

// seedDisk makes a seed with xorriso.
func seedDisk(t *testing.T, s *libvirt.Server) string {
	t.Helper()
	if _, err := exec.LookPath("xorriso"); err != nil {
		t.Skip(err)
	}
	dir, iso := t.TempDir(), filepath.Join(s.Dir, "seed.iso")
	for name, text := range seedFiles() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), "xorriso", "-as", "mkisofs", "-quiet", "-J", "-r", "-V", "cidata", "-o", iso, dir)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return iso
}

func TestRealGuest(t *testing.T) {
	t.Parallel()
	guest := libvirt.NeedGuest(t)
	s := libvirt.Serve(t, libvirt.Options{Network: true})
	log := filepath.Join(s.Dir, "real.log")
	nic := "<interface type='network'><source network='default'/><mac address='52:54:00:00:00:0%d'/><model type='virtio'/></interface>"
	virsh(t, s, "create", write(t, s, "real.xml", fmt.Sprintf(`<domain type='qemu'><name>real</name><memory unit='MiB'>256</memory>
<vcpu>1</vcpu><os><type machine='q35'>hvm</type><kernel>%s</kernel><initrd>%s</initrd><cmdline>%s</cmdline></os>
<features><acpi/></features><devices>
<disk type='file' device='cdrom'><source file='%s'/><target dev='sda' bus='sata'/></disk>%s%s
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<serial type='file'><source path='%s'/></serial></devices></domain>`,
		guest.Kernel, guest.Initrd, guest.Cmdline, seedDisk(t, s), fmt.Sprintf(nic, 1), fmt.Sprintf(nic, 2), log)))
	console := ""
	defer func() {
		if t.Failed() {
			t.Logf("console:\n%s", console)
		}
	}()
	await(t, "boot", 90*time.Second, func() bool {
		text, _ := os.ReadFile(log)
		console = string(text)
		return strings.Contains(console, "seed=")
	})
	line := console[strings.Index(console, "GUEST-READY"):]
	if !strings.Contains(line, "hostname=web-1 user=ops keys=2 address=192.168.122.77/24,192.168.122.") || !strings.Contains(line, "seed=i-1") {
		t.Error(line)
	}
	t.Log(line)
	await(t, "agent", 20*time.Second, func() bool {
		out, err := s.Virsh(t.Context(), "domifaddr", "real", "--source", "agent")
		return err == nil && strings.Contains(out, "192.168.122.77/24")
	})
	if out := virsh(t, s, "domifaddr", "real", "--source", "lease"); !strings.Contains(out, "52:54:00:00:00:02") {
		t.Errorf("leases: %s", out)
	}
	virsh(t, s, "shutdown", "real", "--mode", "acpi")
	await(t, "shutdown", 30*time.Second, func() bool { return !strings.Contains(virsh(t, s, "list", "--name"), "real") })
}
