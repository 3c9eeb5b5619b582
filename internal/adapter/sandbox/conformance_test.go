package sandbox_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/sandbox"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

func TestConformance(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	hand := &files{dir}
	if err := errors.Join(hand.push("registry.example.net/app:1"), hand.outside()); err != nil {
		t.Fatal(err)
	}
	group := platformtest.Of("group-a", "group-b")
	platformtest.Run(t, platformtest.Suite{
		Driver:  sandbox.New(nil),
		Config:  map[string]any{"dir": dir},
		Second:  map[string]any{"dir": t.TempDir()},
		Backend: hand,
		Refused: []platformtest.Refused{
			{Name: "no directory", Settings: map[string]any{"dir": file}, Says: "not a directory"},
			{Name: "connection refused", Settings: map[string]any{"dir": dir, "faults": []any{"open: refuse"}}, Says: "connection refused"},
			{Name: "wrong password", Settings: map[string]any{"dir": dir, "faults": []any{"open: deny"}}, Says: "permission denied"},
		},
		Given: map[string][]string{
			"registry_repository": {"registry.example.net/app"}, "secret version": {"secret-1", "secret-2"}, "config version": {"config-1", "config-2"},
			"external network": {"public", "outside"},
		},
		Cannot: map[string]string{
			"slots container *": unordered, "slots service *": unordered, "slots router *": unordered, "slots firewall *": unordered,
		},
		Kinds: map[string]platformtest.Case{
			"machine": {
				Path: byFile,
				Values: platformtest.Values{
					"boot_disk.storage": platformtest.Of("local", "fast"),
					"disks.*.storage":   platformtest.Of("local", "fast"),
					"nics.*.subnet_id":  subnets(),
					"placement.host":    platformtest.Of("host-a", "host-b"),
					"placement.zone":    platformtest.Of("zone-a", "zone-b"),
					"placement.group":   group,
				},
			},
			"network":  {Path: byFile},
			"disk":     {Path: byFile, Values: platformtest.Values{"storage": platformtest.Of("local", "fast")}},
			"image":    {Path: byFile},
			"snapshot": {Path: byFile},

			"storage_pool": {Path: byFile},
			"host":         {},

			"container":           containerCase(),
			"container_image":     imageCase(),
			"registry_image":      {Path: byFile},
			"registry_repository": {},
			"volume":              {Path: byFile},
			"service":             serviceCase(),
			"secret":              {Path: byFile},
			"config":              {Path: byFile},

			"router":          {Path: byFile},
			"public_ip":       {Path: byFile},
			"firewall":        {Path: byFile},
			"placement_group": {Path: byFile},
			"ssh_key":         {Path: byFile},
			"project":         {Path: byFile},
		},
	})
}

const unordered = "in a file they have keys and no order"

// byFile is the path of an object's file, by which it can be imported.
func byFile(state map[string]any) string {
	native, _ := state["native"].(map[string]any)
	path, _ := native["file"].(string)
	return path
}

func containerCase() platformtest.Case {
	return platformtest.Case{
		Path:    byFile,
		Minimal: func(*platformtest.Bench) platformtest.Config { return platformtest.Config{"image_id": "app:1"} },
		Values: platformtest.Values{
			"image_id":             platformtest.Of("app:1", "app:2"),
			"entrypoint":           platformtest.Of([]any{"/one"}, []any{"/two", "three"}),
			"command":              platformtest.Of([]any{"one"}, []any{"two"}),
			"ports.*.host_port":    platformtest.Of(8080, 8081),
			"mounts.*.host_path":   {Old: "/one", New: "/two", With: platformtest.Config{"mounts": platformtest.Config{"one": platformtest.Config{"target": "/mnt", "size": nil}}}, Alone: true},
			"networks.*.addresses": platformtest.Of([]any{"10.0.0.5"}, []any{"10.0.0.6"}),
		},
	}
}

func imageCase() platformtest.Case {
	digest := func(digit string) string { return "sha256:" + strings.Repeat(digit, 64) }
	return platformtest.Case{
		Path: byFile, SameID: true,
		Values: platformtest.Values{
			"digest":  platformtest.Of(digest("1"), digest("2")),
			"os_arch": platformtest.Of("linux/amd64", "linux/arm64"),
		},
	}
}

