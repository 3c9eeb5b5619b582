package buildcontext

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Hash is the SHA-256 of the archive, in hexadecimal digits.
func (c *Context) Hash(ctx context.Context) (string, error) {
	sum := sha256.New()
	if err := c.Tar(ctx, sum); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Tar writes the archive, file by file: what lies in the folder and is not left out, sorted, without times and owners.
// Links stay links. The Dockerfile is always in it. Sockets are left out; another special file is an error.
func (c *Context) Tar(ctx context.Context, w io.Writer) error {
	archive := tar.NewWriter(w)
	seen := verdicts{}
	err := filepath.WalkDir(c.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(c.dir, name)
		if err != nil || rel == "." {
			return err
		}
		return c.visit(archive, name, rel, d, seen)
	})
	if err != nil {
		return err
	}
	if c.within == outside {
		if err := add(archive, c.dockerfile, outside); err != nil {
			return err
		}
	}
	return archive.Close()
}

// visit adds one entry of the folder, or passes over it.
func (c *Context) visit(archive *tar.Writer, name, rel string, d fs.DirEntry, seen verdicts) error {
	out, deeper, err := c.leaves(rel, seen)
	slashed := filepath.ToSlash(rel)
	switch {
	case err != nil:
		return err
	case out && slashed != c.within:
		if d.IsDir() && !deeper {
			return filepath.SkipDir
		}
		return nil
	case d.Type()&fs.ModeSocket != 0:
		return nil
	}
	return add(archive, name, slashed)
}

// add writes one entry.
func add(archive *tar.Writer, name, as string) error {
	info, err := os.Lstat(name)
	if err == nil && as == outside {
		info, err = os.Stat(name)
	}
	if err != nil {
		return err
	}
	h := &tar.Header{Name: as, Mode: mode(info.Mode()), Format: tar.FormatPAX}
	switch {
	case info.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, as+"/"
	case info.Mode()&fs.ModeSymlink != 0:
		h.Typeflag, h.Mode = tar.TypeSymlink, 0o777
		if h.Linkname, err = os.Readlink(name); err != nil {
			return err
		}
		h.Linkname = filepath.ToSlash(h.Linkname)
	case info.Mode().IsRegular():
		h.Typeflag, h.Size = tar.TypeReg, info.Size()
	default:
		return fmt.Errorf("%s is neither a file, a folder nor a link; name it in .dockerignore", name)
	}
	if err := archive.WriteHeader(h); err != nil {
		return err
	}
	if h.Typeflag != tar.TypeReg {
		return nil
	}
	return copyFile(archive, name, h.Size)
}

// mode is the permissions as archives have them.
func mode(m fs.FileMode) int64 {
	bits := int64(m.Perm())
	for flag, bit := range map[fs.FileMode]int64{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if m&flag != 0 {
			bits |= bit
		}
	}
	return bits
}

// copyFile writes a file's content, which has to be as long as it was announced.
func copyFile(w io.Writer, name string, size int64) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it is only read
	n, err := io.CopyN(w, file, size)
	if err == io.EOF { //nolint:errorlint // CopyN gives it bare
		return fmt.Errorf("%s changed while it was read: it had %d bytes and has %d", name, size, n)
	}
	return err
}
