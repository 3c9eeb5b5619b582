package libvirt

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// xorriso runs the program of that name, which reads and writes such images independently of us.
func xorriso(t *testing.T, args ...string) {
	t.Helper()
	program, err := exec.LookPath("xorriso")
	if err != nil && os.Getenv("VIRT_LAB") != "require" {
		t.Skip("xorriso is missing (apt-get install xorriso)")
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Fatalf("xorriso %q: %v\n%s", args, err, out)
	}
}

// TestSeedReadByOthers extracts our image by its plain names, and by its Joliet names as it has no other long ones.
func TestSeedReadByOthers(t *testing.T) {
	for name, s := range someSeeds() {
		for _, names := range []string{"ecma119", "norock"} {
			t.Run(name+" "+names, func(t *testing.T) {
				dir := t.TempDir()
				disk, out := filepath.Join(dir, "seed.iso"), filepath.Join(dir, "out")
				if err := os.WriteFile(disk, imageOf(t, s), 0o600); err != nil {
					t.Fatal(err)
				}
				xorriso(t, "-abort_on", "WARNING", "-read_fs", names, "-osirrox", "on", "-indev", disk,
					"-assert_volid", "cidata", "FATAL", "-extract", "/", out, "-rollback_end")
				if diff := cmp.Diff(s.files(), filesIn(t, out)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// filesIn reads a directory.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range found {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name()] = string(text)
	}
	return files
}

// TestReadForeignSeed reads what the tools make that people make seeds with.
func TestReadForeignSeed(t *testing.T) {
	s := someSeeds()["three files"]
	tests := map[string][]string{
		"Rock Ridge and Joliet": {"-volid", "cidata", "-joliet", "-rational-rock"},
		"Rock Ridge":            {"-volid", "CIDATA", "-R"},
		"Joliet":                {"-volid", "cidata", "-J", "--norock"},
		"relaxed names":         {"-volid", "cidata", "--norock", "-relaxed-filenames", "-allow-lowercase", "-iso-level", "3"},
	}
	for name, options := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			from, disk := filepath.Join(dir, "in"), filepath.Join(dir, "seed.iso")
			for file, text := range s.files() {
				if err := os.MkdirAll(filepath.Join(from, "user-data.d"), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(from, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			xorriso(t, append(append([]string{"-as", "mkisofs"}, options...), "-o", disk, from)...)
			image, err := os.ReadFile(disk)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := readSeed(bytes.NewReader(image)); err != nil || got != s {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// counted counts the bytes that are read of an image.
type counted struct {
	*bytes.Reader
	read int
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.read += n
	return n, err
}

// FuzzReadSeed reads images that anybody may have written: it never panics, reads a bounded amount, and what it took
// for a seed can be written and read again. Of an image it varies the two descriptors, the directories (the second
// lies right after the first) and the files, since the rest is mostly zeros.
func FuzzReadSeed(f *testing.F) {
	var whole []byte
	for _, s := range someSeeds() {
		image, err := s.image()
		if err != nil {
			f.Fatal(err)
		}
		whole = image
		plain, joliet := sectorOf(image, isoFirst), sectorOf(image, isoFirst+1)
		f.Add(plain[:190], joliet[:190], sectorOf(image, isoRoots)[:256], sectorOf(image, isoRoots+1)[:256], "instance-id: a")
	}
	long := seedExtent("USER_DAT.;1", isoFiles, 3, 0)
	long.SystemUse = []byte("PX\x04\x01NM\x0e\x01\x00user-data")
	record, err := long.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sectorOf(whole, isoFirst)[:190], []byte{}, record, []byte{}, "abc")
	f.Fuzz(func(t *testing.T, plain, joliet, first, second []byte, text string) {
		image := make([]byte, (isoFiles+1)*isoSector)
		for sector, data := range map[int][]byte{isoFirst: plain, isoFirst + 1: joliet, isoRoots: first, isoRoots + 1: second} {
			copy(sectorOf(image, sector), data)
		}
		r := &counted{Reader: bytes.NewReader(append(image, text...))}
		s, err := readSeed(r)
		if most := isoVolumes*(isoSector+isoDirectory) + 3*seedLimit; r.read > most {
			t.Errorf("read %d bytes, want %d at most", r.read, most)
		}
		if err != nil {
			return
		}
		again, err := s.image()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readSeed(bytes.NewReader(again)); err != nil || got != s {
			t.Errorf("got %v, %v, want %v", got, err, s)
		}
	})
}
