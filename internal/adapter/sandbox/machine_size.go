package sandbox

import (
	"fmt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// flavour is one of the sandbox's fixed sizes.
type flavour struct {
	name       string
	vcpus, mib int64
}

func flavours() [3]flavour {
	return [3]flavour{{"small", 1, 1024}, {"medium", 2, 4096}, {"large", 4, 8192}}
}

func flavourNamed(name string) (flavour, bool) {
	for _, f := range flavours() {
		if f.name == name {
			return f, true
		}
	}
	return flavour{}, false
}

// flavour is the name of the machine's size: the one it was given, or the one whose numbers it has exactly.
func (n *vm) flavour() string {
	for _, f := range flavours() {
		if n.Flavour == "" && f.vcpus == n.VCPUs && f.mib == n.MemoryMiB {
			return f.name
		}
	}
	return n.Flavour
}

// setSize sets CPUs and memory, which a size of the sandbox decides. Another platform's size is kept as a name.
func (n *vm) setSize(prior, want *platform.Machine) error {
	changed := want.Size != nil && (prior.Size == nil || *prior.Size != *want.Size)
	if f, ok := flavourNamed(deref(want.Size)); ok && changed {
		n.VCPUs, n.MemoryMiB, n.Flavour = f.vcpus, f.mib, ""
		return n.sizeFits(f, prior, want)
	}
	if changed {
		n.Flavour = *want.Size
	} else if want.Size == nil && prior.Size != nil {
		n.Flavour = ""
	}
	set(&n.VCPUs, prior.CPUs, want.CPUs, defaultVCPUs)
	memory := *size(n.MemoryMiB)
	set(&memory, prior.Memory, want.Memory, *size(defaultMemoryMiB))
	n.MemoryMiB = mib(memory)
	return nil
}

// sizeFits refuses numbers that were given beside a size and differ from it. What an update carries over unchanged
// was not given.
func (n *vm) sizeFits(f flavour, prior, want *platform.Machine) error {
	if want.CPUs != nil && *want.CPUs != f.vcpus && (prior.CPUs == nil || *prior.CPUs != *want.CPUs) {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the size %s has %d CPUs: leave one of the two out", f.name, f.vcpus)), "cpus")
	}
	if want.Memory != nil && mib(*want.Memory) != f.mib && (prior.Memory == nil || *prior.Memory != *want.Memory) {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the size %s has %s of memory: leave one of the two out", f.name, size(f.mib))), "memory")
	}
	return nil
}
