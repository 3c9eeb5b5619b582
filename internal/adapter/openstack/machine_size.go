package openstack

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// flavor is a fixed size.
type flavor struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	CPUs     int64             `json:"vcpus"`
	Memory   int64             `json:"ram"`  // MiB
	Disk     int64             `json:"disk"` // GiB of the local disk; 0 for none or as large as the image
	Disabled bool              `json:"OS-FLV-DISABLED:disabled"`
	Specs    map[string]string `json:"extra_specs"`
}

// special reports a size that is for those who ask for it by name: with devices passed through, or on hosts of a sort.
func (f *flavor) special() bool {
	for name := range f.Specs {
		if strings.HasPrefix(name, "pci_passthrough:") || strings.HasPrefix(name, "resources:") || strings.HasPrefix(name, "trait:") {
			return true
		}
	}
	return false
}

// flavors are the sizes of a connection, listed at most once a minute.
type flavors struct {
	mu   sync.Mutex
	list []flavor
	at   time.Time
}

// flavors lists the sizes that the project may use.
func (m *machines) flavors(ctx context.Context) ([]flavor, error) {
	s := &m.sizes
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list != nil && time.Since(s.at) < time.Minute {
		return s.list, nil
	}
	c, err := m.compute(ctx)
	if err != nil {
		return nil, err
	}
	list, err := all[flavor](ctx, c, "flavors/detail", "flavors", url.Values{"is_public": {"None"}})
	if statusOf(err) == 403 || statusOf(err) == 400 { // for administrators only
		list, err = all[flavor](ctx, c, "flavors/detail", "flavors", nil)
	}
	if err != nil {
		return nil, failed("list the flavors of", m.region, err)
	}
	s.list, s.at = list, time.Now()
	return list, nil
}

// need is what a size has to have.
type need struct {
	cpus, memory int64 // memory in MiB
	disk         int64 // GiB of the local disk, at least; volumes need none
	root         int64 // GiB of the local disk, neither more nor less, where the user says it; else 0
	local        bool  // it boots from the local disk
}

// needOf is what the user asks of the size.
func needOf(want *platform.Machine) need {
	n := need{cpus: value(want.CPUs), local: !bootsVolume(want)}
	if want.Memory != nil {
		n.memory = want.Memory.CeilMiB()
	}
	if n.local && want.BootDisk != nil && want.BootDisk.Size != nil {
		n.root = int64(*want.BootDisk.Size / platform.GiB)
	}
	return n
}

func (n need) met(f *flavor) bool {
	return f.CPUs >= n.cpus && f.Memory >= n.memory && (!n.local || f.Disk >= n.disk) && (n.root == 0 || f.Disk == n.root)
}

// choose picks the size that is named, or the smallest that has what is needed.
func (m *machines) choose(ctx context.Context, named *string, n need) (*flavor, error) {
	list, err := m.flavors(ctx)
	if err != nil {
		return nil, err
	}
	if named != nil {
		return pick(list, *named, n)
	}
	fitting := slices.DeleteFunc(slices.Clone(list), func(f flavor) bool { return f.Disabled || !n.met(&f) })
	if len(fitting) == 0 {
		err := fmt.Errorf("no flavor has %s: the largest of %d are %s", n, len(list), largest(list))
		return nil, platform.As(platform.ErrInvalid, err)
	}
	best := slices.MinFunc(fitting, func(a, b flavor) int { return smaller(&a, &b, n.local) })
	return &best, nil
}

func (n need) String() string {
	var parts []string
	if n.cpus > 0 {
		parts = append(parts, fmt.Sprintf("%d CPUs", n.cpus))
	}
	if n.memory > 0 {
		parts = append(parts, fmt.Sprintf("%s of memory", platform.Size(n.memory)*platform.MiB))
	}
	if n.local && n.disk > 0 {
		parts = append(parts, fmt.Sprintf("a disk of %dGiB, which the image needs", n.disk))
	}
	if n.root > 0 {
		parts = append(parts, fmt.Sprintf("a local disk of %dGiB", n.root))
	}
	return strings.Join(parts, " and ")
}

