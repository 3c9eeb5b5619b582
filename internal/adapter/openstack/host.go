package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// hosts are hypervisors, which the cloud shows to administrators. Their stable id is the hypervisor's UUID.
type hosts struct{ *session }

var (
	_ platform.Reader[platform.Host] = (*hosts)(nil)
	_ platform.Lister[platform.Host] = (*hosts)(nil)
	_ platform.Finder[platform.Host] = (*hosts)(nil)
)

// Microversions of hypervisors: UUIDs came with 2.53, and with 2.88 all that tells what one can carry went. Every nova
// speaks older ones, too.
const (
	hostVersion = "2.53"
	hostNewest  = "2.87"
)

// hypervisor is a hypervisor as nova tells it.
type hypervisor struct {
	ID         string          `json:"id"`
	Name       string          `json:"hypervisor_hostname"`
	CPUs       int64           `json:"vcpus"`
	Memory     int64           `json:"memory_mb"`
	MemoryFree int64           `json:"free_ram_mb"`
	CPUInfo    json.RawMessage `json:"cpu_info"` // an object; some drivers give it as text
	Type       string          `json:"hypervisor_type"`
	Version    int64           `json:"hypervisor_version"` // 7002000
	IP         string          `json:"host_ip"`
	State      string          `json:"state"`
	Status     string          `json:"status"`
	Service    struct {
		Host string `json:"host"`
	} `json:"service"`
}

// hypervisors lists all, in detail.
func (h *hosts) hypervisors(ctx context.Context) ([]*hypervisor, error) {
	c, err := h.upTo(ctx, serviceCompute, hostNewest)
	if err == nil && !speaks(c, hostVersion) {
		c, err = h.atLeast(ctx, serviceCompute, hostVersion, "hosts")
	}
	if err != nil {
		return nil, err
	}
	list, err := all[*hypervisor](ctx, c, "os-hypervisors/detail", "hypervisors", nil)
	if statusOf(err) == http.StatusForbidden {
		return nil, platform.As(platform.ErrUnauthorised, &platform.OpError{
			Op: "list the hypervisors of", On: h.endpoint(), Err: plain(err), Hint: "The cloud shows its hosts to administrators only: sign in with the role admin",
		})
	}
	return list, failed("list the hypervisors of", h.endpoint(), err)
}

// Read fills have.
func (h *hosts) Read(ctx context.Context, have *platform.Host) error {
	list, err := h.hypervisors(ctx)
	if err != nil {
		return err
	}
	for _, found := range list {
		if found.ID == value(have.ID) {
			found.fill(have)
			return nil
		}
	}
	return failed("read the host", value(have.ID), platform.As(platform.ErrNotFound, errors.New("the cloud has no such hypervisor")))
}

// fill is the one translation from a hypervisor.
func (y *hypervisor) fill(have *platform.Host) {
	model, arch := y.processor()
	*have = platform.Host{
		Meta: have.Meta, Name: y.Name, CPUs: &y.CPUs,
		Memory: new(platform.Size(y.Memory) * platform.MiB), MemoryFree: new(platform.Size(max(0, y.MemoryFree)) * platform.MiB),
		CPUModel: unless("", model), Architecture: unless("", arch), Version: unless("", y.version()),
	}
	have.ID = &y.ID
	have.Native = map[string]string{"host": y.Service.Host, "host_ip": y.IP, "state": y.State, "status": y.Status}
}

func (y *hypervisor) processor() (model, arch string) {
	var info struct{ Model, Arch string }
	raw := y.CPUInfo
	if text := ""; json.Unmarshal(raw, &text) == nil {
		raw = []byte(text)
	}
	_ = json.Unmarshal(raw, &info) // some drivers tell nothing
	return info.Model, info.Arch
}

// version writes 7002000 as people do.
func (y *hypervisor) version() string {
	if y.Version < 1_000_000 {
		return fmt.Sprintf("%s %d", y.Type, y.Version)
	}
	return fmt.Sprintf("%s %d.%d.%d", y.Type, y.Version/1_000_000, y.Version/1000%1000, y.Version%1000)
}

// List gives every hypervisor.
func (h *hosts) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Host], error] {
	return func(yield func(platform.Entry[platform.Host], error) bool) {
		list, err := h.hypervisors(ctx)
		if err != nil {
			yield(platform.Entry[platform.Host]{}, err)
			return
		}
		for _, found := range list {
			fill := func(have *platform.Host) error { found.fill(have); return nil }
			if !yield(platform.Entry[platform.Host]{ID: found.ID, Name: found.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves an id, or the name of a hypervisor or of its host.
func (h *hosts) Find(ctx context.Context, ref string) (string, error) {
	list, err := h.hypervisors(ctx)
	if err != nil {
		return "", err
	}
	var found []*hypervisor
	for _, y := range list {
		if y.ID == ref || y.Name == ref || y.Service.Host == ref {
			found = append(found, y)
		}
	}
	return onlyMatch("host", ref, found, func(y *hypervisor) string { return y.ID })
}
