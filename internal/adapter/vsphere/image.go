package vsphere

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// images are the templates of a connection, and any machine that somebody names as one. Their stable id is the
// instance UUID.
type images struct{ s *session }

var (
	_ platform.Resource[platform.Image] = (*images)(nil)
	_ platform.Lister[platform.Image]   = (*images)(nil)
	_ platform.Finder[platform.Image]   = (*images)(nil)
	_ platform.Planner[platform.Image]  = (*images)(nil)
)

func imageProps() []types.PropertySpec {
	return []types.PropertySpec{{Type: kindMachine, PathSet: []string{
		"name", "parent", "customValue", "config.instanceUuid", "config.uuid", "config.template", "config.createDate",
		"config.hardware.device", "config.extraConfig", "runtime.powerState",
	}}}
}

// at reads an image by its id.
func (i *images) at(ctx context.Context, id string) (*mo.VirtualMachine, error) {
	ref, known := i.s.reader.recall(id)
	if known {
		if vm, err := i.read(ctx, ref); err != nil || vm != nil && vm.Config != nil && vm.Config.InstanceUuid == id {
			return vm, err
		}
	}
	found, err := i.s.byUUID(ctx, id)
	if err != nil {
		return nil, failed("look up the image", id, err)
	}
	if found == nil {
		return nil, i.gone(id)
	}
	vm, err := i.read(ctx, *found)
	if err == nil && (vm == nil || vm.Config == nil) {
		err = i.gone(id)
	}
	return vm, err
}

func (i *images) gone(id string) error {
	err := fmt.Errorf("%s has no such template that the user may see", i.s.server)
	return failed("find the image", id, platform.As(platform.ErrNotFound, err))
}

// byUUID finds the machine or template with an instance UUID; nil is none.
func (s *session) byUUID(ctx context.Context, id string) (*types.ManagedObjectReference, error) {
	res, err := methods.FindByUuid(ctx, s.vim, &types.FindByUuid{
		This: *s.vim.ServiceContent.SearchIndex, Uuid: id, VmSearch: true, InstanceUuid: new(true),
	})
	if err != nil {
		return nil, err
	}
	return res.Returnval, nil
}

// read gives the machine behind a reference; nil is one that is gone.
func (i *images) read(ctx context.Context, ref types.ManagedObjectReference) (*mo.VirtualMachine, error) {
	contents, err := i.s.retrieve(ctx, []types.ObjectSpec{{Obj: ref}}, imageProps())
	if err != nil {
		return nil, failed("read the image", ref.Value, err)
	}
	found, err := decodeMachines(contents)
	if err != nil || len(found) == 0 {
		return nil, failed("read the image", ref.Value, err)
	}
	i.s.reader.remember(&found[0])
	return &found[0], nil
}

// Read fills have.
func (i *images) Read(ctx context.Context, have *platform.Image) error {
	vm, err := i.at(ctx, value(have.ID))
	if err != nil {
		return err
	}
	return i.fill(ctx, vm, have)
}

// fill is the one translation from a template of the API.
func (i *images) fill(ctx context.Context, vm *mo.VirtualMachine, have *platform.Image) error {
	*have = platform.Image{Meta: have.Meta, Name: plainName(vm.Name)}
	have.ID = &vm.Config.InstanceUuid
	if disks := disksOf(vm); len(disks) > 0 {
		have.Size = new(disks[0].size())
	}
	if created := vm.Config.CreateDate; created != nil {
		have.CreatedAt = new(created.UTC().Format(time.RFC3339))
	}
	tags, err := i.s.fields.tags(ctx, vm.CustomValue)
	if err != nil {
		return err
	}
	have.Tags = tags
	path, err := i.s.pathIn(ctx, vm.Parent, plainName(vm.Name))
	if err != nil {
		return err
	}
	have.Native = map[string]string{"moref": vm.Self.Value, "uuid": vm.Config.Uuid, "path": path}
	return nil
}

// all reads every machine and template: one request for each page.
func (i *images) all(ctx context.Context, props []types.PropertySpec) ([]mo.VirtualMachine, error) {
	contents, err := i.s.listed(ctx, props)
	if err != nil {
		return nil, failed("list the templates of", i.s.server, err)
	}
	return decodeMachines(contents)
}