func serviceCase() platformtest.Case {
	return platformtest.Case{
		Path:    byFile,
		Minimal: func(*platformtest.Bench) platformtest.Config { return platformtest.Config{"image": "app:1"} },
		Values:  platformtest.Values{"image": platformtest.Of("app:1", "app:2")},
	}
}

// subnets is a pair of subnets of one network.
func subnets() platformtest.Pair {
	var network platform.Network
	made := func(b *platformtest.Bench) {
		if network.ID == nil {
			network = twoSubnets(b)
		}
	}
	return platformtest.Pair{
		Old:   func(b *platformtest.Bench) any { made(b); return *network.Subnets["a"].ID },
		New:   func(b *platformtest.Bench) any { made(b); return *network.Subnets["b"].ID },
		With:  platformtest.Config{"nics": platformtest.Config{"eth0": platformtest.Config{"network_id": func(b *platformtest.Bench) any { made(b); return *network.ID }}}},
		Alone: true,
	}
}

func twoSubnets(b *platformtest.Bench) platform.Network {
	n := platform.Network{Name: b.Name(), Subnets: map[string]platform.Subnet{"a": {CIDR: "10.30.0.0/24"}, "b": {CIDR: "10.31.0.0/24"}}}
	conn := b.Dial()
	if err := conn.Networks.Create(context.Background(), &n, func(string) {}); err != nil {
		panic(err)
	}
	return n
}

// files reaches a sandbox as a person with an editor does.
type files struct{ dir string }

type doc = map[string]any

func (f *files) path(kind, id string) string { return filepath.Join(f.dir, kind, id+".json") }

func (f *files) read(kind, id string) (doc, error) {
	b, err := os.ReadFile(f.path(kind, id))
	if err != nil {
		return nil, err
	}
	d := doc{}
	return d, json.Unmarshal(b, &d)
}

func (f *files) write(kind, id string, d doc) error {
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return os.WriteFile(f.path(kind, id), b, 0o600)
}

// push lays an image into a registry.
func (f *files) push(name string) error {
	if err := os.MkdirAll(filepath.Join(f.dir, "registry_image"), 0o750); err != nil {
		return err
	}
	return f.write("registry_image", "pushed", doc{"name": name, "attributes": doc{}})
}

// outside lays a second external network beside the one that every sandbox has.
func (f *files) outside() error {
	if err := os.MkdirAll(filepath.Join(f.dir, "network"), 0o750); err != nil {
		return err
	}
	return f.write("network", "outside", doc{"name": "outside", "mode": "bridge", "mtu": 1500, "subnets": []doc{{"id": "outer", "cidr": "198.51.100.0/24"}}})
}

func (f *files) edit(kind, id string, change func(d doc) error) error {
	d, err := f.read(kind, id)
	if err != nil {
		return err
	}
	if err := change(d); err != nil {
		return err
	}
	return f.write(kind, id, d)
}

// Remove deletes an object's file.
func (f *files) Remove(_ context.Context, kind, id string) error { return os.Remove(f.path(kind, id)) }

// Change edits one field.
func (f *files) Change(_ context.Context, c platformtest.Change) error {
	return f.edit(c.Kind, c.ID, func(d doc) error {
		if told, ok := d["attributes"].(doc); ok && c.Attribute != "name" && c.Attribute != "tags" {
			tell(told, strings.Split(c.Attribute, "."), c)
			return nil
		}
		switch what, rest, _ := strings.Cut(c.Attribute, "."); what {
		case "name", "description", "tags", "vlan", "mtu", "autostart":
			d[what] = c.Value
		case "cpus":
			d["vcpus"] = c.Value
		case "memory":
			d["memory_mib"] = mebibytes(c.Value)
		case "size":
			d["mib"] = mebibytes(c.Value)
		case "power":
			d["state"] = map[any]string{"on": "running", "off": "stopped", "suspended": "saved"}[c.Value]
			if c.Value == "off" {
				delete(d, "guest")
			}
		case "boot_disk":
			find(d, "disks", func(e doc) bool { return e["boot"] == true })["mib"] = mebibytes(c.Value)
		case "disks":
			find(d, "disks", func(e doc) bool { return e["uuid"] == c.Element })["mib"] = mebibytes(c.Value)
		case "nics":
			nic := find(d, "nics", func(e doc) bool { return e["id"] == c.Element })
			if in, ok := c.Value.(bool); ok {
				nic["pulled"] = !in
			} else {
				nic["network"] = c.Value
			}
		case "subnets":
			_, field, _ := strings.Cut(rest, ".")
			find(d, "subnets", func(e doc) bool { return e["id"] == c.Element })[field] = c.Value
		default:
			return fmt.Errorf("no such field: %s", c.Attribute)
		}
		return nil
	})
}

