package platform

import (
	"fmt"
	"strings"
)

// OSArch is an operating system with an architecture, as images are made for: linux/amd64, linux/arm/v7. Equal ones are
// equal, however they were spelled: architectures have several names, and a usual variant may be left out.
type OSArch struct{ OS, Arch, Variant string }

// NewOSArch brings the parts into the one form.
func NewOSArch(os, arch, variant string) OSArch {
	o := OSArch{strings.ToLower(os), strings.ToLower(arch), strings.ToLower(variant)}
	switch o.Arch {
	case "x86_64", "x86-64":
		o.Arch = "amd64"
	case "aarch64":
		o.Arch = "arm64"
	case "armhf":
		o.Arch, o.Variant = "arm", "v7"
	case "i386", "i686":
		o.Arch = "386"
	}
	switch {
	case o.Arch == "arm" && o.Variant == "":
		o.Variant = "v7"
	case o.Arch == "arm64" && o.Variant == "v8", o.Arch == "amd64" && o.Variant == "v1":
		o.Variant = ""
	}
	return o
}

// UnmarshalText reads linux/arm64 or linux/arm/v7; the error says how to write one.
func (o *OSArch) UnmarshalText(b []byte) error {
	parts := strings.Split(string(b), "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || parts[1] == "" {
		return fmt.Errorf("%q is no operating system with an architecture: write one such as linux/amd64 or linux/arm/v7", b)
	}
	*o = NewOSArch(parts[0], parts[1], strings.Join(parts[2:], ""))
	return nil
}

// String writes it as it is understood everywhere.
func (o OSArch) String() string { return strings.TrimSuffix(o.OS+"/"+o.Arch+"/"+o.Variant, "/") }
