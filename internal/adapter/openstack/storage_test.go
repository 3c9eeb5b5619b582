package openstack

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestContentEndsOnlyWhenItIsRight(t *testing.T) {
	long := strings.Repeat("content ", 300_000) // more than one piece
	file := filepath.Join(t.TempDir(), "image.raw")
	if err := os.WriteFile(file, []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, checksum, err string }{
		{"no checksum", "", ""},
		{"right", fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(long))), ""},
		{"wrong", "sha256:" + strings.Repeat("0", 64), "has the checksum sha256:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := openContent(t.Context(), file, c.checksum)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = in.from.Close() }()
			got, err := io.ReadAll(in)
			if c.err == "" {
				if err != nil || string(got) != long {
					t.Errorf("read %d bytes, %v", len(got), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.err) || len(got) == len(long) {
				t.Errorf("%d bytes went through, %v", len(got), err)
			}
		})
	}
}

func TestContentKnowsItsFormat(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, content, want string }{
		{"a.img", "QFI\xfb\x00\x00\x00\x03", "qcow2"},
		{"b.img", "KDMV....", "vmdk"},
		{"c.img", "vhdxfile", "vhdx"},
		{"d.img", strings.Repeat("\x00", 0x40) + "\x7f\x10\xda\xbe.", "vdi"},
		{"e.iso", "anything", "iso"},
		{"f.qcow2", "anything", "raw"},
	} {
		file := filepath.Join(dir, c.name)
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := openContent(t.Context(), file, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := in.format(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		_ = in.from.Close()
	}
}

func TestImageTellsPropertiesFromFields(t *testing.T) {
	i := &glanceImage{}
	text := `{"id": "1", "name": "web", "min_disk": 2, "tags": ["a=b", "terraform-virt:unfinished"], "os_distro": "debian", "self": "/v2/images/1", "virtual_size": null, "locations": []}`
	if err := json.Unmarshal([]byte(text), i); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"os_distro": "debian"}, i.Properties); d != "" {
		t.Error(d)
	}
	if i.Name != "web" || i.MinDisk != 2 || !i.unfinished() {
		t.Errorf("got %+v", i)
	}
}

func TestImageEdits(t *testing.T) {
	i := &glanceImage{Name: "a", Visibility: "shared", Tags: []string{"terraform-virt:birth:x", "role=web"}, Properties: map[string]string{"one": "1", "two": "2", "a/b": "3"}}
	prior := &platform.Image{OpenStack: &platform.OpenStackImage{Visibility: new("shared"), Properties: map[string]string{"one": "1", "a/b": "3"}}}
	prior.Tags = map[string]string{"role": "web"}
	want := &platform.Image{Name: "b", OpenStack: &platform.OpenStackImage{Properties: map[string]string{"one": "0"}}}
	got := append(i.edits(want, prior), i.retagged(prior.Tags, want.Tags)...)
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	expected := `[{"op":"replace","path":"/name","value":"b"},{"op":"replace","path":"/visibility","value":"private"},` +
		`{"op":"add","path":"/one","value":"0"},{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/tags","value":["terraform-virt:birth:x"]}]`
	if d := cmp.Diff(expected, string(text)); d != "" {
		t.Error(d)
	}
}

func TestCheckMetadata(t *testing.T) {
	for _, c := range []struct {
		key, value string
		fits       bool
	}{
		{"role", "web", true},
		{"a b_c-d:e.f/g", strings.Repeat("ä", 255), true},
		{"", "x", false},
		{"größe", "x", false},
		{"role", strings.Repeat("x", 256), false},
		{"readonly", "True", false},
		{ours + "key", "x", false},
	} {
		if err := checkMetadata(map[string]string{c.key: c.value}); (err == nil) != c.fits {
			t.Errorf("%q: %v", c.key, err)
		}
	}
}

func TestQuotasBelongToServices(t *testing.T) {
	for name, want := range map[string]service{
		"cores": serviceCompute, "server_groups": serviceCompute, "volumes": serviceVolume, "gigabytes_fast": serviceVolume,
		"groups": serviceVolume, "network": serviceNetwork, "floatingip": serviceNetwork, "nonsense": serviceNetwork,
	} {
		if got := quotaService(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestSnapshotKnowsItsVolumes(t *testing.T) {
	i := &glanceImage{Properties: map[string]string{
		propVolumes: "a,b", "block_device_mapping": `[{"snapshot_id": "c", "boot_index": 0}, {"snapshot_id": null}]`,
	}}
	if d := cmp.Diff([]string{"a", "b", "c"}, i.volumeSnapshots()); d != "" {
		t.Error(d)
	}
	byHand := &glanceImage{Properties: map[string]string{"image_type": "snapshot", "instance_uuid": "m"}}
	if byHand.madeOf() != "m" || (&glanceImage{Properties: map[string]string{"instance_uuid": "m"}}).madeOf() != "" {
		t.Error("who made what is mixed up")
	}
}

func TestHypervisor(t *testing.T) {
	for _, info := range []string{`{"model": "EPYC", "arch": "x86_64"}`, `"{\"model\": \"EPYC\", \"arch\": \"x86_64\"}"`} {
		y := &hypervisor{CPUInfo: json.RawMessage(info), Type: "QEMU", Version: 7002019, Memory: 1024}
		var got platform.Host
		y.fill(&got)
		if value(got.CPUModel) != "EPYC" || value(got.Architecture) != "x86_64" || value(got.Version) != "QEMU 7.2.19" || *got.Memory != platform.GiB {
			t.Errorf("got %v %v %v", value(got.CPUModel), value(got.Architecture), value(got.Version))
		}
	}
}

func TestSoughtLooksAFewTimes(t *testing.T) {
	n := 0
	if !sought(t.Context(), func(context.Context) bool { n++; return n == 2 }) || n != 2 {
		t.Errorf("looked %d times", n)
	}
	n = 0
	if sought(t.Context(), func(context.Context) bool { n++; return false }) || n != looks {
		t.Errorf("looked %d times", n)
	}
}
