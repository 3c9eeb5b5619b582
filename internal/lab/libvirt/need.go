package libvirt

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strings"
	"testing"
)

// Need skips the test on a machine that cannot run a server, and fails it where VIRT_LAB=require says that the machine
// has to.
func Need(t testing.TB) {
	t.Helper()
	need(t, Missing())
}

// NeedGuest is RealGuest for a test: without the guest it skips the test, or fails it as Need does.
func NeedGuest(t testing.TB) Guest {
	t.Helper()
	guest, err := RealGuest()
	need(t, err)
	return guest
}

// need skips or fails a test for the want of something.
func need(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("VIRT_LAB") == "require":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// Missing says what this machine lacks for a server; nil when it has everything.
func Missing() error {
	if runtime.GOOS != "linux" {
		return errors.New("a libvirt server needs Linux")
	}
	if os.Geteuid() != 0 {
		return errors.New("a libvirt server of one's own needs root, for namespaces and mounts: run the tests as root")
	}
	var missing []string
	for _, name := range []string{
		"libvirtd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "iptables", "ip", "unshare", "nsenter", "sshd", "ssh",
	} {
		if find(name) == "" {
			missing = append(missing, name)
		}
	}
	if _, err := user.Lookup("libvirt-qemu"); err != nil {
		missing = append(missing, "the user libvirt-qemu")
	}
	if len(missing) > 0 {
		return fmt.Errorf("a libvirt server needs %s: make lab installs what is missing", strings.Join(missing, ", "))
	}
	return nil
}

// find is the path of a program, which may lie outside of an ordinary user's PATH; empty when there is none.
func find(name string) string {
	for _, place := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
	}
	return ""
}
