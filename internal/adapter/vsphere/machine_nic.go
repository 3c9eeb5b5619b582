package vsphere

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// adapters plans what happens to the network adapters: dropped ones leave, kept ones change, new ones come in the
// order of their keys, the primary one first.
func (c *change) adapters(ctx context.Context) error {
	is := nicsOf(c.vm)
	for _, key := range platform.Keys(c.prior.NICs) {
		_, stays := c.want.NICs[key]
		if found := findNIC(is, c.prior.NICs[key]); found != nil && !stays {
			c.devices.remove(found.device, false)
		}
	}
	images := c.imageNICs(is)
	var errs []error
	for _, key := range nicOrder(c.want.NICs) {
		want, prior := c.want.NICs[key], c.prior.NICs[key]
		found := findNIC(is, platform.NIC{ID: prior.ID, MAC: prior.MAC})
		if len(images) > 0 {
			found, images = images[0], images[1:]
		}
		if found != nil {
			want.ID = &found.id
			c.want.NICs[key] = want
			errs = append(errs, platform.At(c.editNIC(ctx, found, want), "nics", key))
			continue
		}
		errs = append(errs, platform.At(c.addNIC(ctx, key, want), "nics", key))
	}
	for _, left := range images {
		c.devices.remove(left.device, false)
	}
	return errors.Join(errs...)
}

// imageNICs are the adapters that a copy has from its image: they become the declared ones in order, and those left
// over go. Where none is declared, or others of another type are, the image's are not reused.
func (c *change) imageNICs(is []nic) []*nic {
	if !c.fresh || c.want.NICs == nil {
		return nil
	}
	var images []*nic
	kind := reflect.TypeOf(newCard(value(blank(c.want.VSphere).NICType)))
	for i := range is {
		if blank(c.want.VSphere).NICType != nil && reflect.TypeOf(is[i].device) != kind {
			c.devices.remove(is[i].device, false)
			continue
		}
		images = append(images, &is[i])
	}
	return images
}

func nicOrder(nics map[string]platform.NIC) []string {
	keys := platform.Keys(nics)
	slices.SortStableFunc(keys, func(a, b string) int {
		return boolRank(value(nics[b].Primary)) - boolRank(value(nics[a].Primary))
	})
	return keys
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c *change) addNIC(ctx context.Context, key string, want platform.NIC) error {
	backing, err := c.s.nicBacking(ctx, value(want.NetworkID))
	if err != nil {
		return platform.At(err, "network_id")
	}
	made := newCard(value(blank(c.want.VSphere).NICType))
	card := made.GetVirtualEthernetCard()
	card.Key, card.Backing = c.devices.key(), backing
	card.Connectable = plugged(want.Connected == nil || *want.Connected)
	card.AddressType = string(types.VirtualEthernetCardMacTypeGenerated)
	if want.MAC != nil {
		card.AddressType, card.MacAddress = string(types.VirtualEthernetCardMacTypeManual), strings.ToLower(*want.MAC)
	}
	device, _ := made.(types.BaseVirtualDevice)
	c.devices.add(device, "")
	c.nics = append(c.nics, key)
	return nil
}

func (c *change) editNIC(ctx context.Context, is *nic, want platform.NIC) error {
	network := want.NetworkID != nil && *want.NetworkID != is.network
	mac := want.MAC != nil && !strings.EqualFold(*want.MAC, is.mac)
	plug := want.Connected != nil && *want.Connected != is.connected
	if !network && !mac && !plug {
		return nil
	}
	changed := copyCard(is.device)
	ethernet, _ := changed.(types.BaseVirtualEthernetCard)
	card := ethernet.GetVirtualEthernetCard()
	if network {
		backing, err := c.s.nicBacking(ctx, *want.NetworkID)
		if err != nil {
			return platform.At(err, "network_id")
		}
		card.Backing = backing
	}
	if mac {
		card.AddressType, card.MacAddress = string(types.VirtualEthernetCardMacTypeManual), strings.ToLower(*want.MAC)
		c.needsOff("nics.*.mac")
	}
	if plug {
		card.Connectable = plugged(*want.Connected)
	}
	c.devices.edit(changed)
	return nil
}

// plugged says whether an adapter is connected, now and at the next start.
func plugged(in bool) *types.VirtualDeviceConnectInfo {
	return &types.VirtualDeviceConnectInfo{StartConnected: in, Connected: in, AllowGuestControl: true}
}

// nicBacking connects an adapter to a network, given its moref.
func (s *session) nicBacking(ctx context.Context, network string) (types.BaseVirtualDeviceBackingInfo, error) {
	n, err := s.network(ctx, network)
	if err != nil {
		return nil, err
	}
	switch n.ref.Type {
	case "DistributedVirtualPortgroup":
		dvs, err := s.inventory.get(ctx, n.dvs)
		if err != nil || dvs == nil {
			return nil, errors.Join(err, platform.As(platform.ErrNotFound, fmt.Errorf("the distributed switch of %s is not visible", n.name)))
		}
		port := types.DistributedVirtualSwitchPortConnection{PortgroupKey: n.ref.Value, SwitchUuid: dvs.switchUUID}
		return &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{Port: port}, nil
	case kindNetwork:
		return &types.VirtualEthernetCardNetworkBackingInfo{
			Network:                        &n.ref,
			VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: apiName(n.name)},
		}, nil
	}
	return nil, platform.As(platform.ErrUnsupported, fmt.Errorf("%s is a %s: only port groups can be used", n.name, n.ref.Type))
}

// bind notes the ids of the devices that a change made, now that the machine was read again, and says whether all of
// them were there.
func (c *change) bind(after *mo.VirtualMachine) bool {
	disks, found := disksOf(after), 0
	for key, s := range c.slots {
		for i := range disks {
			if disks[i].slot != s {
				continue
			}
			found++
			if key == "" {
				c.want.BootDisk.ID = &disks[i].id
				continue
			}
			d := c.want.Disks[key]
			d.ID = &disks[i].id
			c.want.Disks[key] = d
		}
	}
	fresh := slices.DeleteFunc(nicsOf(after), c.had)
	for i, key := range c.nics {
		if i < len(fresh) {
			n := c.want.NICs[key]
			n.ID = &fresh[i].id
			if n.MAC == nil {
				n.MAC = &fresh[i].mac
			}
			c.want.NICs[key] = n
		}
	}
	return found == len(c.slots) && len(fresh) >= len(c.nics)
}

// had says whether an adapter was there before the change. A new one may get the key of one that left with it, and on
// an ESXi host alone even its address.
func (c *change) had(n nic) bool {
	return slices.ContainsFunc(nicsOf(c.vm), func(before nic) bool {
		left := c.devices.removes(before.card.Key) && (c.applied || before.mac != n.mac)
		return before.id == n.id && !left
	})
}