// pick finds a size by its name or id, and refuses one that lacks what was asked for besides.
func pick(list []flavor, name string, n need) (*flavor, error) {
	for _, f := range list {
		if f.Name != name && f.ID != name {
			continue
		}
		switch {
		case f.CPUs < n.cpus:
			return nil, platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the flavor %s has %d CPUs: leave one of size and cpus out", f.Name, f.CPUs)), "cpus")
		case f.Memory < n.memory:
			return nil, platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the flavor %s has %dMiB of memory: leave one of size and memory out", f.Name, f.Memory)), "memory")
		case n.root > 0 && f.Disk != n.root:
			return nil, platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("the flavor %s has a local disk of %dGiB: leave its size out, or boot from a volume", f.Name, f.Disk)), "boot_disk", "size")
		}
		return &f, nil
	}
	names := make([]string, 0, len(list))
	for _, f := range list {
		names = append(names, f.Name)
	}
	slices.SortFunc(names, platform.CompareNatural)
	if len(names) > 20 {
		names = append(names[:20], "…")
	}
	err := fmt.Errorf("there is no flavor %q: the project has %s", name, strings.Join(names, ", "))
	return nil, platform.At(platform.As(platform.ErrInvalid, err), "size")
}

// smaller compares by what a size takes of a host: a CPU counts as much as four GiB. Sizes for special purposes come
// last, and those with no disk of their own where one is to be booted from.
func smaller(a, b *flavor, local bool) int {
	weight := func(f *flavor) int64 { return f.CPUs*4096 + f.Memory }
	return cmp.Or(
		rank(a.special())-rank(b.special()),
		rank(local && a.Disk == 0)-rank(local && b.Disk == 0),
		cmp.Compare(weight(a), weight(b)), cmp.Compare(a.Disk, b.Disk), platform.CompareNatural(a.Name, b.Name),
	)
}

func rank(last bool) int {
	if last {
		return 1
	}
	return 0
}

func largest(list []flavor) string {
	sorted := slices.SortedFunc(slices.Values(list), func(a, b flavor) int { return smaller(&b, &a, false) })
	var names []string
	for _, f := range sorted[:min(3, len(sorted))] {
		names = append(names, fmt.Sprintf("%s (%d CPUs, %s)", f.Name, f.CPUs, platform.Size(f.Memory)*platform.MiB))
	}
	return strings.Join(names, ", ")
}

// markLeast goes before what the user asked for where the size has more: cpus, MiB, and a sign of that size.
const markLeast = ours + "least:"

// leastMark notes numbers that the user gave where the size has others. It is "" where they agree.
func leastMark(want *platform.Machine, name string, cpus, memory int64) string {
	asked, mib := cpus, memory
	if want.CPUs != nil {
		asked = *want.CPUs
	}
	if want.Memory != nil {
		mib = want.Memory.CeilMiB()
	}
	if asked == cpus && mib == memory {
		return ""
	}
	return fmt.Sprintf("%s%d:%d:%s", markLeast, asked, mib, sign(name))
}

// sign tells one size from another in few letters.
func sign(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return fmt.Sprintf("%08x", h.Sum32())
}

// asked is what was asked for when the size was chosen that the server has now; else what the size has.
func (sv *server) asked() (cpus, memory int64) {
	cpus, memory = sv.Flavor.CPUs, sv.Flavor.Memory
	for _, tag := range sv.Tags {
		rest, ok := strings.CutPrefix(tag, markLeast)
		if !ok {
			continue
		}
		var c, m int64
		var of string
		if n, _ := fmt.Sscanf(strings.ReplaceAll(rest, ":", " "), "%d %d %s", &c, &m, &of); n == 3 && of == sign(sv.Flavor.Name) {
			return c, m
		}
	}
	return cpus, memory
}
