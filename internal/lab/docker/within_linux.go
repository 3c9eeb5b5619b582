package docker

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// within calls f in the network namespace that belongs to the children of a process. A socket stays in the namespace
// that it was made in.
func within(pid int, f func() error) error {
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the function, and nobody meets it astray
		failed <- func() error {
			space, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
			if err != nil {
				return err
			}
			err = unix.Setns(int(space.Fd()), unix.CLONE_NEWNET)
			if err = errors.Join(err, space.Close()); err != nil {
				return fmt.Errorf("enter a network namespace: %w", err)
			}
			return f()
		}()
	}()
	return <-failed
}
