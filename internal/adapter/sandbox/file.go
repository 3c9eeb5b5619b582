package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// tempMark is in the name of every file that is being written.
const tempMark = ".tmp-"

// writeFile puts b at path so that a reader finds either the old content or all of the new one, also after a crash of
// the whole system.
func writeFile(path string, b []byte) error {
	if err := replaceFile(path, b, (*os.File).Sync); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// replaceFile is writeFile without the flush, which takes most of the time: only a crash of the system can show it.
func replaceFile(path string, b []byte, flush func(*os.File) error) error {
	temp := path + tempMark + rand.Text()[:8]
	if err := newFile(temp, b, flush); err != nil {
		_ = os.Remove(temp) // the first error counts; what stays is removed by the next writer
		return err
	}
	if err := rename(temp, path); err != nil {
		_ = os.Remove(temp)
		return err
	}
	return nil
}

func newFile(path string, b []byte, flush func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, flush(f), f.Close())
}

// unflushed leaves it to the system when a file reaches the disk.
func unflushed(*os.File) error { return nil }

// rename tries again on Windows, where a reader that has the target open is in the way for a moment.
func rename(from, to string) error {
	err := os.Rename(from, to)
	for tries := 0; err != nil && runtime.GOOS == "windows" && tries < 50; tries++ {
		time.Sleep(10 * time.Millisecond)
		err = os.Rename(from, to)
	}
	return err
}

// syncDir makes a rename or removal in dir last. Windows does it by itself.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// removeFile removes a file for good and does not mind when it is gone already.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// isTemp reports whether a file name is that of an unfinished write.
func isTemp(name string) bool { return strings.Contains(name, tempMark) }

// encode writes v as people like to read it.
func encode(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

// newID makes a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return uuid(b[:])
}

// uuid spells 16 bytes as a random UUID.
func uuid(b []byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
