package sshpipe

import (
	"os/exec"
	"syscall"
)

// apart starts a program in a process group of its own: an interrupt at the terminal is for Terraform, which lets what
// is under way come to its end, and not for the connection that this needs.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// kill ends the program.
func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
