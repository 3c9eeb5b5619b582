package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/terraform"
)

const (
	imageSize = 1 << 30 // of the volume that is uploaded
	smallSize = 1 << 20 // of one whose upload takes no time: what it costs is the CLI's and the provider's start
)

// libvirt measures on a real libvirt, where this machine can run one.
func (b *bench) libvirt(ctx context.Context, t *table) (err error) {
	if missing := libvirt.Missing(); missing != nil {
		say("not on libvirt: %v", missing)
		t.add("libvirt", "not measured", "", missing.Error())
		return nil
	}
	server, err := libvirt.Start(ctx, libvirt.Options{Network: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := b.domains(ctx, t, server); err != nil {
		return err
	}
	return b.uploads(ctx, t, server)
}

// on is the head of a configuration for a libvirt.
func on(uri string) string { return head(fmt.Sprintf("libvirt { uri = %q }", uri)) }

// head is the head of a configuration for one platform.
func head(block string) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    virt = { source = "terraform-virt/virt" }
  }
}

provider "virt" {
  platform {
    name = "lab"
    %s
  }
}
`, block)
}

// domains compares a plan of domains that are there, and off, with one of as many terraform_data, and counts the calls.
func (b *bench) domains(ctx context.Context, t *table, server *libvirt.Server) (err error) {
	proxy, err := libvirt.StartProxy(ctx, server.SocketPath)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, proxy.Close()) }()
	ours, err := b.workspace("domains", on(proxy.URI())+fmt.Sprintf(`
data "virt_network" "app" {
  name = "default"
}

