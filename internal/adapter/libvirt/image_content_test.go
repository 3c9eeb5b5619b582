package libvirt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// header is one of a qcow2 image.
func header(version uint32, backing, size, features uint64) []byte {
	b := make([]byte, 512)
	copy(b, qcow2Magic)
	binary.BigEndian.PutUint32(b[4:], version)
	binary.BigEndian.PutUint64(b[8:], backing)
	binary.BigEndian.PutUint64(b[24:], size)
	binary.BigEndian.PutUint64(b[72:], features)
	return b
}

func TestPack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		content []byte
		format  string
		size    platform.Size
		refused string
	}{
		{"raw", noise(1, 1024), formatRaw, 1024, ""},
		{"short", []byte("x"), formatRaw, 1, ""},
		{"qcow2", header(3, 0, 1<<30, 0), formatQcow2, 1 << 30, ""},
		{"old qcow2", header(2, 0, 1<<30, qcow2ExternalData), formatQcow2, 1 << 30, ""},
		{"lazy refcounts", header(3, 0, 1<<30, 1), formatQcow2, 1 << 30, ""},
		{"other version", header(4, 0, 1<<30, 0), formatQcow2, 1 << 30, "version 4"},
		{"backing file", header(3, 200, 1<<30, 0), formatQcow2, 1 << 30, "backing file"},
		{"data file", header(3, 0, 1<<30, qcow2ExternalData), formatQcow2, 1 << 30, "another file"},
		{"vhdx", append([]byte("vhdxfile"), noise(1, 600)...), formatRaw, 608, "VHDX"},
		{"xz", append([]byte("\xfd7zXZ\x00"), noise(1, 600)...), formatRaw, 606, "xz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := pack(bytes.NewReader(c.content), int64(len(c.content)))
			if c.refused != "" {
				if !errors.Is(err, platform.ErrInvalid) || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("%v; want %q", err, c.refused)
				}
				return
			}
			if err != nil || got.format != c.format || got.size != c.size {
				t.Fatalf("%+v, %v", got, err)
			}
			if rest, err := io.ReadAll(got.content); err != nil || !bytes.Equal(rest, c.content) {
				t.Errorf("%d bytes, %v", len(rest), err)
			}
		})
	}
}
