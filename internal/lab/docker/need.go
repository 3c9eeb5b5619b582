package docker

import (
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// Need skips the test on a machine that cannot run an engine, and fails it where VIRT_LAB=require says that the machine
// has to.
func Need(t testing.TB) {
	t.Helper()
	program.Need(t, Missing())
}

// Missing says what this machine lacks for an engine, a registry and podman; nil when it has everything.
func Missing() error {
	return program.Needs{Lab: "a Docker engine", Programs: []string{
		"dockerd", "docker", "containerd", "runc", "docker-registry", "podman", "conmon", "iptables", "ip", "unshare", "nsenter",
		"sshd", "ssh", "ssh-keygen", "go",
	}}.Missing()
}
