package platform_test

import (
	"math"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want platform.Size
	}{
		{"0B", 0},
		{"1B", 1},
		{"512MiB", 512 * platform.MiB},
		{"4GiB", 4 * platform.GiB},
		{"4096MiB", 4 * platform.GiB},
		{"8388607TiB", 8388607 * platform.TiB},
	} {
		got, err := platform.ParseSize(c.text)
		if err != nil || got != c.want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", c.text, got, err, c.want)
		}
	}
}

func TestParseSizeSaysHowToWriteIt(t *testing.T) {
	for text, hint := range map[string]string{
		"4GB":                   "write 4GiB",
		"4gib":                  "write 4GiB",
		"512 MB":                "write 512MiB",
		"10K":                   "write 10KiB",
		"4":                     "such as 512MiB or 4GiB",
		"":                      "such as 512MiB or 4GiB",
		"-1GiB":                 "such as 512MiB or 4GiB",
		"1.5GiB":                "such as 512MiB or 4GiB",
		"8388608TiB":            "larger than the largest",
		"99999999999999999999B": "larger than the largest",
	} {
		_, err := platform.ParseSize(text)
		if err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("ParseSize(%q): %v; want a hint %q", text, err, hint)
		}
	}
}

func TestSizeString(t *testing.T) {
	for size, want := range map[platform.Size]string{
		0: "0B", 1: "1B", 1024: "1KiB", 1536: "1536B", 4 * platform.GiB: "4GiB", 2 * platform.TiB: "2TiB", 1536 * platform.MiB: "1536MiB",
		math.MaxInt64: "9223372036854775807B",
	} {
		if got := size.String(); got != want {
			t.Errorf("%d: %q, want %q", int64(size), got, want)
		}
	}
}

func TestCeilMiB(t *testing.T) {
	for size, want := range map[platform.Size]int64{0: 0, 1: 1, platform.MiB: 1, platform.MiB + 1: 2, platform.GiB: 1024} {
		if got := size.CeilMiB(); got != want {
			t.Errorf("%d: %d, want %d", int64(size), got, want)
		}
	}
}
