package docker_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// depot is a registry into which a person puts images by hand, by the registry's own requests.
type depot struct {
	*lab.Registry
	user, password string
}

// newDepot starts a registry that is open to all.
func newDepot(t *testing.T, e *lab.Engine) *depot {
	t.Helper()
	d := &depot{Registry: lab.StartRegistry(t, lab.RegistryOptions{}, e)}
	for _, tag := range []string{"1", "2"} { // there before anything runs
		if _, _, err := d.put("lab/given", tag, "amd64", tag); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// Media types of Docker's format.
const (
	mediaManifest = "application/vnd.docker.distribution.manifest.v2+json"
	mediaList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	mediaConfig   = "application/vnd.docker.container.image.v1+json"
	mediaLayer    = "application/vnd.docker.image.rootfs.diff.tar"
)

func sumOf(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

// put makes an image for an architecture, with one file that is its mark, and gives it a tag; without one it has its
// digest alone.
func (d *depot) put(repo, tag, arch, mark string) (id, digest string, err error) {
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	err = errors.Join(archive.WriteHeader(&tar.Header{Name: "mark", Mode: 0o644, Size: int64(len(mark))}), second(archive.Write([]byte(mark))), archive.Close())
	config, errConfig := json.Marshal(map[string]any{
		"architecture": arch, "os": "linux", "config": map[string]any{"Cmd": []string{"/mark"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{sumOf(layer.Bytes())}},
	})
	manifest, errManifest := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": mediaManifest, "config": described(mediaConfig, config, ""), "layers": []any{described(mediaLayer, layer.Bytes(), "")},
	})
	if err = errors.Join(err, errConfig, errManifest); err != nil {
		return "", "", err
	}
	digest = sumOf(manifest)
	if tag == "" {
		tag = digest
	}
	return sumOf(config), digest, errors.Join(d.blob(repo, layer.Bytes()), d.blob(repo, config), d.manifest(repo, tag, mediaManifest, manifest))
}

// putList makes an image for two architectures.
func (d *depot) putList(repo, tag, mark string) error {
	var list []any
	for _, arch := range []string{"amd64", "arm64"} {
		_, digest, err := d.put(repo, "", arch, mark+arch)
		if err != nil {
			return err
		}
		content, _, err := d.ask(http.MethodGet, "/v2/"+repo+"/manifests/"+digest, mediaManifest, nil)
		if err != nil {
			return err
		}
		list = append(list, described(mediaManifest, content, arch))
	}
	text, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": mediaList, "manifests": list})
	return errors.Join(err, d.manifest(repo, tag, mediaList, text))
}

// described is how a manifest names content.
func described(media string, content []byte, arch string) map[string]any {
	d := map[string]any{"mediaType": media, "digest": sumOf(content), "size": len(content)}
	if arch != "" {
		d["platform"] = map[string]any{"os": "linux", "architecture": arch}
	}
	return d
}

// blob uploads content.
func (d *depot) blob(repo string, content []byte) error {
	_, header, err := d.ask(http.MethodPost, "/v2/"+repo+"/blobs/uploads/", "", nil)
	if err != nil {
		return err
	}
	_, _, err = d.ask(http.MethodPut, header.Get("Location")+"&digest="+sumOf(content), "application/octet-stream", content)
	return err
}

func (d *depot) manifest(repo, tag, media string, content []byte) error {
	_, _, err := d.ask(http.MethodPut, "/v2/"+repo+"/manifests/"+tag, media, content)
	return err
}

// drop deletes what a tag means.
func (d *depot) drop(ref string) error {
	repo, tag, _ := strings.Cut(strings.TrimPrefix(ref, d.Address+"/"), ":")
	_, header, err := d.ask(http.MethodGet, "/v2/"+repo+"/manifests/"+tag, mediaManifest, nil)
	if err != nil {
		return err
	}
	_, _, err = d.ask(http.MethodDelete, "/v2/"+repo+"/manifests/"+header.Get("Docker-Content-Digest"), "", nil)
	return err
}

// ask sends one request; media is what is sent or wanted.
func (d *depot) ask(method, path, media string, content []byte) ([]byte, http.Header, error) {
	if !strings.HasPrefix(path, "http") {
		path = d.URL() + path
	}
	request, err := http.NewRequestWithContext(context.Background(), method, path, bytes.NewReader(content))
	if err != nil {
		return nil, nil, err
	}
	if media != "" {
		request.Header.Set("Content-Type", media)
		request.Header.Set("Accept", media)
	}
	if d.user != "" {
		request.SetBasicAuth(d.user, d.password)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if answer.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, body)
	}
	return body, answer.Header, err
}

// second is the error of a call that gives something else, too.
func second(_ int, err error) error { return err }

// The images of the suite's cases lie in one repository, each with content of its own.
const depotRepo = "lab/app"

// stocked puts an image of its own into the registry, and gives its name and its digest.
func (p *person) stocked() (name, digest string) {
	tag := fmt.Sprintf("n%d", p.serial.Add(1))
	_, digest, err := p.depot.put(depotRepo, tag, "amd64", tag)
	if err != nil {
		panic(err)
	}
	return p.depot.Ref(depotRepo + ":" + tag), digest
}

// containerImages is what a person does to images.
func (p *person) containerImages() fixture {
	name := func(*platformtest.Bench) any { name, _ := p.stocked(); return name }
	digest := func(*platformtest.Bench) any { _, digest := p.stocked(); return digest }
	list := func(*platformtest.Bench) any {
		tag := fmt.Sprintf("list%d", p.serial.Add(1))
		if err := p.depot.putList(depotRepo, tag, tag); err != nil {
			panic(err)
		}
		return p.depot.Ref(depotRepo + ":" + tag)
	}
	return fixture{
		Case: platformtest.Case{
			Values: platformtest.Values{
				"name":    platformtest.Of(name, func(b *platformtest.Bench) any { return b.Name() + ":1" }),
				"digest":  platformtest.Of(digest, digest),
				"os_arch": {Old: "linux/amd64", New: "linux/arm64", With: block{"name": list}},
			},
			Minimal:  func(b *platformtest.Bench) platformtest.Config { return block{"name": name(b)} },
			Together: 3,
			SameID:   true, // of what is built of the same
		},
		remove: func(ctx context.Context, id string) error { return p.docker(ctx, "rmi", "--force", id) },
		faults: map[string][]lab.Fault{
			"create":      {{Method: "POST", Path: "/images/create"}},
			"create half": {{Method: "POST", Path: "/images/{id}/tag", After: 1}},
			"update":      {{Method: "POST", Path: "/images/{id}/tag"}},
			"update half": {{Method: "DELETE", Path: "/images/{id}"}},
			"delete half": {{Method: "DELETE", Path: "/images/{id}", After: 1}},
		},
		hangs: map[string][]lab.Fault{},
		cannot: map[string]string{
			"change container_image references": "names that nobody lists are nobody's: those that are listed can only go",
			"path container_image":              "an image has an id and names",
			"twin container_image":              "a name means one image",
		},
	}
}

// registryImages is what a person does to images in a registry.
func (p *person) registryImages() fixture {
	name := func(*platformtest.Bench) any { return p.depot.Ref(fmt.Sprintf("lab/out%d:1", p.serial.Add(1))) }
	return fixture{
		Case: platformtest.Case{
			Values:   platformtest.Values{"name": platformtest.Of(name, name)},
			Minimal:  func(b *platformtest.Bench) platformtest.Config { return block{"name": name(b)} },
			Nothing:  p.depot.Ref("lab/nothing:1"),
			Together: 3,
			SameID:   true,
		},
		remove: func(_ context.Context, id string) error { return p.depot.drop(id) },
		change: func(ctx context.Context, c platformtest.Change) error {
			if c.Attribute != "image_id" {
				return platformtest.ErrCannot
			}
			return errors.Join(p.docker(ctx, "tag", fmt.Sprint(c.Value), c.ID), p.docker(ctx, "push", c.ID), p.docker(ctx, "rmi", c.ID))
		},
		faults: map[string][]lab.Fault{
			"create": {{Method: "POST", Path: "/images/{id}/push"}},
			"update": {{Method: "POST", Path: "/images/{id}/push"}},
		},
		hangs: map[string][]lab.Fault{
			"create half": {{Method: "POST", Path: "/images/{id}/push"}},
			"update half": {{Method: "POST", Path: "/images/{id}/push"}},
		},
		cannot: map[string]string{
			"list registry_image":                  "no registry lists to everybody what it has",
			"path registry_image":                  "its name is all there is",
			"twin registry_image":                  "a name means one image",
			"fault create registry_image half-way": "a tag is whole or not there, and a lost answer is looked for",
			"fault update registry_image half-way": "a tag is whole or not there, and a lost answer is looked for",
			"fault delete registry_image*":         "the registry does that at once, and the engine has no part in it",
		},
	}
}

// registryRepositories has one that is there before the suite runs.
func (p *person) registryRepositories() fixture {
	return fixture{Case: platformtest.Case{Nothing: p.depot.Ref("lab/nothing")}, given: []string{p.depot.Ref("lab/given")}}
}
