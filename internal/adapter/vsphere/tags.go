package vsphere

import (
	"context"
	"sync"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// fields are the vCenter's custom attributes, which carry the tags of machines: a tag's key is the attribute's name.
// They are read with the machines themselves, which vSphere tags are not. An ESXi host has none.
type fields struct {
	session *session

	mu    sync.Mutex
	read  bool
	names map[int32]string
	keys  map[string]int32 // of those that machines can have
}

// load reads the definitions. It needs the lock.
func (f *fields) load(ctx context.Context) error {
	manager := f.session.vim.ServiceContent.CustomFieldsManager
	f.names, f.keys, f.read = map[int32]string{}, map[string]int32{}, true
	if manager == nil {
		return nil
	}
	props := []types.PropertySpec{{Type: manager.Type, PathSet: []string{"field"}}}
	contents, err := f.session.retrieve(ctx, []types.ObjectSpec{{Obj: *manager}}, props)
	if err != nil {
		f.read = false
		return failed("read the custom attributes of", f.session.server, err)
	}
	for _, c := range contents {
		for _, p := range c.PropSet {
			if list, ok := p.Val.(types.ArrayOfCustomFieldDef); ok {
				f.note(list.CustomFieldDef...)
			}
		}
	}
	return nil
}

func (f *fields) note(defs ...types.CustomFieldDef) {
	for _, d := range defs {
		if d.ManagedObjectType == "" || d.ManagedObjectType == kindMachine {
			f.names[d.Key], f.keys[d.Name] = d.Name, d.Key
		}
	}
}

// tags names the values that an object carries. An empty value is none.
func (f *fields) tags(ctx context.Context, values []types.BaseCustomFieldValue) (map[string]string, error) {
	tags := map[string]string{}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, v := range values {
		value, ok := v.(*types.CustomFieldStringValue)
		if !ok || value.Value == "" {
			continue
		}
		if _, known := f.names[value.Key]; !known {
			if err := f.load(ctx); err != nil {
				return nil, err
			}
		}
		if name := f.names[value.Key]; name != "" {
			tags[name] = value.Value
		}
	}
	return tags, nil
}

// key gives the key of a custom attribute and defines the attribute where it is missing. Another one may define it at
// the same moment.
func (f *fields) key(ctx context.Context, name string) (int32, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.keys[name]; !known {
		if err := f.load(ctx); err != nil {
			return 0, err
		}
	}
	if key, known := f.keys[name]; known {
		return key, nil
	}
	vim := f.session.vim
	if vim.ServiceContent.CustomFieldsManager == nil {
		return 0, errNoFields()
	}
	req := types.AddCustomFieldDef{This: *vim.ServiceContent.CustomFieldsManager, Name: name, MoType: kindMachine}
	res, err := methods.AddCustomFieldDef(ctx, vim, &req)
	if isFault[*types.DuplicateName](err) {
		if err = f.load(ctx); err == nil {
			return f.keys[name], nil
		}
	}
	if err != nil {
		return 0, failed("define the custom attribute", name, err)
	}
	f.note(res.Returnval)
	return res.Returnval.Key, nil
}

func errNoFields() error {
	return platform.As(platform.ErrUnsupported, &platform.OpError{
		Op: "set tags", Err: platform.ErrUnsupported, Hint: "An ESXi host without vCenter has no custom attributes: leave tags out",
	})
}

// apply makes the tags of an object what want says, given what it carries.
func (f *fields) apply(ctx context.Context, ref types.ManagedObjectReference, on string, have, want map[string]string) error {
	for _, name := range platform.Keys(want) {
		if want[name] != have[name] {
			if err := f.set(ctx, ref, on, name, want[name]); err != nil {
				return platform.At(err, "tags", name)
			}
		}
	}
	for _, name := range platform.Keys(have) {
		if _, keep := want[name]; !keep {
			if err := f.set(ctx, ref, on, name, ""); err != nil {
				return platform.At(err, "tags", name)
			}
		}
	}
	return nil
}

func (f *fields) set(ctx context.Context, ref types.ManagedObjectReference, on, name, value string) error {
	key, err := f.key(ctx, name)
	if err != nil {
		return err
	}
	req := types.SetField{This: *f.session.vim.ServiceContent.CustomFieldsManager, Entity: ref, Key: key, Value: value}
	_, err = methods.SetField(ctx, f.session.vim, &req)
	return failed("set the custom attribute "+name+" of", on, err)
}
