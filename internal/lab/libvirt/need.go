package libvirt

import (
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// Need skips the test on a machine that cannot run a server, and fails it where VIRT_LAB=require says that the machine
// has to.
func Need(t testing.TB) {
	t.Helper()
	program.Need(t, Missing())
}

// NeedGuest is RealGuest for a test: without the guest it skips the test, or fails it as Need does.
func NeedGuest(t testing.TB) Guest {
	t.Helper()
	guest, err := RealGuest()
	program.Need(t, err)
	return guest
}

// Missing says what this machine lacks for a server; nil when it has everything.
func Missing() error {
	return program.Needs{
		Lab: "a libvirt server",
		Programs: []string{
			"libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip", "unshare", "nsenter", "sshd", "ssh",
		},
		Users: []string{"libvirt-qemu"},
	}.Missing()
}
