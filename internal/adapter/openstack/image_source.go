package openstack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/source"
)

// content is what an image is made of. It is verified while it is read: the end comes only when the checksum is right, so
// that nothing wrong is ever whole.
type content struct {
	from *source.Source
	in   *bufio.Reader
	want string // sha256 in hexadecimal digits, or ""

	short, long hash.Hash // sha256 for the user, sha512 for glance
}

// openContent opens a file of this machine, or a URL.
func openContent(ctx context.Context, from, checksum string) (*content, error) {
	in, err := source.Open(ctx, from)
	if err != nil {
		return nil, platform.At(failed("open", "the source", err), "source")
	}
	return &content{
		from: in, in: bufio.NewReaderSize(in, 1<<20), want: strings.TrimPrefix(checksum, "sha256:"),
		short: sha256.New(), long: sha512.New(),
	}, nil
}

// Read gives the next piece, or an error instead of the last one.
func (c *content) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	_, _ = c.short.Write(p[:n])
	_, _ = c.long.Write(p[:n])
	if err == nil {
		if _, end := c.in.Peek(1); !errors.Is(end, io.EOF) {
			return n, nil
		}
		err = io.EOF
	}
	if errors.Is(err, io.EOF) && c.want != "" && c.want != c.sum() {
		return 0, platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("what %s holds has the checksum sha256:%s", c.from.Name, c.sum())), "checksum")
	}
	return n, err
}

// Seek refuses to begin again: part of it is on its way already.
func (c *content) Seek(int64, int) (int64, error) {
	return 0, platform.As(platform.ErrUnauthorised, errors.New("the token ran out while the image was sent"))
}

func (c *content) sum() string { return hex.EncodeToString(c.short.Sum(nil)) }

// arrived compares what glance has with what was sent.
func (c *content) arrived(i *glanceImage) error {
	if sum := hex.EncodeToString(c.long.Sum(nil)); i.HashAlgo == "sha512" && i.HashValue != sum {
		return fmt.Errorf("the image service has another content than was sent: sha512 %s instead of %s", i.HashValue, sum)
	}
	return nil
}

// format tells by the first bytes what it is.
func (c *content) format() string {
	head, _ := c.in.Peek(512)
	for _, kind := range []struct{ format, begins string }{
		{"qcow2", "QFI\xfb"}, {"vmdk", "KDMV"}, {"vmdk", "# Disk DescriptorFile"}, {"vhdx", "vhdxfile"}, {"vhd", "conectix"},
	} {
		if bytes.HasPrefix(head, []byte(kind.begins)) {
			return kind.format
		}
	}
	if len(head) > 0x44 && string(head[0x40:0x44]) == "\x7f\x10\xda\xbe" {
		return "vdi"
	}
	if strings.HasSuffix(strings.ToLower(c.from.Name), ".iso") {
		return "iso"
	}
	return "raw"
}

// formatOfName tells by a file's name what it is; "" where that says nothing.
func formatOfName(source string) string {
	u, err := url.Parse(source)
	if err != nil {
		return ""
	}
	switch ext := strings.TrimPrefix(strings.ToLower(path.Ext(u.Path)), "."); ext {
	case "qcow2", "raw", "vmdk", "vdi", "vhd", "vhdx", "iso":
		return ext
	case "img": // clouds' images: qcow2 mostly, but nobody knows
		return ""
	}
	return ""
}