// tell changes what a file has under the attributes of its kind.
func tell(d doc, path []string, c platformtest.Change) {
	for i, step := range path[:len(path)-1] {
		below, _ := d[step].(doc)
		if below == nil {
			below = doc{}
			d[step] = below
		}
		if d = below; c.Element != "" && i == 0 {
			for key, e := range below {
				if m, _ := e.(doc); m["id"] == c.Element {
					path[1] = key
				}
			}
		}
	}
	d[path[len(path)-1]] = c.Value
}

func find(d doc, list string, is func(e doc) bool) doc {
	for _, e := range elements(d, list) {
		if is(e) {
			return e
		}
	}
	return doc{}
}

func elements(d doc, list string) []doc {
	var out []doc
	all, _ := d[list].([]any)
	for _, e := range all {
		if m, ok := e.(doc); ok {
			out = append(out, m)
		}
	}
	return out
}

func mebibytes(size any) int64 {
	text, _ := size.(string)
	n, err := platform.ParseSize(text)
	if err != nil {
		return 0
	}
	return int64(n / platform.MiB)
}

// Attach adds a disk or NIC without a key.
func (f *files) Attach(_ context.Context, machine, what string) error {
	return f.edit("machine", machine, func(d doc) error {
		list, _ := d[what].([]any)
		if what == "disks" {
			d[what] = append(list, doc{"slot": "scsi0-77", "uuid": rand.Text(), "mib": 5, "path": "[local] by-hand.disk"})
		} else {
			d[what] = append(list, doc{"slot": "nic77", "id": rand.Text(), "mac": "02:00:00:00:77:77"})
		}
		return nil
	})
}

// Detach takes a disk or NIC out of its machine's file.
func (f *files) Detach(_ context.Context, machine, what, id string) error {
	return f.edit("machine", machine, func(d doc) error {
		list, _ := d[what].([]any)
		d[what] = slices.DeleteFunc(list, func(e any) bool {
			m, _ := e.(doc)
			return m["uuid"] == id || m["id"] == id
		})
		return nil
	})
}

// Slots lists the ids in the order of the file, which is that of the devices.
func (f *files) Slots(_ context.Context, kind, id, what string) ([]string, error) {
	d, err := f.read(kind, id)
	if _, record := d["attributes"]; record {
		return nil, platformtest.ErrCannot
	}
	var ids []string
	for _, e := range elements(d, what) {
		if e["boot"] == true {
			continue
		}
		id, ok := e["uuid"].(string)
		if !ok {
			id, _ = e["id"].(string)
		}
		ids = append(ids, id)
	}
	return ids, err
}

// Kept looks for the disk's file, and for machines that have it.
func (f *files) Kept(_ context.Context, disk string) (bool, error) {
	_, err := os.Stat(f.path("disk", disk))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err == nil, err
	}
	machines, err := filepath.Glob(f.path("machine", "*"))
	for _, path := range machines {
		b, err := os.ReadFile(path) // #nosec G304 -- the test's own directory
		if err != nil || strings.Contains(string(b), `"`+disk+`"`) {
			return true, err
		}
	}
	return false, err
}

// Twin copies a file under another id.
func (f *files) Twin(_ context.Context, kind, id string) error {
	d, err := f.read(kind, id)
	if err != nil {
		return err
	}
	return f.write(kind, "twin-"+rand.Text(), d)
}

// Fault is a setting of the connection.
func (f *files) Fault(_ context.Context, x platformtest.Fault) (map[string]any, func(), error) {
	effect := "fail"
	if x.Hang {
		effect = "hang"
	}
	if x.Half {
		effect += " half-way"
	}
	rule := fmt.Sprintf("%s %s: %s", x.Verb, x.Kind, effect)
	return map[string]any{"dir": f.dir, "faults": []any{rule}}, func() {}, nil
}
