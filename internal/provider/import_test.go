package provider_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/terraform-virt/terraform-provider-virt/"

// TestImportsRunOneWay holds the rule: main → provider → {kind, adapter}; kind → engine → platform ← adapter.
func TestImportsRunOneWay(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module)
		for _, path := range fields[1:] {
			if why := forbidden(pkg, path); why != "" {
				t.Errorf("%s imports %s: %s", pkg, path, why)
			}
		}
		seen++
	}
	if seen < 8 {
		t.Errorf("go list named %d packages: the rule was not checked", seen)
	}
}

// forbidden says why a package may not import a path; "" when it may.
func forbidden(pkg, path string) string {
	own, internal := strings.CutPrefix(path, module)
	third := !internal && strings.Contains(strings.Split(path, "/")[0], ".")
	under := func(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }
	allowed := func(dirs ...string) bool {
		return !internal || slices.ContainsFunc(dirs, func(d string) bool { return under(own, d) })
	}
	switch {
	case under(pkg, "internal/platform/platformtest"):
		return ""
	case under(pkg, "internal/platform/buildcontext") && under(path, "github.com/moby/patternmatcher"): // what .dockerignore means
		return ""
	case under(pkg, "internal/platform"):
		if third || !allowed("internal/platform") {
			return "the contract needs the standard library alone"
		}
	case under(pkg, "internal/engine"):
		if !allowed("internal/engine", "internal/platform") {
			return "the engine knows the contract and no more"
		}
	case under(pkg, "internal/kind"):
		if !allowed("internal/engine", "internal/platform") {
			return "a kind knows the engine and the contract"
		}
	case under(pkg, "internal/adapter"):
		if !allowed("internal/platform", strings.Join(strings.Split(pkg, "/")[:3], "/")) || strings.Contains(path, "terraform-plugin-") {
			return "an adapter knows the contract and its own platform"
		}
	case under(pkg, "internal/lab"):
		if !allowed("internal/lab", "internal/provider", "internal/platform", "internal/kind", "internal/engine") {
			return "a simulator never shares code with the adapter it tests"
		}
	}
	return ""
}

// TestForbidden shows that the rule can fail.
func TestForbidden(t *testing.T) {
	for _, c := range []struct{ pkg, path string }{
		{"internal/platform", "github.com/google/uuid"},
		{"internal/platform/cloudinit", "github.com/kdomanski/iso9660"},
		{"internal/platform/cloudinit", module + "internal/adapter/vsphere"},
		{"internal/engine", module + "internal/kind"},
		{"internal/adapter/vsphere", module + "internal/engine"},
		{"internal/adapter/vsphere", module + "internal/adapter/sandbox"},
		{"internal/adapter/sandbox", "github.com/hashicorp/terraform-plugin-log/tflog"},
		{"internal/lab/vcenter", module + "internal/adapter/vsphere"},
		{"internal/kind", module + "internal/adapter/sandbox"},
	} {
		if forbidden(c.pkg, c.path) == "" {
			t.Errorf("%s may import %s", c.pkg, c.path)
		}
	}
}
