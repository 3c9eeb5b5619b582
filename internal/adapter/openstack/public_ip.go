package openstack

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/url"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// publicIPs are the project's floating IPs. Their stable id is neutron's UUID. They have no names: ours is a tag.
type publicIPs struct{ *session }

var (
	_ platform.Resource[platform.PublicIP] = (*publicIPs)(nil)
	_ platform.Lister[platform.PublicIP]   = (*publicIPs)(nil)
	_ platform.Finder[platform.PublicIP]   = (*publicIPs)(nil)
	_ platform.Planner[platform.PublicIP]  = (*publicIPs)(nil)
)

// markName goes before the name of an object of a kind that has none.
const markName = ours + "name:"

// floating is a floating IP as neutron tells it.
type floating struct {
	head
	Address   string  `json:"floating_ip_address"`
	Network   string  `json:"floating_network_id"`
	Port      *string `json:"port_id"`
	Fixed     *string `json:"fixed_ip_address"`
	Router    *string `json:"router_id"`
	DNSName   *string `json:"dns_name"`
	DNSDomain *string `json:"dns_domain"`
}

// name is what its tag says, else the address.
func (f *floating) name() string {
	for _, tag := range f.Tags {
		if name, ok := strings.CutPrefix(tag, markName); ok {
			return name
		}
	}
	if _, name, ok := strings.Cut(f.Description, " "+markName); ok && f.unfinished() {
		return name
	}
	return f.Address
}

// Read fills have: one request.
func (k *publicIPs) Read(ctx context.Context, have *platform.PublicIP) error {
	got := &floating{}
	if err := k.one(ctx, sortFloating(), value(have.ID), got); err != nil {
		return failed("read the floating IP", value(have.ID), err)
	}
	fillPublicIP(have, got)
	return nil
}

// List gives every floating IP of the project: one request.
func (k *publicIPs) List(ctx context.Context) iter.Seq2[platform.Entry[platform.PublicIP], error] {
	return func(yield func(platform.Entry[platform.PublicIP], error) bool) {
		list, err := k.every(ctx)
		if err != nil {
			yield(platform.Entry[platform.PublicIP]{}, failed("list the floating IPs of", k.endpoint(), err))
			return
		}
		for _, f := range list {
			fill := func(have *platform.PublicIP) error {
				fillPublicIP(have, f)
				return nil
			}
			if !yield(platform.Entry[platform.PublicIP]{ID: f.ID, Name: f.name(), Fill: fill}, nil) {
				return
			}
		}
	}
}

func (k *publicIPs) every(ctx context.Context) ([]*floating, error) {
	client, err := k.neutron()
	if err != nil {
		return nil, err
	}
	return all[*floating](ctx, client, "floatingips", "floatingips", k.ownedBy())
}

// Find takes an id, an address or a name.
func (k *publicIPs) Find(ctx context.Context, ref string) (string, error) {
	if isUUID(ref) {
		var got head
		if err := k.one(ctx, sortFloating(), ref, &got); !isNotFound(err) {
			return got.ID, failed("find the floating IP", ref, err)
		}
	}
	list, err := k.every(ctx)
	if err != nil {
		return "", failed("find the floating IP", ref, err)
	}
	for _, f := range list {
		if f.Address == ref {
			return f.ID, nil
		}
	}
	return choose(sortFloating(), ref, list, func(f *floating) (string, string) { return f.ID, f.name() })
}

// unnamed refuses a name that another floating IP of the project has.
func (k *publicIPs) unnamed(ctx context.Context, name, id string) error {
	list, err := k.every(ctx)
	if err != nil {
		return err
	}
	for _, f := range list {
		if f.ID != id && f.name() == name {
			return &platform.ExistsError{Name: name, ID: f.ID, Unfinished: f.unfinished()}
		}
	}
	return nil
}

// externalNetwork is the id of the network that public IPs come from where they name none: that of the connection's
// settings, else the only one there is.
func (s *session) externalNetwork(ctx context.Context) (string, error) {
	external := url.Values{"router:external": {"true"}}
	if ref := s.config.String(setExternalNetwork); ref != "" {
		return s.findNetwork(ctx, ref, external)
	}
	client, err := s.neutron()
	if err != nil {
		return "", err
	}
	list, err := all[head](ctx, client, "networks", "networks", external)
	if err != nil {
		return "", err
	}
	var names []string
	for _, h := range list {
		names = append(names, cmp.Or(h.Name, h.ID))
	}
	switch len(list) {
	case 0:
		return "", platform.As(platform.ErrNotFound, errors.New("the project can use no external network"))
	case 1:
		return list[0].ID, nil
	}
	return "", invalid("there are several external networks, %s: name one here, or for all in the connection's %s", strings.Join(names, ", "), setExternalNetwork)
}

// fillPublicIP fills in what neutron tells of a floating IP.
func fillPublicIP(have *platform.PublicIP, f *floating) {
	have.ID, have.Name, have.Description, have.Tags = &f.ID, f.name(), f.text(), tagMap(f.Tags)
	have.NetworkID, have.Address, have.NICID = &f.Network, &f.Address, unless("", value(f.Port))
	have.Native = map[string]string{"project_id": f.Project}
	if r := value(f.Router); r != "" {
		have.Native["router_id"] = r
	}
	if have.OpenStack != nil {
		have.OpenStack = &platform.OpenStackPublicIP{
			FixedAddress: f.Fixed, DNSName: unless("", value(f.DNSName)), DNSDomain: unless("", value(f.DNSDomain)),
		}
	}
}

// completePublicIP fills what was left open from what was read.
func completePublicIP(want *platform.PublicIP, f *floating) {
	var got platform.PublicIP
	fillPublicIP(&got, f)
	want.ID, want.Native = got.ID, got.Native
	fillOpen(&want.NetworkID, got.NetworkID)
	fillOpen(&want.Address, got.Address)
}
