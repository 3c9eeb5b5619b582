package docker

import (
	"cmp"
	"context"
	"errors"

	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// joinTokens hands out what a host needs to join the swarm. The swarm keeps its tokens until somebody rotates them.
type joinTokens struct{ *session }

// Issue fills in the token of a role, and where to join.
func (k *joinTokens) Issue(ctx context.Context, want *platform.JoinToken) error {
	if err := k.managing(); err != nil {
		return err
	}
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.SwarmInspect(ctx, client.SwarmInspectOptions{})
	if err != nil {
		return failed("read the swarm's join tokens", "", err)
	}
	self, err := k.client.NodeInspect(ctx, k.info.Swarm.NodeID, client.NodeInspectOptions{})
	if err != nil {
		return failed("read where to join the swarm", "", err)
	}
	role, token := cmp.Or(value(want.Role), roleWorker), answer.Swarm.JoinTokens.Worker
	if role == roleManager {
		token = answer.Swarm.JoinTokens.Manager
	}
	if self.Node.ManagerStatus == nil || token == "" {
		return failed("read where to join the swarm", "", errors.New("the engine does not tell"))
	}
	want.Role, want.Token, want.Address = &role, &token, &self.Node.ManagerStatus.Addr
	return nil
}

// The roles of a node in a swarm.
const (
	roleWorker  = "worker"
	roleManager = "manager"
)

var _ platform.Issuer[platform.JoinToken] = (*joinTokens)(nil)
