package buildcontext_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform/buildcontext"
)

// folder makes files; a content that starts with -> is a link.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	for name, content := range files {
		at := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(at), 0o755))
		if to, link := bytes.CutPrefix([]byte(content), []byte("->")); link {
			must(t, os.Symlink(string(to), at))
			continue
		}
		must(t, os.WriteFile(at, []byte(content), 0o600))
	}
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir, dockerfile string) *buildcontext.Context {
	t.Helper()
	c, err := buildcontext.Open(dir, dockerfile)
	must(t, err)
	return c
}

func hash(t *testing.T, dir, dockerfile string) string {
	t.Helper()
	sum, err := open(t, dir, dockerfile).Hash(t.Context())
	must(t, err)
	return sum
}

// names lists the files of the archive, folders left out.
func names(t *testing.T, c *buildcontext.Context) []string {
	t.Helper()
	var b bytes.Buffer
	must(t, c.Tar(t.Context(), &b))
	var list []string
	for r := tar.NewReader(&b); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		must(t, err)
		if h.Typeflag != tar.TypeDir {
			list = append(list, h.Name)
		}
	}
}

func TestTar(t *testing.T) {
	cases := map[string]struct {
		files      map[string]string
		dockerfile string
		want       []string
		within     string
	}{
		"all":                   {map[string]string{"Dockerfile": "", "b": "", "a/c": "", "a.b": ""}, "", []string{"Dockerfile", "a/c", "a.b", "b"}, "Dockerfile"},
		"ignored":               {map[string]string{"Dockerfile": "", ".dockerignore": "node_modules\n*.log\n", "node_modules/x": "", "a.log": "", "a": ""}, "", []string{".dockerignore", "Dockerfile", "a"}, "Dockerfile"},
		"exceptions":            {map[string]string{"Dockerfile": "", ".dockerignore": "*\n!src/keep\n", "src/keep": "", "src/drop": "", "z": ""}, "", []string{"Dockerfile", "src/keep"}, "Dockerfile"},
		"exceptions by pattern": {map[string]string{"Dockerfile": "", ".dockerignore": "*\n!**/*.go\n", "deep/er/a.go": "", "deep/er/b": ""}, "", []string{"Dockerfile", "deep/er/a.go"}, "Dockerfile"},
		"its own are ignored":   {map[string]string{"Dockerfile": "", ".dockerignore": "Dockerfile\n.dockerignore\n"}, "", []string{"Dockerfile"}, "Dockerfile"},
		"a Dockerfile deeper":   {map[string]string{"build/Web.dockerfile": "", ".dockerignore": "build\n", "build/x": "", "a": ""}, "build/Web.dockerfile", []string{".dockerignore", "a", "build/Web.dockerfile"}, "build/Web.dockerfile"},
		"a list of its own":     {map[string]string{"web": "", "web.dockerignore": "b\n", ".dockerignore": "a\n", "a": "", "b": ""}, "web", []string{".dockerignore", "a", "web", "web.dockerignore"}, "web"},
		"a Dockerfile outside":  {map[string]string{"../Dockerfile": "", "a": ""}, "../Dockerfile", []string{"a", ".dockerfile.outside"}, ".dockerfile.outside"},
		"a linked Dockerfile":   {map[string]string{"../real": "FROM scratch", "Dockerfile": "->../real"}, "", []string{"Dockerfile", ".dockerfile.outside"}, ".dockerfile.outside"},
		"links stay links":      {map[string]string{"Dockerfile": "", "out": "->/etc/passwd", "broken": "->nowhere"}, "", []string{"Dockerfile", "broken", "out"}, "Dockerfile"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := open(t, folder(t, c.files), c.dockerfile)
			if d := cmp.Diff(c.want, names(t, got)); d != "" {
				t.Errorf("the archive (-want +got):\n%s", d)
			}
			if got.Dockerfile() != c.within {
				t.Errorf("the Dockerfile is %s", got.Dockerfile())
			}
		})
	}
}

func TestHash(t *testing.T) {
	files := map[string]string{"Dockerfile": "FROM scratch", ".dockerignore": "log\n", "a/b": "content", "log": "x", "link": "->a/b"}
	cases := map[string]struct {
		change func(t *testing.T, dir string)
		same   bool
	}{
		"a fresh copy": {func(*testing.T, string) {}, true},
		"times": {func(t *testing.T, dir string) {
			must(t, os.Chtimes(filepath.Join(dir, "a/b"), time.Now(), time.Unix(7, 0)))
		}, true},
		"what is ignored": {func(t *testing.T, dir string) { must(t, os.WriteFile(filepath.Join(dir, "log"), []byte("y"), 0o600)) }, true},
		"content": {func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "a/b"), []byte("Content"), 0o600))
		}, false},
		"the Dockerfile": {func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM x"), 0o600))
		}, false},
		"permissions": {func(t *testing.T, dir string) { must(t, os.Chmod(filepath.Join(dir, "a/b"), 0o700)) }, false},
		"a name": {func(t *testing.T, dir string) {
			must(t, os.Rename(filepath.Join(dir, "a/b"), filepath.Join(dir, "a/c")))
		}, false},
		"an empty folder": {func(t *testing.T, dir string) { must(t, os.Mkdir(filepath.Join(dir, "new"), 0o755)) }, false},
		"a link": {func(t *testing.T, dir string) {
			must(t, os.Remove(filepath.Join(dir, "link")))
			must(t, os.Symlink("a", filepath.Join(dir, "link")))
		}, false},
	}
	was := hash(t, folder(t, files), "")
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, files)
			c.change(t, dir)
			if is := hash(t, dir, ""); (is == was) != c.same {
				t.Errorf("the hash was %s and is %s", was, is)
			}
		})
	}
}

func TestOpenRefusals(t *testing.T) {
	cases := map[string]struct {
		files           map[string]string
		dir, dockerfile string
	}{
		"no folder":     {map[string]string{"Dockerfile": ""}, "nowhere", ""},
		"no Dockerfile": {map[string]string{"a": ""}, "", ""},
		"not that one":  {map[string]string{"Dockerfile": ""}, "", "web"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := buildcontext.Open(filepath.Join(folder(t, c.files), c.dir), c.dockerfile); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("said %v", err)
			}
		})
	}
	if _, err := buildcontext.Open(folder(t, map[string]string{"Dockerfile": "", ".dockerignore": "a[\n"}), ""); err == nil {
		t.Error("a broken pattern is taken")
	}
}

// A file of any size passes through little memory.
func TestTarStreams(t *testing.T) {
	dir := folder(t, map[string]string{"Dockerfile": ""})
	file, err := os.Create(filepath.Join(dir, "big"))
	must(t, err)
	must(t, file.Truncate(1<<28))
	must(t, file.Close())
	c := open(t, dir, "")
	allocated := testing.AllocsPerRun(1, func() { must(t, c.Tar(t.Context(), io.Discard)) })
	if allocated > 10_000 {
		t.Errorf("%v allocations", allocated)
	}
}
