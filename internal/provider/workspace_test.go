package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/terraform"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

// TestMain removes the provider that tests of the whole chain have built.
func TestMain(m *testing.M) {
	code := m.Run()
	if dir := buildDir(); dir != "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

var buildDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "virt-test-")
	if err != nil {
		return ""
	}
	return dir
})

var built = sync.OnceValues(func() (*terraform.CLI, error) {
	return terraform.Build(testContext(), buildDir(), ".")
})

// workspace is a directory with one configuration, driven by the real CLI.
type workspace struct {
	*testing.T
	*terraform.Workspace
}

// newWorkspace writes a configuration; the required_providers block is added.
func newWorkspace(t *testing.T, config string, env ...string) *workspace {
	t.Helper()
	cli, err := built()
	if err != nil {
		t.Fatal(err)
	}
	w := &workspace{t, &terraform.Workspace{CLI: cli, Dir: t.TempDir(), Env: env}}
	w.write("main.tf", "terraform {\n  required_providers {\n    virt = { source = \"terraform-virt/virt\" }\n  }\n}\n"+config)
	return w
}

func (w *workspace) write(name, text string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, name), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

// must runs a command that has to end with a code.
func (w *workspace) must(code int, args ...string) terraform.Result {
	w.Helper()
	r, err := w.Workspace.Run(w.Context(), args...)
	if err != nil {
		w.Fatal(err)
	}
	if r.Code != code {
		w.Fatalf("terraform %s: exit code %d, want %d\n%s", strings.Join(args, " "), r.Code, code, r.Output)
	}
	return r
}

// says fails unless the output has every text, wherever its lines are broken.
func (w *workspace) says(r terraform.Result, texts ...string) {
	w.Helper()
	for _, text := range texts {
		if !strings.Contains(r.Plain(), text) {
			w.Errorf("the output lacks %q:\n%s", text, r.Output)
		}
	}
}

// startVCenter runs a simulated vCenter for one test.
func startVCenter(t *testing.T, o vcenter.Options) *vcenter.Server {
	t.Helper()
	s, err := vcenter.Start(testContext(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// vsphereBlock is a provider block for a simulated vCenter.
func vsphereBlock(s *vcenter.Server) string {
	return `
provider "virt" {
  platform {
    name = "dc1"
    vsphere {
      server     = "` + s.Host + `"
      user       = "` + s.User + `"
      password   = "` + s.Password + `"
      ca_file    = "` + s.CAFile + `"
      datacenter = "DC0"
      cluster    = "C0"
      datastore  = "ds0"
    }
    images = { debian-12 = "templates/debian-12" }
  }
}
`
}
