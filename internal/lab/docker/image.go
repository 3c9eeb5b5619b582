package docker

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// ImageOptions says what an image holds besides the test server at /server, which is its entry point. The same options
// make the same image, byte for byte and on every engine.
type ImageOptions struct {
	Cmd         []string          // arguments of the server
	Env         map[string]string // for instance SERVER_HEALTH; see testserver
	Labels      map[string]string
	Ports       []string          // such as "8080/tcp"
	Volumes     []string          // paths
	User        string            // such as "1000:1000"
	WorkingDir  string            // a path
	StopSignal  string            // such as "SIGINT"
	HealthCheck time.Duration     // how often "/server health" is asked; 0 is no health check
	Files       map[string]string // further files: path without leading slash to content; what tells two images apart
}

// Image makes an image and loads it into an engine, without any network. It returns the image's id.
func Image(t testing.TB, e *Engine, name string, o ImageOptions) string {
	t.Helper()
	id, err := e.Load(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Load makes an image, name with or without tag, and loads it by the docker tool. It returns the image's id.
func (e *Engine) Load(ctx context.Context, name string, o ImageOptions) (id string, err error) {
	server, err := TestServer(ctx)
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(e.under("tmp"), "image") // it goes with the engine, whatever happens
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	id, err = writeImage(file, e.under("tmp"), name, server, o)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("write the image %s: %w", name, err)
	}
	_, err = e.Docker(ctx, "load", "--quiet", "--input", file.Name())
	return id, err
}

// writeImage writes what docker load reads: one layer, its configuration and a manifest.
func writeImage(w io.Writer, scratch, name, server string, o ImageOptions) (id string, err error) {
	layer, err := os.CreateTemp(scratch, "layer")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, layer.Close(), os.Remove(layer.Name())) }()
	hash := sha256.New()
	if err := writeLayer(io.MultiWriter(layer, hash), server, o); err != nil {
		return "", err
	}
	config, err := json.Marshal(o.config(fmt.Sprintf("sha256:%x", hash.Sum(nil))))
	if err != nil {
		return "", err
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(config))
	manifest, err := json.Marshal([]map[string]any{{"Config": sum + ".json", "RepoTags": []string{tagged(name)}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return "", err
	}
	size, err := layer.Seek(0, io.SeekCurrent)
	if err != nil {
		return "", err
	}
	if _, err := layer.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	archive := tar.NewWriter(w)
	return "sha256:" + sum, errors.Join(
		entry(archive, "manifest.json", manifest),
		entry(archive, sum+".json", config),
		archive.WriteHeader(&tar.Header{Name: "layer.tar", Mode: 0o644, Size: size, ModTime: time.Unix(0, 0)}),
		copyTo(archive, layer),
		archive.Close(),
	)
}

// writeLayer writes the image's files.
func writeLayer(w io.Writer, server string, o ImageOptions) error {
	binary, err := os.ReadFile(server)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	err = archive.WriteHeader(&tar.Header{Name: "server", Mode: 0o755, Size: int64(len(binary)), ModTime: time.Unix(0, 0)})
	if err == nil {
		_, err = archive.Write(binary)
	}
	// A place to write to, for every user.
	err = errors.Join(err, archive.WriteHeader(&tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777, ModTime: time.Unix(0, 0)}))
	for _, path := range slices.Sorted(maps.Keys(o.Files)) {
		err = errors.Join(err, entry(archive, path, []byte(o.Files[path])))
	}
	return errors.Join(err, archive.Close())
}

// config is the image's configuration.
func (o ImageOptions) config(layer string) map[string]any {
	env := []string{}
	for _, name := range slices.Sorted(maps.Keys(o.Env)) {
		env = append(env, name+"="+o.Env[name])
	}
	config := map[string]any{
		"Entrypoint": []string{"/server"}, "Cmd": o.Cmd, "Env": env, "Labels": o.Labels, "User": o.User,
		"WorkingDir": o.WorkingDir, "StopSignal": o.StopSignal, "ExposedPorts": set(o.Ports), "Volumes": set(o.Volumes),
	}
	if o.HealthCheck > 0 {
		config["Healthcheck"] = map[string]any{"Test": []string{"CMD", "/server", "health"}, "Interval": o.HealthCheck, "Retries": 2}
	}
	return map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "created": "1970-01-01T00:00:00Z", "config": config,
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{layer}},
		"history": []map[string]any{{"created": "1970-01-01T00:00:00Z", "created_by": "lab"}},
	}
}

// set is a set in the manner of the format; nil stays nil.
func set(names []string) map[string]struct{} {
	if names == nil {
		return nil
	}
	all := map[string]struct{}{}
	for _, name := range names {
		all[name] = struct{}{}
	}
	return all
}

// tagged is a name with its tag. A colon before the last slash is a port's.
func tagged(name string) string {
	if strings.Contains(path.Base(name), ":") {
		return name
	}
	return name + ":latest"
}

// entry writes one file.
func entry(archive *tar.Writer, name string, content []byte) error {
	err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), ModTime: time.Unix(0, 0)})
	if err != nil {
		return err
	}
	_, err = archive.Write(content)
	return err
}

// copyTo is io.Copy without the count.
func copyTo(w io.Writer, r io.Reader) error {
	_, err := io.Copy(w, r)
	return err
}
