package sandbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// checkpoint is a snapshot as its file has it.
type checkpoint struct {
	head
	Description string `json:"description,omitempty"`
	Machine     string `json:"machine"` // id
	Memory      bool   `json:"memory,omitempty"`
	Quiesced    bool   `json:"quiesced,omitempty"`
	MiB         int64  `json:"mib"` // of the boot disk
}

func (c *checkpoint) check() error {
	if c.Machine == "" {
		return errors.New("a snapshot needs machine")
	}
	return nil
}

// snapshots implements [platform.Resource] for snapshots.
type snapshots struct {
	shelf[platform.Snapshot, *platform.Snapshot, checkpoint, *checkpoint]
}

func newSnapshots(s *store, like likeness) *snapshots {
	x := &snapshots{}
	x.shelf = newShelf(s.snapshots, like, x.fillSnapshot)
	x.paths = func(c *checkpoint) []string {
		if m, err := s.machines.get(c.Machine); err == nil {
			return []string{m.Name + "/" + c.Name}
		}
		return nil
	}
	return x
}

func (s *snapshots) fillSnapshot(_ context.Context, c *checkpoint, have *platform.Snapshot) {
	have.Name, have.Description, have.MachineID = c.Name, some(c.Description), c.Machine
	have.Memory, have.Quiesce = new(c.Memory), new(c.Quiesced)
	have.CreatedAt = new(c.Created.Format(time.RFC3339Nano))
	have.Native = map[string]string{"file": s.file("snapshot", c.id)}
}

// Create takes a snapshot; its name is unique among those of its machine.
func (s *snapshots) Create(ctx context.Context, want *platform.Snapshot, made func(id string)) error {
	c := &checkpoint{head: head{Name: want.Name}, Machine: want.MachineID, Memory: deref(want.Memory), Quiesced: deref(want.Quiesce)}
	return s.make(ctx, want, c, made, func(*change) error {
		m, err := s.machines.get(want.MachineID)
		if err != nil {
			return platform.At(err, "machine_id")
		}
		if err := s.table.free(ctx, want.Name, "", func(o *checkpoint) bool { return o.Machine == m.id }); err != nil {
			return err
		}
		if c.Memory && m.State == stopped {
			return platform.At(platform.As(platform.ErrInvalid, errors.New("the machine is off and has no memory to save")), "memory")
		}
		if c.Quiesced && (m.Guest == nil || !m.Guest.Agent) {
			return platform.At(platform.As(platform.ErrInvalid, errors.New("the guest's agent does not answer")), "quiesce")
		}
		if at := slices.IndexFunc(m.Disks, func(d vdisk) bool { return d.Boot }); at >= 0 {
			c.MiB = m.Disks[at].MiB
		}
		return s.settings(c, &platform.Snapshot{}, want)
	}, nil)
}

func (s *snapshots) settings(c *checkpoint, prior, want *platform.Snapshot) error {
	c.Name = want.Name
	set(&c.Description, prior.Description, want.Description, "")
	return setBlock(&c.head, s.like.block, prior, want)
}

// Update changes name and description; everything else makes it another snapshot.
func (s *snapshots) Update(ctx context.Context, prior, want *platform.Snapshot) error {
	c, err := s.revise(ctx, want.Name, want, func(_ *change, c *checkpoint) error {
		if want.Name == c.Name {
			return nil
		}
		return s.table.free(ctx, want.Name, c.id, func(o *checkpoint) bool { return o.Machine == c.Machine })
	}, func(_ *change, c *checkpoint) error { return s.settings(c, prior, want) })
	if err != nil {
		return err
	}
	s.complete(ctx, c, want)
	return nil
}

// Delete removes a snapshot.
func (s *snapshots) Delete(ctx context.Context, have *platform.Snapshot) error {
	return s.destroy(ctx, have, func(*change, *checkpoint) error { return nil }, func(*change, *checkpoint) error { return nil })
}
