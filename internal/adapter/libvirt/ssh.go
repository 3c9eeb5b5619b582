package libvirt

import (
	"context"
	"net"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform/sshpipe"
)

// dialSSH starts the user's ssh, as virsh does. Whether it gets through shows at the first answer: a failure comes with
// what ssh said.
func dialSSH(ctx context.Context, u *uri) (net.Conn, error) {
	return sshpipe.Dial(ctx, sshArguments(u))
}

// sshArguments is the command line. The remote half prefers libvirt's helper, which knows the host's own sockets.
func sshArguments(u *uri) []string {
	args := slices.Insert(sshProgram(u), 1, "-T", "-e", "none", "-o", "ServerAliveInterval=15")
	return append(args, "--", u.host, sshRemote(u))
}

// sshProgram is the program with what the URI says of the way to the host.
func sshProgram(u *uri) []string {
	get := u.params.Get
	args := []string{either(get("command"), "ssh"), "-o", "BatchMode=yes"}
	if u.port != "" {
		args = append(args, "-p", u.port)
	}
	if u.user != "" {
		args = append(args, "-l", u.user)
	}
	if file := get("keyfile"); file != "" {
		args = append(args, "-i", file)
	}
	if file := get("known_hosts"); file != "" {
		args = append(args, "-o", "UserKnownHostsFile="+file)
	}
	if get("no_verify") == "1" || get("known_hosts_verify") == "ignore" {
		args = append(args, "-o", "StrictHostKeyChecking=no")
	} else if get("known_hosts_verify") == "auto" {
		args = append(args, "-o", "StrictHostKeyChecking=accept-new")
	}
	return args
}

// sshRemote is what runs on the host.
func sshRemote(u *uri) string {
	netcat := u.params.Get("netcat")
	socket := u.params.Get("socket")
	direct := ""
	if socket != "" {
		direct = quoted(either(netcat, "nc")) + " -U " + quoted(socket)
		return "sh -c " + quoted("exec "+direct)
	}
	path := "/run/libvirt/libvirt-sock"
	if u.session() {
		path = "${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/libvirt/libvirt-sock"
	}
	direct = "exec " + quoted(either(netcat, "nc")) + ` -U "` + path + `"`
	if netcat != "" || u.params.Get("proxy") == "netcat" {
		return "sh -c " + quoted(direct)
	}
	helper := "exec virt-ssh-helper " + quoted(u.name())
	if u.params.Get("proxy") == "native" {
		return "sh -c " + quoted(helper)
	}
	return "sh -c " + quoted("if command -v virt-ssh-helper >/dev/null 2>&1; then "+helper+"; else "+direct+"; fi")
}

func either(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// quoted is a word of the shell.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
