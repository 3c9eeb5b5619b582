package vsphere

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Kinds of inventory objects by the names of their managed types. A cluster is a kind of ComputeResource, a vApp of
// ResourcePool, a storage pod of Folder, a distributed port group of Network.
const (
	kindFolder     = "Folder"
	kindDatacenter = "Datacenter"
	kindCompute    = "ComputeResource"
	kindPool       = "ResourcePool"
	kindHost       = "HostSystem"
	kindDatastore  = "Datastore"
	kindNetwork    = "Network"
	kindSwitch     = "DistributedVirtualSwitch"
	kindMachine    = "VirtualMachine"
)

// node is an object of the inventory, any but a machine.
type node struct {
	ref    types.ManagedObjectReference
	name   string // as people write it, "a/b" where the API says "a%2fb"
	parent types.ManagedObjectReference

	pool       types.ManagedObjectReference // of a compute resource: its root pool
	vmFolder   types.ManagedObjectReference // of a datacenter
	dvs        types.ManagedObjectReference // of a distributed port group: its switch
	switchUUID string                       // of a distributed switch
}

// inventory knows the names, the places and the paths of everything but machines. It reads all of it in one
// request when it is first asked, and once more whenever something is not there.
type inventory struct {
	session *session

	loading    sync.Mutex
	mu         sync.Mutex
	nodes      map[types.ManagedObjectReference]*node
	view       types.ManagedObjectReference
	generation int64 // of the session that the view belongs to
	loads      int
}

func newInventory(s *session) *inventory { return &inventory{session: s} }

// inventoryProperties are what is read of everything but machines.
func inventoryProperties() []types.PropertySpec {
	spec := func(kind string, more ...string) types.PropertySpec {
		return types.PropertySpec{Type: kind, PathSet: append([]string{"name", "parent"}, more...)}
	}
	return []types.PropertySpec{
		spec(kindFolder), spec(kindDatacenter, "vmFolder"), spec(kindCompute, "resourcePool"), spec(kindPool), spec(kindHost),
		spec(kindDatastore), spec(kindNetwork), spec("DistributedVirtualPortgroup", "config.distributedVirtualSwitch"),
		spec(kindSwitch, "uuid"),
	}
}

