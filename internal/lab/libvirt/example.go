package libvirt

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// appNetwork is a network that hands out addresses and leads nowhere.
const appNetwork = `<network>
  <name>app</name>
  <ip address='192.168.150.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.150.10' end='192.168.150.250'/></dhcp>
  </ip>
</network>
`

// ExampleImage is the name of the image in the pool "default" that Furnish makes.
const ExampleImage = "debian-12.qcow2"

// Furnish makes what the examples take for granted: the network "app" and the image ExampleImage, a copy of the raw disk
// in a file.
func (s *Server) Furnish(ctx context.Context, disk string) error {
	network := filepath.Join(s.Dir, "app.xml")
	if err := os.WriteFile(network, []byte(appNetwork), 0o600); err != nil {
		return err
	}
	image := filepath.Join(s.Pool("default"), ExampleImage)
	if _, err := program.Output(exec.CommandContext(ctx, "qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", disk, image)); err != nil {
		return err
	}
	_, err := s.Virsh(ctx, fmt.Sprintf("net-define %s; net-start app; net-autostart app; pool-refresh default", network))
	return err
}

// grubConfig starts the guest without asking; its messages, too, go to the first serial port.
const grubConfig = `serial --unit=0
terminal_output serial
linux /boot/vmlinuz %s
initrd /boot/initrd
boot
`

// WriteDisk writes the guest to a file as a raw disk that starts by a BIOS, for a machine that is made from an image. It
// needs grub-mkrescue, which make lab installs.
func (g Guest) WriteDisk(ctx context.Context, path string) error {
	dir, err := os.MkdirTemp("", "guest-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.MkdirAll(filepath.Join(dir, "boot", "grub"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "boot", "grub", "grub.cfg"), fmt.Appendf(nil, grubConfig, g.Cmdline), 0o600); err != nil {
		return err
	}
	_, err = program.Output(exec.CommandContext(ctx, "grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", path, dir,
		"boot/vmlinuz="+g.Kernel, "boot/initrd="+g.Initrd))
	if err != nil {
		return fmt.Errorf("make a disk of the guest (make lab installs what is missing): %w", err)
	}
	return nil
}
