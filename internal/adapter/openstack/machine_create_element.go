package openstack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// nicOrder is the order in which adapters are made: that of the keys, the primary one first.
func nicOrder(nics map[string]platform.NIC) []string {
	keys := platform.Keys(nics)
	slices.SortStableFunc(keys, func(a, b string) int { return rank(!value(nics[a].Primary)) - rank(!value(nics[b].Primary)) })
	return keys
}

// makePorts makes the ports, in the order of the adapters. Ports that are there already are used as they are wanted.
func (c *creation) makePorts(ctx context.Context) (any, error) {
	own := value(c.want.OpenStack)
	if err := unknownPorts(c.want); err != nil {
		return nil, err
	}
	var networks []any
	for _, key := range nicOrder(c.want.NICs) {
		n := c.want.NICs[key]
		if given, ok := own.Ports[key]; ok {
			spec, err := c.m.portSpec(ctx, n, c.want.OpenStack)
			if err == nil {
				err = c.m.editPort(ctx, given, spec)
			}
			if err != nil {
				return nil, platform.At(err, "nics", key)
			}
			networks = append(networks, map[string]any{"port": given})
			continue
		}
		p, err := c.m.makePort(ctx, c.want.Name, key, c.birth, n, c.want.OpenStack)
		if err != nil {
			return nil, platform.At(err, "nics", key)
		}
		c.ports[key] = p.ID
		networks = append(networks, map[string]any{"port": p.ID})
	}
	if networks == nil {
		return "none", nil
	}
	return networks, nil
}

// unknownPorts refuses ports for adapters that nobody declares.
func unknownPorts(want *platform.Machine) error {
	for _, key := range platform.Keys(value(want.OpenStack).Ports) {
		if _, ok := want.NICs[key]; !ok {
			err := fmt.Errorf("nics has no %q: ports are named by the keys of nics", key)
			return platform.At(platform.As(platform.ErrInvalid, err), "openstack", "ports")
		}
	}
	return nil
}

// makeVolumes makes the inline volumes, all at a time, and lists all disks in their order.
func (c *creation) makeVolumes(ctx context.Context) ([]any, error) {
	keys := platform.Keys(c.want.Disks)
	errs := make([]error, len(keys))
	var group sync.WaitGroup
	for i, key := range keys {
		if d := c.want.Disks[key]; d.DiskID == nil {
			group.Go(func() { errs[i] = platform.At(c.makeVolume(ctx, key, d), "disks", key) })
		}
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var list []any
	for _, key := range keys {
		id := c.volumes[key]
		if d := c.want.Disks[key]; d.DiskID != nil {
			id = *d.DiskID
		}
		list = append(list, map[string]any{
			"boot_index": -1, "uuid": id, "source_type": "volume", "destination_type": "volume", "delete_on_termination": false,
		})
	}
	return list, nil
}

func (c *creation) makeVolume(ctx context.Context, key string, d platform.MachineDisk) error {
	id, err := c.m.makeVolume(ctx, c.want.Name, key, making+c.birth, d)
	if id != "" {
		c.mu.Lock()
		c.volumes[key] = id
		c.mu.Unlock()
	}
	if err != nil {
		return err
	}
	err = c.m.awaitVolume(ctx, id, "the volume to be available", func(v *cinderVolume) bool { return v.Status == "available" })
	return failed("make the volume", elementName(c.want.Name, key), err)
}

// own notes in the volumes whose they are, now that the server has an id.
func (c *creation) own(ctx context.Context, id string) error {
	c.bind()
	errs := make(chan error, len(c.volumes))
	for key, volume := range c.volumes {
		go func() {
			errs <- failed("note the machine in the metadata of the volume", volume, c.m.ownVolume(ctx, volume, key, id))
		}()
	}
	var all []error
	for range c.volumes {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
