package vcenter

import (
	"context"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
)

func newDatacenter(ctx context.Context, client *vim25.Client, name string) (*datacenter, error) {
	finder := find.NewFinder(client)
	dc, err := finder.Datacenter(ctx, "/"+name)
	if err != nil {
		return nil, err
	}
	finder.SetDatacenter(dc)
	d := &datacenter{client: client}
	if d.folders, err = dc.Folders(ctx); err != nil {
		return nil, err
	}
	if d.pool, err = finder.ResourcePool(ctx, Cluster+"/Resources"); err != nil {
		return nil, err
	}
	if d.datastore, err = finder.Datastore(ctx, Datastore); err != nil {
		return nil, err
	}
	network, err := finder.Network(ctx, Network)
	if err != nil {
		return nil, err
	}
	if d.network, err = network.EthernetCardBackingInfo(ctx); err != nil {
		return nil, fmt.Errorf("network %s: %w", Network, err)
	}
	return d, nil
}

// rename sets the name of an object wherever its type keeps it.
func rename(e mo.Entity, names map[string]string) {
	entity := e.Entity()
	if pg, ok := e.(*simulator.DistributedVirtualPortgroup); ok && strings.Contains(pg.Name, "-DVUplinks") {
		pg.Config.Uplink = new(true)
	}
	old := entity.Name
	if old == "" {
		old = secondName(e)
	}
	name, ok := names[old]
	if !ok {
		return
	}
	entity.Name = name
	switch o := e.(type) {
	case *simulator.DistributedVirtualPortgroup:
		o.Name, o.Config.Name = name, name
		if s := o.Summary.GetNetworkSummary(); s != nil {
			s.Name = name
		}
	case *simulator.Datastore:
		o.Summary.Name, o.Info.GetDatastoreInfo().Name = name, name
	case *simulator.HostSystem:
		o.Summary.Config.Name = name
	}
}

// secondName is the name of types that have a name field of their own beside the entity's.
func secondName(e mo.Entity) string {
	if pg, ok := e.(*simulator.DistributedVirtualPortgroup); ok {
		return pg.Name
	}
	return ""
}
