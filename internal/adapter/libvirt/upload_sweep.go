package libvirt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// staleAge is how long nobody has written to a temporary volume that nobody will complete any more: an upload writes all
// the time. It is told by the host's own clock.
const staleAge = time.Hour

// sweep names the temporary volumes that interrupted uploads left in a pool, and removes those that are surely dead.
// now is a volume that was just made. Nothing that happens here keeps an upload from going on.
func (s *session) sweep(ctx context.Context, p *pool, now *volume) {
	all, err := s.volumesIn(ctx, p.rpc)
	if err != nil {
		return
	}
	for _, rpc := range all {
		if !strings.HasPrefix(rpc.Name, uploadPrefix) || rpc.Name == now.name {
			continue
		}
		left, err := s.describe(ctx, rpc)
		if err != nil || left.changed.IsZero() {
			continue
		}
		if now.changed.Sub(left.changed) < staleAge {
			platform.Warn(ctx, fmt.Errorf("%s belongs to another upload that is under way, or is what an interrupted one left: "+
				"unless it is written to, delete it with `virsh vol-delete %[1]s`; one that is older than an hour is removed by the next upload", left.key))
			continue
		}
		if err := s.removeVolume(ctx, rpc); err == nil {
			platform.Warn(ctx, fmt.Errorf("removed %s, which an interrupted upload had left", left.key))
		}
	}
}

// dropParts removes what interrupted uploads of one name left in a pool. Only who knows that nobody else uploads under
// that name may ask for it. What cannot be removed stays for sweep.
func (s *session) dropParts(ctx context.Context, poolName, name string) {
	p, err := s.pool(ctx, poolName)
	if err != nil {
		return
	}
	all, err := s.volumesIn(ctx, p.rpc)
	if err != nil {
		return
	}
	for _, rpc := range all {
		if strings.HasPrefix(rpc.Name, uploadPrefix+name+"-") {
			_ = s.removeVolume(ctx, rpc)
		}
	}
}