resource "virt_machine" "web" {
  count     = %d
  name      = "web-${count.index}"
  memory    = "64MiB"
  power     = "off"
  boot_disk = { size = "64MiB" }
  nics      = { eth0 = { network_id = data.virt_network.app.id } }
}
`, t.domains))
	if err != nil {
		return err
	}
	theirs, err := b.workspace("domains-reference", reference(t.domains))
	if err != nil {
		return err
	}
	name := fmt.Sprintf("libvirt: plan of %d domains", t.domains)
	return b.real(ctx, t, name, ours, theirs, func() (int, string) { return counted(proxy.Calls()) })
}

// real compares a plan of objects that are there on a real platform with one of as many terraform_data and counts the
// platform's calls; calls tells those since it was asked last.
func (b *bench) real(ctx context.Context, t *table, what string, ours, theirs *terraform.Workspace, calls func() (int, string)) error {
	if err := applied(ctx, ours, theirs); err != nil {
		return err
	}
	if err := b.compare(ctx, t, what, ours, theirs, nothing); err != nil {
		return err
	}
	calls() // from here on they count
	if _, err := run(ctx, ours, nothing, "plan", "-detailed-exitcode"); err != nil {
		return err
	}
	total, list := calls()
	t.add("  calls of one plan", fmt.Sprint(total), "", list)
	say("destroying them")
	_, err := run(ctx, ours, nothing, "destroy", "-auto-approve")
	return err
}

// counted adds calls up and lists them, the most frequent first.
func counted(calls map[libvirt.Procedure]int) (total int, list string) {
	named := map[string]int{}
	for p, n := range calls {
		named[procedureName(p)] += n
	}
	return tally(named)
}

// tally is counted of calls that have names.
func tally(calls map[string]int) (total int, list string) {
	var parts []string
	names := slices.SortedFunc(maps.Keys(calls), func(x, y string) int {
		return cmp.Or(calls[y]-calls[x], cmp.Compare(x, y))
	})
	for _, name := range names {
		total += calls[name]
		parts = append(parts, fmt.Sprintf("%d %s", calls[name], name))
	}
	return total, strings.Join(parts, ", ")
}

// procedureName is what the protocol calls a procedure, of those that a plan is known to call.
func procedureName(p libvirt.Procedure) string {
	names := map[libvirt.Procedure]string{
		1: "ConnectOpen", 2: "ConnectClose", 7: "ConnectGetCapabilities", 14: "DomainGetXMLDesc", 15: "DomainGetAutostart", 24: "DomainLookupByUUID",
		43: "NetworkGetXMLDesc", 44: "NetworkGetAutostart", 47: "NetworkLookupByUUID", 66: "AuthList", 88: "StoragePoolGetXMLDesc", 152: "NetworkIsActive",
		183: "DomainHasManagedSaveImage", 194: "DomainGetBlockInfo", 212: "DomainGetState", 273: "ConnectListAllDomains",
		281: "ConnectListAllStoragePools", 283: "ConnectListAllNetworks", 344: "ConnectGetAllDomainStats",
	}
	if name, ok := names[p]; ok {
		return name
	}
	return fmt.Sprintf("of procedure %d", p)
}

// uploads compares the upload of an image with that of virsh, in turn, and with that of a small one.
func (b *bench) uploads(ctx context.Context, t *table, server *libvirt.Server) error {
	large, small := filepath.Join(b.dir, "large.raw"), filepath.Join(b.dir, "small.raw")
	for file, size := range map[string]int64{large: imageSize, small: smallSize} {
		if err := fillFile(file, size); err != nil {
			return err
		}
	}
	var mine, tiny []usage
	var theirs, copies []float64
	for i := range t.runs {
		say("uploading 1 GiB, run %d", i+1)
		for file, into := range map[string]*[]usage{small: &tiny, large: &mine} {
			u, err := b.upload(ctx, server, file)
			if err != nil {
				return err
			}
			*into = append(*into, u)
		}
		sent, copied, err := virshUpload(ctx, server, large)
		if err != nil {
			return err
		}
		theirs, copies = append(theirs, sent.Seconds()), append(copies, copied.Seconds())
	}
	whole, start, reference, again := medianOf(mine, wall), medianOf(tiny, wall), median(theirs), median(copies)
	t.add("libvirt: upload of 1 GiB", seconds(whole), "", fmt.Sprintf("the whole apply; of an image of 1 MiB %s; provider %.1f s of CPU", seconds(start), medianOf(mine, provider)))
	t.add("  virsh vol-upload", seconds(reference), "", fmt.Sprintf("%.0f MB/s", imageSize/reference/1e6))
	t.add("  virsh vol-clone of that", seconds(again), "", "the host copies what was sent to the final name")
	t.add("  ratio to both", ratio2(whole-start, reference+again), "", "")
	t.add("  ratio of time", ratio2(whole-start, reference), "≤ 1.3", "the upload alone; the whole apply "+ratio2(whole, reference))
	t.add("  peak memory of the provider", megabytes(medianOf(mine, peak)), "flat", "of an image of 1 MiB: "+megabytes(medianOf(tiny, peak)))
	return nil
}

// upload applies one image and destroys it again; only the apply counts.
func (b *bench) upload(ctx context.Context, server *libvirt.Server, file string) (usage, error) {
	w, err := b.workspace("image", on(server.URI())+fmt.Sprintf("\nresource \"virt_image\" \"i\" {\n  name   = \"ours.raw\"\n  source = %q\n}\n", file))
	if err != nil {
		return usage{}, err
	}
	u, err := run(ctx, w, nothing, "apply", "-auto-approve")
	if err != nil {
		return u, err
	}
	_, err = run(ctx, w, nothing, "destroy", "-auto-approve")
	return u, err
}

// virshUpload measures libvirt's own client: an upload, and a copy on the host.
func virshUpload(ctx context.Context, server *libvirt.Server, file string) (sent, copied time.Duration, err error) {
	timed := func(args ...string) time.Duration {
		began := time.Now()
		if err == nil {
			_, err = server.Virsh(ctx, args...)
		}
		return time.Since(began)
	}
	timed("vol-create-as", "default", "theirs.raw", fmt.Sprint(imageSize), "--format", "raw", "--allocation", "0")
	sent = timed("vol-upload", "theirs.raw", file, "--pool", "default")
	copied = timed("vol-clone", "theirs.raw", "copy.raw", "--pool", "default")
	timed("vol-delete", "copy.raw", "--pool", "default")
	timed("vol-delete", "theirs.raw", "--pool", "default")
	return sent, copied, err
}

// fillFile writes a file that has no holes and cannot be compressed.
func fillFile(path string, size int64) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	random := rand.NewChaCha8([32]byte{})
	block := make([]byte, smallSize)
	for written := int64(0); written < size && err == nil; written += smallSize {
		_, _ = random.Read(block) // never fails
		_, err = file.Write(block)
	}
	return errors.Join(err, file.Close())
}

func ratio2(a, b float64) string { return fmt.Sprintf("%.2f", a/b) }
