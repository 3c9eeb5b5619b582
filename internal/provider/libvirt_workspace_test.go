package provider_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
)

// startLibvirt runs a libvirt server for one test. Its pool "default" has the volume tiny.raw, whose guest heeds the power
// button; the kernel "tiny" is the same guest.
func startLibvirt(t *testing.T, o libvirt.Options) *libvirt.Server {
	t.Helper()
	server := libvirt.Serve(t, o)
	for path, size := range map[string]int64{
		filepath.Join(server.Pool("default"), "tiny.raw"): 1 << 20, filepath.Join(server.Dir, "tiny"): 0,
	} {
		if err := libvirt.WriteTinyGuest(path, size); err != nil {
			t.Fatal(err)
		}
	}
	virsh(t, server, "pool-refresh", "default")
	return server
}

// libvirtBlock is a provider block for a server, reached by a URI of it. more are further settings of its block.
func libvirtBlock(uri string, more ...string) string {
	return fmt.Sprintf(`
provider "virt" {
  platform {
    name = "dc1"
    libvirt {
      uri = %q
      %s
    }
    images = { debian-12 = "tiny.raw" }
  }
}
`, uri, strings.Join(more, "\n      "))
}

// virsh asks a server with a client that is not ours.
func virsh(t *testing.T, s *libvirt.Server, args ...string) string {
	t.Helper()
	out, err := s.Virsh(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// virshFile writes a document for virsh.
func virshFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "document.xml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// volumesOf lists the names of a pool's volumes, as virsh sees them after a look into the folder.
func volumesOf(t *testing.T, s *libvirt.Server, pool string) []string {
	t.Helper()
	virsh(t, s, "pool-refresh", pool)
	var names []string
	for line := range strings.Lines(virsh(t, s, "vol-list", pool)) {
		names = append(names, strings.Fields(line)[0])
	}
	return names
}

// made lists the volumes of a pool beside the image.
func made(t *testing.T, s *libvirt.Server, pool string) []string {
	t.Helper()
	return slices.DeleteFunc(volumesOf(t, s, pool), func(name string) bool { return name == "tiny.raw" })
}

// domainText is what virsh dumpxml tells, as far as it is looked at.
type domainText struct {
	Name        string `xml:"name"`
	UUID        string `xml:"uuid"`
	Title       string `xml:"title"`
	Description string `xml:"description"`
	Memory      struct {
		KiB int64 `xml:",chardata"`
	} `xml:"currentMemory"`
	MaxMemory struct {
		KiB int64 `xml:",chardata"`
	} `xml:"memory"`
	VCPU struct {
		Current int64 `xml:"current,attr"`
		Max     int64 `xml:",chardata"`
	} `xml:"vcpu"`
	Disks []struct {
		Device string `xml:"device,attr"`
		Source struct {
			File string `xml:"file,attr"`
		} `xml:"source"`
		Backing struct {
			Source struct {
				File string `xml:"file,attr"`
			} `xml:"source"`
		} `xml:"backingStore"`
		Target struct {
			Dev string `xml:"dev,attr"`
			Bus string `xml:"bus,attr"`
		} `xml:"target"`
	} `xml:"devices>disk"`
	NICs []struct {
		MAC struct {
			Address string `xml:"address,attr"`
		} `xml:"mac"`
		Source struct {
			Network string `xml:"network,attr"`
		} `xml:"source"`
		Model struct {
			Type string `xml:"type,attr"`
		} `xml:"model"`
	} `xml:"devices>interface"`
}

// dumped asks for a domain's document: the running one, or with --inactive the definition.
func dumped(t *testing.T, s *libvirt.Server, name string, flags ...string) domainText {
	t.Helper()
	var doc domainText
	if err := xml.Unmarshal([]byte(virsh(t, s, append([]string{"dumpxml", name}, flags...)...)), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// cpus are the processors in use.
func (d domainText) cpus() int64 {
	if d.VCPU.Current != 0 {
		return d.VCPU.Current
	}
	return d.VCPU.Max
}

// files are the files of the disks, drives left out.
func (d domainText) files() []string {
	var list []string
	for _, disk := range d.Disks {
		if disk.Device == "disk" {
			list = append(list, disk.Source.File)
		}
	}
	return list
}

// networks are the networks of the adapters, in their order.
func (d domainText) networks() []string {
	var list []string
	for _, n := range d.NICs {
		list = append(list, n.Source.Network)
	}
	return list
}

// until waits until something is so.
func until(t *testing.T, what string, limit time.Duration, so func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !so(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %s for %s", limit, what)
		}
	}
}
