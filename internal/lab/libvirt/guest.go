package libvirt

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// recipe is what a real guest is built from.
//
//go:embed guest
var recipe embed.FS

// Guest is a guest for direct kernel boot.
type Guest struct {
	Kernel, Initrd string // paths of files
	Cmdline        string // of the kernel; its console is the first serial port
}

// RealGuest is a Linux that make lab builds from Debian's packages. It takes 256 MiB and boots within 4 to 20 seconds
// where it is emulated, with a BIOS as with UEFI. It does what a NoCloud seed (a disk labelled cidata) says of the host
// name, the first user with keys and the addresses, runs the QEMU guest agent, obeys the power button, and then writes
// a line to its console:
//
//	GUEST-READY hostname=web-1 user=ops keys=1 address=192.0.2.5/24 seed=<instance id, or none>
//
// Interfaces without an address in network-config ask for a lease, for four seconds.
func RealGuest() (Guest, error) {
	dir, err := cacheDir("guest")
	if err != nil {
		return Guest{}, err
	}
	want, err := stamp()
	if err != nil {
		return Guest{}, err
	}
	if have, _ := os.ReadFile(filepath.Join(dir, "stamp")); strings.TrimSpace(string(have)) != want {
		return Guest{}, fmt.Errorf("there is no guest in %s, or one of another recipe: make lab builds it", dir)
	}
	return Guest{Kernel: filepath.Join(dir, "vmlinuz"), Initrd: filepath.Join(dir, "initrd"), Cmdline: "console=ttyS0 quiet"}, nil
}

// stamp identifies the recipe, as guest/build.sh does.
func stamp() (string, error) {
	hash := sha256.New()
	for _, name := range []string{"build.sh", "init", "seed.awk"} {
		text, err := recipe.ReadFile("guest/" + name)
		if err != nil {
			return "", err
		}
		hash.Write(text)
	}
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}
