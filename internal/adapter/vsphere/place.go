package vsphere

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// datacenter gives the connection's datacenter, or the only one there is.
func (s *session) datacenter(ctx context.Context) (*node, error) {
	if ref := s.config.String(setDatacenter); ref != "" {
		return s.inventory.find(ctx, kindDatacenter, ref, types.ManagedObjectReference{})
	}
	return s.sole(ctx, kindDatacenter, types.ManagedObjectReference{}, "Set datacenter in the vsphere block of the platform")
}

// sole gives the only object of a kind; where there are more the hint says which setting chooses.
func (s *session) sole(ctx context.Context, kind string, below types.ManagedObjectReference, hint string) (*node, error) {
	found, err := s.inventory.all(ctx, kind, below)
	if err != nil {
		return nil, err
	}
	if len(found) == 1 {
		return found[0], nil
	}
	text := fmt.Sprintf("there is none that %q may see", s.config.String(setUser))
	if len(found) > 1 {
		names := make([]string, len(found))
		for i, n := range found {
			names[i] = n.name
		}
		text = fmt.Sprintf("there are %d: %s", len(found), strings.Join(names, ", "))
	}
	return nil, platform.As(platform.ErrInvalid, &platform.OpError{Op: "choose a " + kindName(kind), Err: errors.New(text), Hint: hint})
}

// datastore resolves a datastore by name, path or moref; "" is the connection's own or the only one.
func (s *session) datastore(ctx context.Context, ref string) (*node, error) {
	dc, err := s.datacenter(ctx)
	if err != nil {
		return nil, err
	}
	if ref == "" {
		ref = s.config.String(setDatastore)
	}
	if ref == "" {
		return s.sole(ctx, kindDatastore, dc.ref, "Set datastore in the vsphere block of the platform, or storage of the disk")
	}
	return s.inventory.find(ctx, kindDatastore, ref, dc.ref)
}

// pool resolves the resource pool of machines: ref, else the connection's resource_pool, else the root pool of its
// host or cluster, else that of the only cluster.
func (s *session) pool(ctx context.Context, ref string) (*node, error) {
	dc, err := s.datacenter(ctx)
	if err != nil {
		return nil, err
	}
	compute, err := s.compute(ctx, dc)
	if err != nil && ref == "" && s.config.String(setPool) == "" {
		return nil, err
	}
	if ref == "" {
		ref = s.config.String(setPool)
	}
	if ref == "" {
		return s.inventory.get(ctx, compute.pool)
	}
	below := dc.ref
	if compute != nil && !strings.HasPrefix(ref, "/") {
		below = compute.ref
	}
	found, err := s.inventory.find(ctx, kindPool, ref, below)
	if errors.Is(err, platform.ErrNotFound) && below != dc.ref {
		return s.inventory.find(ctx, kindPool, ref, dc.ref)
	}
	return found, err
}

// compute resolves the connection's cluster or single host.
func (s *session) compute(ctx context.Context, dc *node) (*node, error) {
	if ref := s.config.String(setCluster); ref != "" {
		return s.inventory.find(ctx, kindCompute, ref, dc.ref)
	}
	if ref := s.config.String(setHost); ref != "" {
		host, err := s.inventory.find(ctx, kindHost, ref, dc.ref)
		if err != nil {
			return nil, err
		}
		return s.inventory.get(ctx, host.parent)
	}
	return s.sole(ctx, kindCompute, dc.ref, "Set cluster, host or resource_pool in the vsphere block of the platform")
}

// host resolves a host by name, path or moref; nil where neither the machine nor the connection asks for one.
func (s *session) host(ctx context.Context, ref string) (*node, error) {
	if ref == "" {
		ref = s.config.String(setHost)
	}
	if ref == "" {
		return nil, nil
	}
	dc, err := s.datacenter(ctx)
	if err != nil {
		return nil, err
	}
	return s.inventory.find(ctx, kindHost, ref, dc.ref)
}

// machineFolder resolves the folder of machines: a path below the datacenter's vm folder, or the connection's one.
func (s *session) machineFolder(ctx context.Context, path string) (types.ManagedObjectReference, error) {
	dc, err := s.datacenter(ctx)
	if err != nil {
		return types.ManagedObjectReference{}, err
	}
	if path == "" {
		path = s.config.String(setFolder)
	}
	if path == "" {
		return dc.vmFolder, nil
	}
	root, err := s.inventory.path(ctx, dc.vmFolder)
	if err != nil {
		return types.ManagedObjectReference{}, err
	}
	found, err := s.inventory.find(ctx, kindFolder, root+"/"+strings.Trim(strings.TrimPrefix(path, root), "/"), dc.vmFolder)
	if err != nil {
		return types.ManagedObjectReference{}, err
	}
	return found.ref, nil
}

// network resolves a network by name, path or moref within the datacenter.
func (s *session) network(ctx context.Context, ref string) (*node, error) {
	dc, err := s.datacenter(ctx)
	if err != nil {
		return nil, err
	}
	return s.inventory.find(ctx, kindNetwork, ref, dc.ref)
}

// pathIn spells the path of something of which only the parent is known.
func (s *session) pathIn(ctx context.Context, parent *types.ManagedObjectReference, name string) (string, error) {
	if parent == nil {
		return "/" + apiName(name), nil
	}
	above, err := s.inventory.path(ctx, *parent)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(above, "/") + "/" + apiName(name), nil
}
