//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package sandbox

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the lock of an open file and reports whether it was free. The lock ends when the file is closed,
// also by the end of the process.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return false, nil
	}
	return err == nil, err
}
