package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create makes a floating IP and leads it to its port. Its description says that it is unfinished until the last step.
func (k *publicIPs) Create(ctx context.Context, want *platform.PublicIP, made func(string)) error {
	const op = "create the floating IP"
	if err := checkPublicIP(want, always); err != nil {
		return failed(op, want.Name, err)
	}
	defer k.alone("floating IP " + want.Name)()
	if err := k.unnamed(ctx, want.Name, ""); err != nil {
		return failed(op, want.Name, err)
	}
	network := value(want.NetworkID)
	if network == "" {
		var err error
		if network, err = k.externalNetwork(ctx); err != nil {
			return failed(op, want.Name, platform.At(err, "network_id"))
		}
	}
	got := &floating{}
	err := k.make(ctx, sortFloating(), floatingBlueprint(network, want), got)
	if err != nil {
		return failed(op, want.Name, k.hinted(ctx, want, err))
	}
	if err := k.heeded(ctx, got, want); err != nil {
		return failed(op, want.Name, err)
	}
	made(got.ID)
	return failed(op, want.Name, k.finish(ctx, got, want))
}

// heeded takes a new floating IP back where the cloud let its name in the DNS fall: those without a DNS service do so
// without a word.
func (k *publicIPs) heeded(ctx context.Context, got *floating, want *platform.PublicIP) error {
	own := value(want.OpenStack)
	if own.DNSName == nil || value(got.DNSName) == *own.DNSName {
		return nil
	}
	tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	why := platform.As(platform.ErrUnsupported, errors.New("the cloud has no DNS service that its network service tells: leave it out"))
	return errors.Join(platform.At(why, "openstack", "dns_name"), k.drop(tidy, sortFloating(), got.ID))
}

func floatingBlueprint(network string, want *platform.PublicIP) map[string]any {
	own := value(want.OpenStack)
	body := map[string]any{"floating_network_id": network, "description": markName + want.Name}
	optional(body, "floating_ip_address", want.Address)
	optional(body, "port_id", want.NICID)
	optional(body, "subnet_id", own.SubnetID)
	optional(body, "fixed_ip_address", own.FixedAddress)
	optional(body, "dns_name", own.DNSName)
	optional(body, "dns_domain", own.DNSDomain)
	return body
}

func (k *publicIPs) finish(ctx context.Context, got *floating, want *platform.PublicIP) error {
	if err := k.retag(ctx, sortFloating(), got.ID, got.Tags, tagList(want.Tags, markName+want.Name)); err != nil {
		return platform.At(err, "tags")
	}
	client, err := k.neutron()
	if err != nil {
		return err
	}
	last := &floating{}
	body := wrapped("floatingip", got.kept(map[string]any{"description": value(want.Description)}))
	if err := put(ctx, client, "floatingips/"+got.ID, body, &envelope{"floatingip", last}); err != nil {
		return err
	}
	completePublicIP(want, last)
	return nil
}

// hinted adds to a refusal what leads on: where the address or the port is in use, or what is missing on the way.
func (k *publicIPs) hinted(ctx context.Context, want *platform.PublicIP, err error) error {
	kind := ""
	if said := (*answer)(nil); errors.As(plain(err), &said) {
		kind = said.kind
	}
	switch {
	case kind == "FloatingIPPortAlreadyAssociated":
		return platform.At(k.taken(ctx, value(want.NICID), err), "nic_id")
	case kind == "ExternalGatewayForFloatingIPNotFound":
		hint := "Join the adapter's subnet to a router that leads to this network: virt_router, interfaces and external_network_id"
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%w. %s", plain(err), hint)), "nic_id")
	case kind == "PortNotFound":
		return platform.At(err, "nic_id")
	case statusOf(err) == http.StatusForbidden && want.Address != nil:
		return platform.At(fmt.Errorf("most clouds let administrators alone choose an address: leave it out: %w", plain(err)), "address")
	case kind == "IpAddressAlreadyAllocated", kind == "IpAddressInUse":
		return platform.At(platform.As(platform.ErrConflict, plain(err)), "address")
	}
	return err
}

// taken says which floating IP leads to a port already.
func (k *publicIPs) taken(ctx context.Context, port string, err error) error {
	err = platform.As(platform.ErrConflict, plain(err))
	client, unknown := k.neutron()
	if unknown != nil {
		return err
	}
	list, unknown := all[*floating](ctx, client, "floatingips", "floatingips", url.Values{"port_id": {port}})
	if unknown != nil || len(list) == 0 {
		return err
	}
	return fmt.Errorf("%w; %s (%s) leads to it already", err, list[0].Address, list[0].ID)
}

