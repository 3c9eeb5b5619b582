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
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// headerLimit is how long a web server may take until it starts to answer.
const headerLimit = time.Minute

// isURL reports a source that lies on a web server.
func isURL(source string) bool {
	u, err := url.Parse(source)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// content is what an image is made of. It is verified while it is read: the end comes only when the checksum is right, so
// that nothing wrong is ever whole.
type content struct {
	name string // for messages; without anything secret
	in   *bufio.Reader
	raw  io.ReadCloser
	want string // sha256 in hexadecimal digits, or ""

	short, long hash.Hash // sha256 for the user, sha512 for glance
}

// openContent opens a file of this machine, or a URL.
func openContent(ctx context.Context, source, checksum string) (*content, error) {
	c := &content{want: strings.TrimPrefix(checksum, "sha256:"), short: sha256.New(), long: sha512.New()}
	var err error
	if isURL(source) {
		c.name, c.raw, err = openURL(ctx, source)
	} else {
		c.name = strings.TrimPrefix(source, "file://")
		c.raw, err = openFile(c.name)
	}
	if err != nil {
		return nil, platform.At(failed("open the source", c.name, err), "source")
	}
	c.in = bufio.NewReaderSize(c.raw, 1<<20)
	return c, nil
}

func openFile(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, platform.As(platform.ErrInvalid, err)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Size() == 0) {
		err = platform.As(platform.ErrInvalid, errors.New("it is no file, or empty"))
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// openURL asks for a URL. Nobody may pack the content on the way, as its checksum counts.
func openURL(ctx context.Context, source string) (name string, body io.ReadCloser, err error) {
	u, err := url.Parse(source)
	if err != nil {
		return "", nil, platform.As(platform.ErrInvalid, errors.New("it is no URL"))
	}
	name = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String() // a query may hold a token
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, source, http.NoBody)
	if err != nil {
		return name, nil, platform.As(platform.ErrInvalid, errors.New("it is no URL"))
	}
	client := &http.Client{CheckRedirect: stayEncrypted, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: headerLimit,
		ResponseHeaderTimeout: headerLimit, DisableCompression: true, DisableKeepAlives: true,
	}}
	res, err := client.Do(request)
	if told := (*url.Error)(nil); errors.As(err, &told) {
		err = told.Err
	}
	if err != nil {
		return name, nil, err
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return name, nil, platform.As(platform.ErrInvalid, fmt.Errorf("the web server answers %s", res.Status))
	}
	return name, res.Body, nil
}

// stayEncrypted refuses a server that sends us from https to http, or on and on.
func stayEncrypted(to *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("the web server sends us on and on")
	}
	if from := via[len(via)-1].URL; from.Scheme == "https" && to.URL.Scheme != "https" {
		return platform.As(platform.ErrInvalid, errors.New("the web server sends us from https to http, where anybody may change the content: write the URL that it leads to"))
	}
	return nil
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
		return 0, platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("what %s holds has the checksum sha256:%s", c.name, c.sum())), "checksum")
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
	if strings.HasSuffix(strings.ToLower(c.name), ".iso") {
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
