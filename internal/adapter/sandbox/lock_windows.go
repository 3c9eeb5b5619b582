package sandbox

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

// Flags and answers of LockFileEx.
const (
	lockFailImmediately = 1
	lockExclusive       = 2
	errLockViolation    = syscall.Errno(33)
)

// tryLock takes the lock of an open file and reports whether it was free. The lock ends when the file is closed,
// also by the end of the process.
func tryLock(f *os.File) (bool, error) {
	var at syscall.Overlapped
	proc := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	ok, _, err := proc.Call(f.Fd(), lockExclusive|lockFailImmediately, 0, 1, 0, uintptr(unsafe.Pointer(&at))) // #nosec G103 -- the call takes the structure's address
	if ok != 0 {
		return true, nil
	}
	if errors.Is(err, errLockViolation) {
		return false, nil
	}
	return false, err
}
