package libvirt

import (
	"bytes"
	"os"
	"path/filepath"
)

// What libvirtd learns by asking every QEMU what it can do takes it a second, at every first start. A cache that
// servers share saves that: libvirtd itself says, by versions and times in them, whether the files still hold.

// cacheDir is the folder for what outlives a server, below the user's cache.
func cacheDir(sub string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "terraform-provider-virt", sub), nil
}

// recall gives a new server what earlier ones learnt.
func (s *Server) recall() error {
	from, err := cacheDir("capabilities")
	if err != nil {
		return err
	}
	return copyFiles(from, s.capabilities())
}

// remember keeps what this server's daemon learnt.
func (s *Server) remember() error {
	into, err := cacheDir("capabilities")
	if err != nil {
		return err
	}
	return copyFiles(s.capabilities(), into)
}

// capabilities is where the daemon keeps what it learnt.
func (s *Server) capabilities() string {
	return filepath.Join(s.Dir, "cache", "qemu", "capabilities")
}

// copyFiles copies the XML files of a folder that are missing or different in another one, each in one step, so that a
// server never meets half a file of another one.
func copyFiles(from, into string) error {
	paths, err := filepath.Glob(filepath.Join(from, "*.xml"))
	if err != nil || len(paths) == 0 {
		return err
	}
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		target := filepath.Join(into, filepath.Base(path))
		if have, err := os.ReadFile(target); err == nil && bytes.Equal(have, text) {
			continue
		}
		if err := replace(target, text); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file in one step.
func replace(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
