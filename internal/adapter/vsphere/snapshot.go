package vsphere

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// snapshots are those of the machines of a connection. Their stable id is "<machine's instance UUID>/<moref>".
type snapshots struct{ s *session }

var (
	_ platform.Resource[platform.Snapshot] = (*snapshots)(nil)
	_ platform.Lister[platform.Snapshot]   = (*snapshots)(nil)
	_ platform.Finder[platform.Snapshot]   = (*snapshots)(nil)
	_ platform.Planner[platform.Snapshot]  = (*snapshots)(nil)
)

func snapshotID(machine string, ref types.ManagedObjectReference) string {
	return machine + "/" + ref.Value
}

func snapshotProps() []types.PropertySpec {
	return []types.PropertySpec{{Type: kindMachine, PathSet: []string{"name", "parent", "config.instanceUuid", "snapshot"}}}
}

// machine reads a machine and its tree of snapshots.
func (t *snapshots) machine(ctx context.Context, id string) (*mo.VirtualMachine, error) {
	for _, remembered := range []bool{true, false} {
		ref, known := t.s.reader.recall(id)
		if !remembered {
			found, err := t.s.byUUID(ctx, id)
			if err != nil {
				return nil, failed("look up the machine", id, err)
			}
			if found == nil {
				break
			}
			ref, known = *found, true
		}
		if !known {
			continue
		}
		contents, err := t.s.retrieve(ctx, []types.ObjectSpec{{Obj: ref}}, snapshotProps())
		if err != nil {
			return nil, failed("read the snapshots of", id, err)
		}
		found, err := decodeMachines(contents)
		if err != nil {
			return nil, failed("read the snapshots of", id, err)
		}
		if len(found) > 0 && found[0].Config != nil && found[0].Config.InstanceUuid == id {
			t.s.reader.remember(&found[0])
			return &found[0], nil
		}
	}
	return nil, gone(id, t.s.server)
}

// trees walks a machine's snapshots, parents first.
func trees(vm *mo.VirtualMachine) iter.Seq[*types.VirtualMachineSnapshotTree] {
	return func(yield func(*types.VirtualMachineSnapshotTree) bool) {
		if vm.Snapshot != nil {
			walk(vm.Snapshot.RootSnapshotList, yield)
		}
	}
}

func walk(list []types.VirtualMachineSnapshotTree, yield func(*types.VirtualMachineSnapshotTree) bool) bool {
	for i := range list {
		if !yield(&list[i]) || !walk(list[i].ChildSnapshotList, yield) {
			return false
		}
	}
	return true
}

// at reads a snapshot by its id.
func (t *snapshots) at(ctx context.Context, id string) (*mo.VirtualMachine, *types.VirtualMachineSnapshotTree, error) {
	machine, ref, ok := strings.Cut(id, "/")
	if !ok {
		err := errors.New(`a snapshot's id is "<machine>/<snapshot>"`)
		return nil, nil, failed("find the snapshot", id, platform.As(platform.ErrInvalid, err))
	}
	vm, err := t.machine(ctx, machine)
	if err != nil {
		return nil, nil, err
	}
	for s := range trees(vm) {
		if s.Snapshot.Value == ref {
			return vm, s, nil
		}
	}
	err = fmt.Errorf("the machine %s has no such snapshot", plainName(vm.Name))
	return nil, nil, failed("find the snapshot", id, platform.As(platform.ErrNotFound, err))
}

// Read fills have.
func (t *snapshots) Read(ctx context.Context, have *platform.Snapshot) error {
	vm, s, err := t.at(ctx, value(have.ID))
	if err != nil {
		return err
	}
	fillSnapshot(vm, s, have)
	return nil
}

// fillSnapshot is the one translation from a snapshot of the API.
func fillSnapshot(vm *mo.VirtualMachine, s *types.VirtualMachineSnapshotTree, have *platform.Snapshot) {
	*have = platform.Snapshot{Meta: have.Meta, Name: s.Name, MachineID: vm.Config.InstanceUuid}
	have.ID = new(snapshotID(vm.Config.InstanceUuid, s.Snapshot))
	have.Description = unless(strings.TrimSpace(s.Description), "")
	have.CreatedAt = new(s.CreateTime.UTC().Format(time.RFC3339))
	have.Native = map[string]string{"moref": s.Snapshot.Value, "number": fmt.Sprint(s.Id)}
}

// List gives the snapshots of all machines: one request for each page of machines.
func (t *snapshots) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Snapshot], error] {
	return func(yield func(platform.Entry[platform.Snapshot], error) bool) {
		contents, err := t.s.listed(ctx, snapshotProps())
		var found []mo.VirtualMachine
		if err == nil {
			found, err = decodeMachines(contents)
		}
		if err != nil {
			yield(platform.Entry[platform.Snapshot]{}, failed("list the snapshots of", t.s.server, err))
			return
		}
		for i := range found {
			vm := &found[i]
			for s := range trees(vm) {
				fill := func(have *platform.Snapshot) error { fillSnapshot(vm, s, have); return nil }
				if !yield(platform.Entry[platform.Snapshot]{ID: snapshotID(vm.Config.InstanceUuid, s.Snapshot), Name: s.Name, Fill: fill}, nil) {
					return
				}
			}
		}
	}
}

// Find resolves an id, or "<machine>/<name of the snapshot>" where the machine is anything that names one.
func (t *snapshots) Find(ctx context.Context, ref string) (string, error) {
	cut := strings.LastIndex(ref, "/")
	if cut <= 0 {
		err := errors.New(`name it as "<machine>/<snapshot>"`)
		return "", failed("find the snapshot", ref, platform.As(platform.ErrInvalid, err))
	}
	id, err := (&machines{t.s}).Find(ctx, ref[:cut])
	if err != nil {
		return "", err
	}
	vm, err := t.machine(ctx, id)
	if err != nil {
		return "", err
	}
	several := &platform.AmbiguousError{Ref: ref}
	for s := range trees(vm) {
		if s.Snapshot.Value == ref[cut+1:] {
			return snapshotID(id, s.Snapshot), nil
		}
		if s.Name == ref[cut+1:] {
			several.Matches = append(several.Matches, snapshotID(id, s.Snapshot))
		}
	}
	switch len(several.Matches) {
	case 0:
		err := fmt.Errorf("the machine %s has no such snapshot", plainName(vm.Name))
		return "", failed("find the snapshot", ref, platform.As(platform.ErrNotFound, err))
	case 1:
		return several.Matches[0], nil
	}
	return "", failed("find the snapshot", ref, platform.As(platform.ErrInvalid, several))
}
