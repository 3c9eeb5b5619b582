package platform_test

import (
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestOSArch(t *testing.T) {
	cases := map[string]string{
		"linux/amd64": "linux/amd64", "linux/x86_64": "linux/amd64", "Linux/AMD64": "linux/amd64", "linux/arm64/v8": "linux/arm64",
		"linux/aarch64": "linux/arm64", "linux/arm": "linux/arm/v7", "linux/armhf": "linux/arm/v7", "linux/arm/v6": "linux/arm/v6",
		"windows/amd64": "windows/amd64", "linux/i386": "linux/386", "linux": "", "/amd64": "", "linux/": "", "linux/arm/v7/x": "",
	}
	for text, want := range cases {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			var got platform.OSArch
			err := got.UnmarshalText([]byte(text))
			if (err == nil) != (want != "") || err == nil && got.String() != want {
				t.Errorf("it is %q, %v", got, err)
			}
		})
	}
}
