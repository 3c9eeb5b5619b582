package libvirt

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// hosts is the one host of a connection. Its id is the host's UUID, or its name where it has none.
type hosts struct{ s *session }

var (
	_ platform.Reader[platform.Host] = (*hosts)(nil)
	_ platform.Lister[platform.Host] = (*hosts)(nil)
	_ platform.Finder[platform.Host] = (*hosts)(nil)
)

// names gives the host's id and name.
func (h *hosts) names(ctx context.Context) (id, name string, err error) {
	caps, err := h.s.capabilities(ctx)
	if err != nil {
		return "", "", err
	}
	name, err = ask(ctx, h.s.client, func(l *libvirt.Libvirt) (string, error) { return l.ConnectGetHostname() })
	if err != nil {
		return "", "", failed("ask the name of", h.s.uri.where(), err)
	}
	id = caps.Host.UUID
	if id == "" {
		id = name
	}
	return id, name, nil
}

func (h *hosts) missing(ref, name string) error {
	err := fmt.Errorf("%s is the one host %q", h.s.uri.where(), name)
	return failed("find the host", ref, platform.As(platform.ErrNotFound, err))
}

// Find takes the UUID or the name.
func (h *hosts) Find(ctx context.Context, ref string) (string, error) {
	id, name, err := h.names(ctx)
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(ref, id) && ref != name {
		return "", h.missing(ref, name)
	}
	return id, nil
}

// Read fills have.
func (h *hosts) Read(ctx context.Context, have *platform.Host) error {
	id, name, err := h.names(ctx)
	if err != nil {
		return err
	}
	if value(have.ID) != id {
		return h.missing(value(have.ID), name)
	}
	return h.fill(ctx, id, name, have)
}

// List gives the one host.
func (h *hosts) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Host], error] {
	return func(yield func(platform.Entry[platform.Host], error) bool) {
		id, name, err := h.names(ctx)
		if err != nil {
			yield(platform.Entry[platform.Host]{}, err)
			return
		}
		yield(platform.Entry[platform.Host]{ID: id, Name: name, Fill: func(have *platform.Host) error { return h.fill(ctx, id, name, have) }}, nil)
	}
}

// fill is the one translation. A driver that lacks a part, as the test driver does, leaves it open.
func (h *hosts) fill(ctx context.Context, id, name string, have *platform.Host) error {
	caps, err := h.s.capabilities(ctx)
	if err != nil {
		return err
	}
	info, err := ask(ctx, h.s.client, nodeInfo)
	if err != nil {
		return failed("read the host", name, err)
	}
	free, err := h.memoryFree(ctx)
	if err != nil {
		return failed("read the free memory of the host", name, err)
	}
	version, libVersion, err := h.version(ctx)
	if err != nil {
		return failed("read the version of the host", name, err)
	}
	*have = platform.Host{Meta: have.Meta, Name: name, MemoryFree: free, Version: unless(version, "")}
	have.ID, have.CPUs, have.Memory = &id, new(int64(info.cpus)), new(info.memory)
	have.Architecture = unless(info.arch, "")
	have.CPUModel = unless(info.arch, "")
	if cpu := caps.Host.CPU; cpu != nil {
		have.Architecture = unless(either(cpu.Arch, info.arch), "")
		have.CPUModel = unless(either(cpu.Model, info.arch), "")
	}
	have.Native = map[string]string{
		"uuid": id, "uri": h.s.uri.name(), "kvm": map[bool]string{true: "yes", false: "no"}[hasKVM(caps)], "libvirt": libVersion,
		"sockets": strconv.Itoa(int(info.sockets)), "cores": strconv.Itoa(int(info.cores)), "threads": strconv.Itoa(int(info.threads)),
	}
	return nil
}

// hasKVM says whether the host runs guests on its own CPUs.
func hasKVM(caps *libvirtxml.Caps) bool {
	return slices.ContainsFunc(caps.Guests, func(g libvirtxml.CapsGuest) bool {
		return slices.ContainsFunc(g.Arch.Domains, func(d libvirtxml.CapsGuestDomain) bool { return d.Type == typeKVM })
	})
}

// node is what the host's kernel tells of it.
type node struct {
	arch                          string
	cpus, sockets, cores, threads int32
	memory                        platform.Size
}

func nodeInfo(l *libvirt.Libvirt) (node, error) {
	model, memory, cpus, _, nodes, sockets, cores, threads, err := l.NodeGetInfo()
	var arch strings.Builder
	for _, c := range model {
		if c == 0 {
			break
		}
		arch.WriteByte(byte(c)) //nolint:gosec // characters
	}
	return node{
		arch: arch.String(), cpus: cpus, sockets: sockets * max(nodes, 1), cores: cores, threads: threads,
		memory: platform.Size(memory) * platform.KiB, //nolint:gosec // no host has 8 EiB
	}, err
}

// memoryFree is what guests can have: what is free, and what the kernel keeps of files for want of a better use. nil
// is a driver that does not tell.
func (h *hosts) memoryFree(ctx context.Context) (*platform.Size, error) {
	const everything = -1 // all of the host's NUMA cells
	kibibytes, err := ask(ctx, h.s.client, func(l *libvirt.Libvirt) (uint64, error) {
		_, n, err := l.NodeGetMemoryStats(0, everything, 0)
		if err != nil {
			return 0, err
		}
		stats, _, err := l.NodeGetMemoryStats(n, everything, 0)
		var sum uint64
		for _, stat := range stats {
			if stat.Field == "free" || stat.Field == "cached" || stat.Field == "buffers" {
				sum += stat.Value
			}
		}
		return sum, err
	})
	if err == nil && kibibytes > 0 {
		return new(platform.Size(kibibytes) * platform.KiB), nil //nolint:gosec // no host has 8 EiB
	}
	if err != nil && !lacking(err) {
		return nil, err
	}
	bytes, err := ask(ctx, h.s.client, (*libvirt.Libvirt).NodeGetFreeMemory)
	if lacking(err) {
		return nil, nil
	}
	return new(platform.Size(bytes)), err //nolint:gosec // no host has 8 EiB
}

// lacking says that a driver has no such thing.
func lacking(err error) bool {
	return is(err, libvirt.ErrNoSupport, libvirt.ErrOperationUnsupported)
}

// version names the hypervisor and libvirt: QEMU 7.2.22 (libvirt 9.0.0).
func (h *hosts) version(ctx context.Context) (both, lib string, err error) {
	kind, err := ask(ctx, h.s.client, (*libvirt.Libvirt).ConnectGetType)
	if err != nil {
		return "", "", err
	}
	own, err := ask(ctx, h.s.client, (*libvirt.Libvirt).ConnectGetVersion)
	if err != nil && !lacking(err) {
		return "", "", err
	}
	whole, err := ask(ctx, h.s.client, (*libvirt.Libvirt).ConnectGetLibVersion)
	if err != nil {
		return "", "", err
	}
	lib = dotted(whole)
	return fmt.Sprintf("%s %s (libvirt %s)", kind, dotted(own), lib), lib, nil
}

// dotted spells a version that libvirt tells as a number.
func dotted(v uint64) string { return fmt.Sprintf("%d.%d.%d", v/1_000_000, v/1000%1000, v%1000) }
