package libvirt_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
)

// TestTinySource holds source and bytes together, where there is an assembler.
func TestTinySource(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"as", "objcopy"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	object, binary := filepath.Join(t.TempDir(), "tiny.o"), filepath.Join(t.TempDir(), "tiny.bin")
	if out, err := exec.CommandContext(t.Context(), "as", "--32", "-o", object, "tiny.S").CombinedOutput(); err != nil {
		t.Skipf("not an assembler for x86: %s", out)
	}
	if out, err := exec.CommandContext(t.Context(), "objcopy", "-O", "binary", object, binary).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got, err := os.ReadFile(binary); err != nil || !bytes.Equal(got, libvirt.TinyGuest()) {
		t.Errorf("tiny.bin is not what tiny.S assembles to (%v): see the comment in tiny.S", err)
	}
}

// tinyDomain is a domain with a serial log, free root ports, and what boots it: inside os, and as devices.
func tinyDomain(s *libvirt.Server, name, boot, devices string) string {
	return fmt.Sprintf(`<domain type='qemu'><name>%s</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type machine='q35'>hvm</type>%s</os><features><acpi/></features>
<devices>%s%s<serial type='file'><source path='%s/%[1]s.log'/></serial></devices></domain>`,
		name, boot, devices, "<controller type='pci' index='0' model='pcie-root'/>"+strings.Repeat("<controller type='pci' model='pcie-root-port'/>", 6), s.Dir)
}

// await waits until a condition holds.
func await(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	start := time.Now()
	for !holds() {
		if time.Since(start) > within {
			t.Fatalf("%s: not within %s", what, within)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("%s: after %s", what, time.Since(start).Round(time.Millisecond))
}

// write writes a file below the server's folder.
func write(t *testing.T, s *libvirt.Server, name, text string) string {
	t.Helper()
	path := filepath.Join(s.Dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTinyGuest(t *testing.T) {
	t.Parallel()
	s := libvirt.Serve(t, libvirt.Options{Network: true})
	kernel, disk := filepath.Join(s.Dir, "tiny"), filepath.Join(s.Pool("default"), "boot.raw")
	for path, size := range map[string]int64{kernel: 0, disk: 1 << 20} {
		if err := libvirt.WriteTinyGuest(path, size); err != nil {
			t.Fatal(err)
		}
	}
	for name, domain := range map[string]string{
		"kernel": tinyDomain(s, "kernel", "<kernel>"+kernel+"</kernel>", ""),
		"disk":   tinyDomain(s, "disk", "", "<disk type='file' device='disk'><source file='"+disk+"'/><target dev='vda' bus='virtio'/></disk>"),
	} {
		t.Run(name, func(t *testing.T) { useTiny(t, s, name, domain) })
	}
}

// useTiny takes a tiny guest through its life.
func useTiny(t *testing.T, s *libvirt.Server, name, domain string) {
	virsh(t, s, "create", write(t, s, name+".xml", domain))
	await(t, "boot", 20*time.Second, func() bool {
		log, _ := os.ReadFile(filepath.Join(s.Dir, name+".log"))
		return strings.Contains(string(log), "READY\r\n")
	})
	virsh(t, s, "vol-create-as", "default", name+"-x", "1M")
	for device, text := range map[string]string{
		"disk": "<disk type='file'><source file='" + s.Pool("default") + "/" + name + "-x'/><target dev='vdx' bus='virtio'/></disk>",
		"nic":  "<interface type='network'><source network='default'/><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>",
	} {
		file := write(t, s, name+"-"+device+".xml", text)
		virsh(t, s, "attach-device", name, file, "--live")
		virsh(t, s, "detach-device", name, file, "--live")
		await(t, "detach "+device, 5*time.Second, func() bool {
			xml := virsh(t, s, "dumpxml", name)
			return !strings.Contains(xml, "'vdx'") && !strings.Contains(xml, "<interface ")
		})
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	virsh(t, s, "shutdown", name)
	await(t, "shutdown", 5*time.Second, func() bool { return !strings.Contains(virsh(t, s, "list", "--name"), name) })
}
