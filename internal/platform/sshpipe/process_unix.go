//go:build unix

package sshpipe

import (
	"os/exec"
	"syscall"
)

// apart starts a program in a process group of its own: an interrupt at the terminal is for Terraform, which lets what
// is under way come to its end, and not for the connection that this needs.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// kill ends the program with what it started, such as the ssh to a jump host.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
