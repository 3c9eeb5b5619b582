package libvirt

import (
	_ "embed" // the guest
	"os"
	"slices"
)

// tiny is tiny.S, assembled.
//
//go:embed tiny.bin
var tiny []byte

// TinyGuest is a guest of 1.5 KiB for machines of type q35 with a BIOS, emulated or not: it boots within a second, writes
// READY to its first serial port, powers off when the power button is pressed, ejects PCI devices that are detached from
// pcie-root-ports, and uses next to no CPU. Its bytes are a kernel for direct boot and the content of a raw boot disk of
// any size. A guest without it, say one with an empty disk, ignores button and detaching alike.
func TinyGuest() []byte { return slices.Clone(tiny) }

// WriteTinyGuest writes it to a file, as a raw disk image of the given size in bytes; 0 is its own size, enough for a
// kernel.
func WriteTinyGuest(path string, size int64) error {
	if err := os.WriteFile(path, tiny, 0o644); err != nil {
		return err
	}
	if size <= int64(len(tiny)) {
		return nil
	}
	return os.Truncate(path, size)
}