// container gives the session's view of the whole inventory, machines included.
func (i *inventory) container(ctx context.Context) (types.ManagedObjectReference, error) {
	i.mu.Lock()
	view, generation := i.view, i.generation
	i.mu.Unlock()
	vim := i.session.vim
	if now := i.session.generation.Load(); view.Value != "" && generation == now {
		return view, nil
	}
	req := types.CreateContainerView{
		This: *vim.ServiceContent.ViewManager, Container: vim.ServiceContent.RootFolder, Recursive: true,
		Type: []string{kindFolder, kindDatacenter, kindCompute, kindPool, kindHost, kindDatastore, kindNetwork, kindSwitch, kindMachine},
	}
	res, err := methods.CreateContainerView(ctx, vim, &req)
	if err != nil {
		return types.ManagedObjectReference{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.view, i.generation = res.Returnval, i.session.generation.Load()
	return i.view, nil
}

// ensure loads the inventory unless it was loaded more than seen times already.
func (i *inventory) ensure(ctx context.Context, seen int) error {
	i.loading.Lock()
	defer i.loading.Unlock()
	i.mu.Lock()
	loads := i.loads
	i.mu.Unlock()
	if loads > seen {
		return nil
	}
	contents, err := i.read(ctx)
	if err != nil {
		return failed("read the inventory of", i.session.server, err)
	}
	i.absorb(contents)
	return nil
}

// read retrieves everything but machines; a view that went with its session is made again.
func (i *inventory) read(ctx context.Context) ([]types.ObjectContent, error) {
	props := inventoryProperties()
	for try := 0; ; try++ {
		view, err := i.container(ctx)
		if err != nil {
			return nil, err
		}
		before := i.session.generation.Load()
		contents, err := i.session.retrieve(ctx, []types.ObjectSpec{through(view)}, props)
		if before == i.session.generation.Load() || try > 0 {
			return contents, err
		}
	}
}

// absorb replaces what is known by a complete reading.
func (i *inventory) absorb(contents []types.ObjectContent) {
	nodes := make(map[types.ManagedObjectReference]*node, len(contents))
	for _, c := range contents {
		if c.Obj.Type != kindMachine {
			nodes[c.Obj] = nodeOf(c)
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.nodes = nodes
	i.loads++
}

func nodeOf(c types.ObjectContent) *node {
	n := &node{ref: c.Obj}
	for _, p := range c.PropSet {
		ref, _ := p.Val.(types.ManagedObjectReference)
		text, _ := p.Val.(string)
		switch p.Name {
		case "name":
			n.name = plainName(text)
		case "parent":
			n.parent = ref
		case "resourcePool":
			n.pool = ref
		case "vmFolder":
			n.vmFolder = ref
		case "config.distributedVirtualSwitch":
			n.dvs = ref
		case "uuid":
			n.switchUUID = text
		}
	}
	return n
}

// plainName undoes the escapes of the API.
func plainName(name string) string {
	return strings.NewReplacer("%2f", "/", "%2F", "/", "%5c", `\`, "%5C", `\`, "%25", "%").Replace(name)
}

// apiName writes a name as the API compares it.
func apiName(name string) string {
	return strings.NewReplacer("%", "%25", "/", "%2f", `\`, "%5c").Replace(name)
}

// get gives an object; nil when it is unknown even after reading again.
func (i *inventory) get(ctx context.Context, ref types.ManagedObjectReference) (*node, error) {
	for try := 0; ; try++ {
		i.mu.Lock()
		n, loads := i.nodes[ref], i.loads
		i.mu.Unlock()
		if n != nil || try > 0 && loads > 0 {
			return n, nil
		}
		if err := i.ensure(ctx, loads); err != nil {
			return nil, err
		}
	}
}

// path spells where an object is, "/DC0/vm/web"; the part above what the user may see is missing.
func (i *inventory) path(ctx context.Context, ref types.ManagedObjectReference) (string, error) {
	if _, err := i.get(ctx, ref); err != nil {
		return "", err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.pathOf(ref), nil
}

// pathOf needs the lock.
func (i *inventory) pathOf(ref types.ManagedObjectReference) string {
	var parts []string
	for n := i.nodes[ref]; n != nil; n = i.nodes[n.parent] {
		parts = append(parts, apiName(n.name))
	}
	slices.Reverse(parts)
	return "/" + strings.Join(parts, "/")
}

// within says whether an object is below another one. It needs the lock.
func (i *inventory) within(ref, above types.ManagedObjectReference) bool {
	for n := i.nodes[ref]; n != nil; n = i.nodes[n.parent] {
		if n.ref == above || n.parent == above {
			return true
		}
	}
	return false
}

// find resolves a name, an inventory path or a moref to the one object of a kind. below, when set, narrows names and
// relative paths to what is inside it.
func (i *inventory) find(ctx context.Context, kind, ref string, below types.ManagedObjectReference) (*node, error) {
	for try := 0; ; try++ {
		i.mu.Lock()
		matches, loads := i.matches(kind, ref, below), i.loads
		err := i.ambiguous(ref, matches)
		where := i.pathOf(below)
		i.mu.Unlock()
		switch {
		case err != nil:
			return nil, platform.As(platform.ErrInvalid, err)
		case len(matches) == 1:
			return matches[0], nil
		case try > 0 && loads > 0:
			err := fmt.Errorf("no %s %q in %s of %s", kindName(kind), ref, where, i.session.server)
			return nil, platform.As(platform.ErrNotFound, err)
		}
		if err := i.ensure(ctx, loads); err != nil {
			return nil, err
		}
	}
}

// matches needs the lock.
func (i *inventory) matches(kind, ref string, below types.ManagedObjectReference) []*node {
	var found []*node
	for _, n := range i.nodes {
		if !isKind(n.ref.Type, kind) {
			continue
		}
		if n.ref.Value == ref {
			return []*node{n}
		}
		if below.Value != "" && !i.within(n.ref, below) {
			continue
		}
		path := i.pathOf(n.ref)
		if n.name == ref || path == ref || strings.Contains(ref, "/") && strings.HasSuffix(path, "/"+strings.Trim(ref, "/")) && !strings.HasPrefix(ref, "/") {
			found = append(found, n)
		}
	}
	return found
}

// ambiguous needs the lock.
func (i *inventory) ambiguous(ref string, matches []*node) error {
	if len(matches) < 2 {
		return nil
	}
	err := &platform.AmbiguousError{Ref: ref}
	for _, n := range matches {
		err.Matches = append(err.Matches, i.pathOf(n.ref))
	}
	slices.Sort(err.Matches)
	return err
}

// all lists what there is of a kind below an object.
func (i *inventory) all(ctx context.Context, kind string, below types.ManagedObjectReference) ([]*node, error) {
	if err := i.ensure(ctx, 0); err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	var found []*node
	for _, n := range i.nodes {
		if isKind(n.ref.Type, kind) && (below.Value == "" || i.within(n.ref, below)) {
			found = append(found, n)
		}
	}
	slices.SortFunc(found, func(a, b *node) int { return platform.CompareNatural(i.pathOf(a.ref), i.pathOf(b.ref)) })
	return found, nil
}

// isKind says whether a managed type is of a kind.
func isKind(managed, kind string) bool {
	derived := map[string]string{
		"ClusterComputeResource": kindCompute, "VirtualApp": kindPool, "OpaqueNetwork": kindNetwork,
		"DistributedVirtualPortgroup": kindNetwork, "VmwareDistributedVirtualSwitch": kindSwitch, "StoragePod": kindFolder,
	}
	return managed == kind || derived[managed] == kind
}

// kindName is what people call a kind.
func kindName(kind string) string {
	return map[string]string{
		kindFolder: "folder", kindDatacenter: "datacenter", kindCompute: "cluster or host", kindPool: "resource pool", kindHost: "host",
		kindDatastore: "datastore", kindNetwork: "network", kindSwitch: "distributed switch", kindMachine: "machine",
	}[kind]
}
