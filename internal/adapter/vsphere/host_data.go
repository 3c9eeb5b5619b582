package vsphere

import (
	"context"
	"fmt"
	"iter"
	"strconv"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// hosts are the ESXi hosts of a connection. Their stable id is the managed object's id: "host-12".
type hosts struct{ s *session }

var (
	_ platform.Reader[platform.Host] = (*hosts)(nil)
	_ platform.Lister[platform.Host] = (*hosts)(nil)
	_ platform.Finder[platform.Host] = (*hosts)(nil)
)

func hostProps() []types.PropertySpec {
	return []types.PropertySpec{{Type: kindHost, PathSet: []string{
		"name", "parent", "summary.hardware", "summary.config.product", "summary.quickStats.overallMemoryUsage", "summary.runtime.connectionState",
		"summary.runtime.inMaintenanceMode", "summary.runtime.powerState",
	}}}
}

// decodeHosts keeps the hosts among what was read.
func decodeHosts(contents []types.ObjectContent) ([]mo.HostSystem, error) {
	var only []types.ObjectContent
	for _, c := range contents {
		if c.Obj.Type == kindHost {
			c.MissingSet = nil // what the user may not see is empty
			only = append(only, c)
		}
	}
	if len(only) == 0 {
		return nil, nil
	}
	var found []mo.HostSystem
	err := mo.LoadObjectContent(only, &found)
	return found, err
}

// Read fills have.
func (h *hosts) Read(ctx context.Context, have *platform.Host) error {
	id := value(have.ID)
	ref := types.ManagedObjectReference{Type: kindHost, Value: id}
	found, err := h.s.inventory.find(ctx, kindHost, id, types.ManagedObjectReference{})
	if err != nil {
		return failed("find the host", id, err)
	}
	if found.ref != ref {
		return h.gone(id)
	}
	contents, err := h.s.retrieve(ctx, []types.ObjectSpec{{Obj: ref}}, hostProps())
	if err != nil {
		return failed("read the host", id, err)
	}
	all, err := decodeHosts(contents)
	if err != nil {
		return failed("read the host", id, err)
	}
	if len(all) == 0 {
		return h.gone(id)
	}
	return h.fill(ctx, &all[0], have)
}

func (h *hosts) gone(id string) error {
	err := fmt.Errorf("%s has no such host that the user may see", h.s.server)
	return failed("find the host", id, platform.As(platform.ErrNotFound, err))
}

// List gives the hosts of the connection's datacenter, or all where it has none: one request for each page.
func (h *hosts) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Host], error] {
	return func(yield func(platform.Entry[platform.Host], error) bool) {
		all, err := h.all(ctx)
		if err != nil {
			yield(platform.Entry[platform.Host]{}, err)
			return
		}
		for n := range all {
			var got platform.Host
			err := h.fill(ctx, &all[n], &got) // now: the filling may come when the list is over
			fill := func(have *platform.Host) error {
				got.Platform, got.Timeouts = have.Platform, have.Timeouts
				*have = got
				return err
			}
			if !yield(platform.Entry[platform.Host]{ID: all[n].Self.Value, Name: plainName(all[n].Name), Fill: fill}, nil) {
				return
			}
		}
	}
}

func (h *hosts) all(ctx context.Context) ([]mo.HostSystem, error) {
	contents, err := h.s.listed(ctx, hostProps())
	if err != nil {
		return nil, failed("list the hosts of", h.s.server, err)
	}
	all, err := decodeHosts(contents)
	if err != nil || h.s.config.String(setDatacenter) == "" {
		return all, failed("list the hosts of", h.s.server, err)
	}
	dc, err := h.s.datacenter(ctx)
	if err != nil {
		return nil, err
	}
	inside, err := h.s.inventory.all(ctx, kindHost, dc.ref)
	if err != nil {
		return nil, err
	}
	known := map[types.ManagedObjectReference]bool{}
	for _, n := range inside {
		known[n.ref] = true
	}
	var some []mo.HostSystem
	for _, host := range all {
		if known[host.Self] {
			some = append(some, host)
		}
	}
	return some, nil
}

// Find resolves a name, an inventory path or an id within the connection's datacenter.
func (h *hosts) Find(ctx context.Context, ref string) (string, error) {
	dc, err := h.s.datacenter(ctx)
	if err != nil {
		return "", err
	}
	found, err := h.s.inventory.find(ctx, kindHost, ref, dc.ref)
	if err != nil {
		return "", failed("find the host", ref, err)
	}
	return found.ref.Value, nil
}

// fill is the one translation from a host of the API. What it does not tell of a host that is not connected stays open.
func (h *hosts) fill(ctx context.Context, host *mo.HostSystem, have *platform.Host) error {
	*have = platform.Host{Meta: have.Meta, Name: plainName(host.Name)}
	have.ID = &host.Self.Value
	if hardware := host.Summary.Hardware; hardware != nil {
		have.CPUs = new(int64(hardware.NumCpuThreads))
		have.Memory = new(platform.Size(hardware.MemorySize))
		used := platform.Size(host.Summary.QuickStats.OverallMemoryUsage) * platform.MiB
		have.MemoryFree = new(max(0, platform.Size(hardware.MemorySize)-used))
		have.CPUModel = unless(hardware.CpuModel, "")
	}
	have.Architecture = new("x86_64") // ESXi for ARM is no product yet
	if product := host.Summary.Config.Product; product != nil {
		have.Version = unless(product.FullName, "")
	}
	return h.fillNative(ctx, host, have)
}

// fillNative fills what only this platform has.
func (h *hosts) fillNative(ctx context.Context, host *mo.HostSystem, have *platform.Host) error {
	path, err := h.s.pathIn(ctx, host.Parent, plainName(host.Name))
	if err != nil {
		return err
	}
	have.Native = map[string]string{"moref": host.Self.Value, "path": path}
	if hardware := host.Summary.Hardware; hardware != nil {
		have.Native["uuid"] = hardware.Uuid
		have.Native["sockets"], have.Native["cores"] = strconv.Itoa(int(hardware.NumCpuPkgs)), strconv.Itoa(int(hardware.NumCpuCores))
	}
	if runtime := host.Summary.Runtime; runtime != nil {
		have.Native["state"], have.Native["power"] = string(runtime.ConnectionState), string(runtime.PowerState)
		have.Native["maintenance"] = strconv.FormatBool(runtime.InMaintenanceMode)
	}
	if host.Parent == nil {
		return nil
	}
	above, err := h.s.inventory.get(ctx, *host.Parent)
	if err == nil && above != nil && above.ref.Type == "ClusterComputeResource" {
		have.Native["cluster"] = above.name
	}
	return err
}
