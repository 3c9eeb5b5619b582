package platformtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

// TestConformantMeansTested demands that every platform which calls itself conformant has a test that runs the suite;
// the suite itself demands that this covers every kind that the platform has traits for.
func TestConformantMeansTested(t *testing.T) {
	for _, d := range provider.Platforms() {
		if !d.Conformant {
			continue
		}
		path := filepath.Join("..", "..", "adapter", d.Name, "conformance_test.go")
		text, err := os.ReadFile(path) // #nosec G304 -- a file of this repository
		if err != nil || !strings.Contains(string(text), "platformtest.Run(") {
			t.Errorf("%s calls itself conformant, but %s does not run the suite (%v)", d.Name, path, err)
		}
	}
}