// List gives the templates.
func (i *images) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Image], error] {
	return func(yield func(platform.Entry[platform.Image], error) bool) {
		found, err := i.all(ctx, imageProps())
		if err != nil {
			yield(platform.Entry[platform.Image]{}, err)
			return
		}
		for n := range found {
			vm := &found[n]
			if vm.Config == nil || !vm.Config.Template {
				continue
			}
			var got platform.Image
			err := i.fill(ctx, vm, &got) // now: the filling may come when the list is over
			fill := func(have *platform.Image) error {
				got.Platform, got.Timeouts = have.Platform, have.Timeouts
				*have = got
				return err
			}
			if !yield(platform.Entry[platform.Image]{ID: vm.Config.InstanceUuid, Name: plainName(vm.Name), Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves an instance UUID, a moref, a name or an inventory path, whole or as far as it is unique. A name is
// that of a template; a machine that is none counts where no template has it.
func (i *images) Find(ctx context.Context, ref string) (string, error) {
	props := []types.PropertySpec{{Type: kindMachine, PathSet: []string{"name", "parent", "config.template", "config.instanceUuid"}}}
	all, err := i.all(ctx, props)
	if err != nil {
		return "", err
	}
	paths, err := i.paths(ctx, all)
	if err != nil {
		return "", err
	}
	inside, err := i.root(ctx)
	if err != nil {
		return "", err
	}
	var templates, others []mo.VirtualMachine
	for n := range all {
		vm := &all[n]
		path, known := paths[vm.Self]
		switch {
		case !known:
		case vm.Config.InstanceUuid == ref || vm.Self.Value == ref || path == ref:
			return i.found(vm), nil
		case strings.HasPrefix(ref, "/") || !strings.HasPrefix(path, inside) || !strings.HasSuffix(path, "/"+strings.TrimSuffix(ref, "/")):
		case vm.Config.Template:
			templates = append(templates, *vm)
		default:
			others = append(others, *vm)
		}
	}
	if len(templates) == 0 {
		templates = others
	}
	return i.one(ref, templates, paths)
}

// paths spells where the machines are of which the server tells the configuration.
func (i *images) paths(ctx context.Context, all []mo.VirtualMachine) (map[types.ManagedObjectReference]string, error) {
	paths := map[types.ManagedObjectReference]string{}
	for _, vm := range all {
		if vm.Config == nil {
			continue
		}
		path, err := i.s.pathIn(ctx, vm.Parent, plainName(vm.Name))
		if err != nil {
			return nil, err
		}
		paths[vm.Self] = path
	}
	return paths, nil
}

// root is where names count: the connection's datacenter, or everything where it has none.
func (i *images) root(ctx context.Context) (string, error) {
	if i.s.config.String(setDatacenter) == "" {
		return "/", nil
	}
	dc, err := i.s.datacenter(ctx)
	if err != nil {
		return "", err
	}
	path, err := i.s.inventory.path(ctx, dc.ref)
	return path + "/", err
}

// found gives the id of a machine and remembers where it is: it is read next.
func (i *images) found(vm *mo.VirtualMachine) string {
	i.s.reader.note(vm.Config.InstanceUuid, vm.Self)
	return vm.Config.InstanceUuid
}

// one gives the id of the only match.
func (i *images) one(ref string, found []mo.VirtualMachine, paths map[types.ManagedObjectReference]string) (string, error) {
	switch len(found) {
	case 0:
		err := fmt.Errorf("%s has no template %q that the user may see", i.s.server, ref)
		return "", failed("find the image", ref, platform.As(platform.ErrNotFound, err))
	case 1:
		return i.found(&found[0]), nil
	}
	several := &platform.AmbiguousError{Ref: ref}
	for _, vm := range found {
		several.Matches = append(several.Matches, paths[vm.Self])
	}
	slices.Sort(several.Matches)
	return "", failed("find the image", ref, platform.As(platform.ErrInvalid, several))
}

// errNoMachine is an image that nothing is made from.
var errNoMachine = errors.New("an image here is made from a machine: set machine_id")

// Plan names what a new name alters beside itself.
func (i *images) Plan(_ context.Context, p *platform.Plan[platform.Image]) error {
	if p.Prior != nil && p.Changed("name") {
		p.Recompute("native")
	}
	return nil
}
