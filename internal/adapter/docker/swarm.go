package docker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/swarm"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// managing refuses what only the manager of a swarm can do, before anything is tried.
func (s *session) managing() error {
	if s.podman {
		return platform.As(platform.ErrUnsupported, errors.New("Podman has no Swarm: use virt_container and virt_volume, or a Docker engine")) //nolint:staticcheck // a name
	}
	switch state := s.info.Swarm.LocalNodeState; {
	case state == swarm.LocalNodeStateActive && s.info.Swarm.ControlAvailable:
		return nil
	case state == swarm.LocalNodeStateActive:
		return platform.As(platform.ErrUnsupported, errors.New("the engine is a worker of its swarm: name one of the managers in the setting host, or make this one a manager: docker node promote "+s.info.Name))
	case state == swarm.LocalNodeStateLocked:
		return platform.As(platform.ErrUnsupported, errors.New("the engine's swarm is locked: docker swarm unlock"))
	}
	return platform.As(platform.ErrUnsupported, errors.New("the engine is in no swarm: make it a manager: docker swarm init"))
}

// randomDigits is n random hexadecimal digits.
func randomDigits(n int) string {
	b := make([]byte, (n+1)/2)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)[:n]
}

// answerLost reports whether nobody knows if the engine did what it was asked for: the answer never came.
func answerLost(err error) bool {
	_, class := classify(err)
	return errors.Is(class, platform.ErrUnreachable) || errors.Is(class, platform.ErrTimeout) ||
		errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "connection reset")
}

// nameTaken reports whether the engine refused a name that something has already.
func nameTaken(err error) bool {
	return err != nil && (cerrdefs.IsAlreadyExists(err) || cerrdefs.IsConflict(err) || strings.Contains(err.Error(), "name conflicts with an existing object"))
}

// outOfSequence reports whether somebody else changed the object between our look and our change.
func outOfSequence(err error) bool {
	return err != nil && strings.Contains(err.Error(), "update out of sequence")
}

// alreadyThere is the error of a name that is taken.
func alreadyThere(op, name, id string) error {
	return platform.As(platform.ErrExists, &platform.OpError{Op: op, On: name, Err: &platform.ExistsError{Name: name, ID: id}})
}

// described is what every object of a swarm says of itself.
func described(m swarm.Meta, more map[string]string) map[string]string {
	native := map[string]string{"created_at": m.CreatedAt.UTC().Format("2006-01-02T15:04:05Z")}
	for key, value := range more {
		if value != "" {
			native[key] = value
		}
	}
	return native
}

// graceful is for looking after something once a context has ended: a few seconds of its own.
func graceful(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
}
