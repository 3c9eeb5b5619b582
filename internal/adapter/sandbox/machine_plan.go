package sandbox

import (
	"context"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Plan softens what needs a restart when there is nothing to restart, and names what a change alters; see
// [platform.Planner].
func (s *machines) Plan(_ context.Context, p *platform.Plan[platform.Machine]) error {
	if p.Prior == nil {
		return nil
	}
	if deref(p.Prior.Power) == platform.PowerOff {
		s.soften(p)
	}
	if p.Changed("power") {
		p.Recompute("booted_at")
		p.Recompute("addresses")
	}
	if p.Changed("nics") {
		p.Recompute("addresses")
		p.Recompute("unmanaged_nics")
	}
	if p.Changed("disks") {
		p.Recompute("unmanaged_disks")
	}
	s.recomputeSize(p)
	for _, key := range platform.Keys(p.Want.Disks) {
		if _, old := p.Prior.Disks[key]; old && p.Changed("disks", key, "disk_id") {
			for _, attribute := range []string{"id", "size", "type", "storage"} {
				p.Recompute("disks", key, attribute)
			}
		}
	}
	return nil
}

// recomputeSize names what follows from a changed size, or what a changed number does to the size's name.
func (s *machines) recomputeSize(p *platform.Plan[platform.Machine]) {
	cpus, memory, name := p.Changed("cpus"), p.Changed("memory"), p.Changed("size")
	if name && !cpus {
		p.Recompute("cpus")
	}
	if name && !memory {
		p.Recompute("memory")
	}
	if (cpus || memory) && !name {
		p.Recompute("size")
	}
}

func (s *machines) soften(p *platform.Plan[platform.Machine]) {
	for _, d := range differences(p.Prior, p.Want) {
		if d.class(s.like.traits["machine"]) == platform.ClassRestart {
			p.Soften(platform.ClassLive, d.path...)
		}
	}
	for row, trait := range s.like.traits["machine"] {
		if trait.Class == platform.ClassRestart && !trait.Elements {
			p.Soften(platform.ClassLive, platform.ParsePath(row)...)
		}
	}
}
