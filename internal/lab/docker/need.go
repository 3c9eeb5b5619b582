package docker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// Need skips the test on a machine that cannot run an engine, and fails it where VIRT_LAB=require says that the machine
// has to.
func Need(t testing.TB) {
	t.Helper()
	switch err := Missing(); {
	case err == nil:
	case os.Getenv("VIRT_LAB") == "require":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// Missing says what this machine lacks for an engine, a registry and podman; nil when it has everything.
func Missing() error {
	if runtime.GOOS != "linux" {
		return errors.New("a Docker engine needs Linux")
	}
	if os.Geteuid() != 0 {
		return errors.New("a Docker engine of one's own needs root, for namespaces and mounts: run the tests as root")
	}
	var missing []string
	for _, name := range []string{
		"dockerd", "docker", "containerd", "runc", "docker-registry", "podman", "conmon", "iptables", "ip", "unshare", "nsenter",
		"sshd", "ssh", "ssh-keygen", "go",
	} {
		if find(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("a Docker engine needs %s: make lab installs what is missing", strings.Join(missing, ", "))
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
