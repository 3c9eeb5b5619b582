package provider_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

// TestLikeEveryPlatform applies the examples of every kind on a sandbox with the rules of each platform whose rules can be
// trusted: what is written for it can be tried without it.
func TestLikeEveryPlatform(t *testing.T) {
	for _, d := range provider.Platforms() {
		if !d.Conformant || d.Name == "sandbox" {
			continue
		}
		for _, kind := range platform.Keys(d.Traits) {
			dir := "resources/virt_" + kind
			if files, _ := filepath.Glob(filepath.Join(examples, dir, "*.tf")); files == nil {
				continue // data only, or handed out
			}
			t.Run(d.Name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				s := sandboxSite(t)
				s.name, s.app = d.Name, buildContext(t)
				push(t, s.dir, exampleRegistry+"/app:1.2")
				s.provider = strings.NewReplacer(
					`like = "vsphere"`, `like = "`+d.Name+`"`, `"network:app"`, `"network:app", "network:public"`,
				).Replace(s.provider)
				w := newWorkspace(t, s.provider+s.example(t, dir))
				w.must(0, "apply", "-auto-approve")
				w.nothing()
				w.must(0, "destroy", "-auto-approve")
			})
		}
	}
}