// Update changes what differs. An adapter that the address leads to already is no change.
func (k *publicIPs) Update(ctx context.Context, prior, want *platform.PublicIP) error {
	const op = "change the floating IP"
	if err := checkPublicIP(want, always); err != nil {
		return failed(op, want.Name, err)
	}
	id := value(prior.ID)
	defer k.alone(id)()
	got := &floating{}
	if err := k.one(ctx, sortFloating(), id, got); err != nil {
		return failed(op, want.Name, err)
	}
	if want.Name != got.name() {
		if err := k.unnamed(ctx, want.Name, id); err != nil {
			return failed(op, want.Name, err)
		}
	}
	if err := k.change(ctx, sortFloating(), id, floatingChanges(got, prior, want)); err != nil {
		return failed(op, want.Name, k.hinted(ctx, want, err))
	}
	tags := revised(got.Tags, prior.Tags, want.Tags, append(without(marksOf(got.Tags), markName), markName+want.Name))
	if err := k.retag(ctx, sortFloating(), id, got.Tags, tags); err != nil {
		return failed(op, want.Name, platform.At(err, "tags"))
	}
	if err := k.one(ctx, sortFloating(), id, got); err != nil {
		return failed(op, want.Name, err)
	}
	completePublicIP(want, got)
	return nil
}

func floatingChanges(got *floating, prior, want *platform.PublicIP) map[string]any {
	body := map[string]any{}
	differ(body, "description", prior.Description, want.Description, got.Description, "")
	is := value(want.OpenStack).FixedAddress // where nobody says it any more, it stays
	switch {
	case want.NICID == nil && prior.NICID == nil:
	case want.NICID == nil:
		if got.Port != nil {
			body["port_id"] = nil
		}
	case value(got.Port) != *want.NICID, is != nil && *is != value(got.Fixed):
		body["port_id"] = *want.NICID
		optional(body, "fixed_ip_address", is)
	}
	return got.kept(body)
}

// kept adds to a change what a floating IP leads to: neutron chooses the adapter's address anew, or refuses where it has
// several, whatever is changed.
func (f *floating) kept(body map[string]any) map[string]any {
	if _, moves := body["port_id"]; len(body) > 0 && !moves && value(f.Port) != "" {
		body["port_id"] = *f.Port
		optional(body, "fixed_ip_address", f.Fixed)
	}
	return body
}

// Delete gives a floating IP back. What it led to is not reached by it any more.
func (k *publicIPs) Delete(ctx context.Context, have *platform.PublicIP) error {
	id := value(have.ID)
	defer k.alone(id)()
	return failed("delete the floating IP", have.Name, k.drop(ctx, sortFloating(), id))
}

// Plan refuses what neutron would, and names what a change alters: the router on the way.
func (*publicIPs) Plan(_ context.Context, p *platform.Plan[platform.PublicIP]) error {
	if p.Prior != nil && p.Changed("nic_id") {
		p.Recompute("native")
	}
	return checkPublicIP(p.Want, p.Known)
}

func checkPublicIP(want *platform.PublicIP, is known) error {
	own := value(want.OpenStack)
	errs := []error{checkTags(want.Tags, longestNetworkTag, "")}
	if longest := longestNetworkTag - len(markName); len([]rune(want.Name)) > longest {
		errs = append(errs, platform.At(invalid("the name is kept as a tag, and %d characters are the most there", longest), "name"))
	}
	if own.FixedAddress != nil && want.NICID == nil && is("nic_id") {
		errs = append(errs, platform.At(invalid("without nic_id it leads to no address"), "openstack", "fixed_address"))
	}
	if text := value(want.Address); text != "" {
		if a, err := netip.ParseAddr(text); err != nil || a.String() != text {
			errs = append(errs, platform.At(invalid("%q is no address as neutron spells them", text), "address"))
		}
	}
	if (own.DNSDomain == nil) != (own.DNSName == nil) && is("openstack", "dns_name") && is("openstack", "dns_domain") {
		name := "dns_domain"
		if own.DNSDomain == nil {
			name = "dns_name"
		}
		errs = append(errs, platform.At(invalid("a floating IP has both in the DNS or neither: dns_name and dns_domain"), "openstack", name))
	}
	return errors.Join(errs...)
}
