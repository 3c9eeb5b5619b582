package libvirt

import (
	"context"
	"errors"
	"maps"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Plan refuses what does not go together, and names what a change alters beside itself.
func (n *networks) Plan(_ context.Context, p *platform.Plan[platform.Network]) error {
	errs := []error{checkNetwork(p.Prior, settled(p))}
	if p.Known("mode") && p.Known("libvirt", "bridge") && p.Known("libvirt", "device") && p.Want.Mode != nil {
		errs = append(errs, checkBacking(p.Prior, p.Want))
	}
	if p.Known("subnets") && p.Known("libvirt") {
		errs = append(errs, checkServed(p.Prior, served(p)))
	}
	for _, key := range platform.Keys(p.Want.Subnets) {
		s := p.Want.Subnets[key]
		if len(s.DNS) > 0 && s.DHCP == nil && p.Known("subnets", key, "dhcp") {
			errs = append(errs, dnsAlone(key))
		}
	}
	if err := errors.Join(errs...); err != nil || p.Prior == nil {
		return err
	}
	recomputeNetwork(p)
	return nil
}

// served is what is wanted, without a mode that may be there only because it was so: it follows the subnets then.
func served(p *platform.Plan[platform.Network]) *platform.Network {
	want := *p.Want
	if p.Prior != nil && !p.Changed("mode") || !p.Known("mode") {
		want.Mode = nil
	}
	return &want
}

// settled is what is wanted, without gateways that are there only because the range before had them.
func settled(p *platform.Plan[platform.Network]) *platform.Network {
	want := *p.Want
	want.Subnets = maps.Clone(want.Subnets)
	for key, s := range want.Subnets {
		if p.Prior != nil && p.Changed("subnets", key, "cidr") && !p.Changed("subnets", key, "gateway") {
			s.Gateway = nil
			want.Subnets[key] = s
		}
	}
	return &want
}

// dnsAlone refuses name servers that nobody would hand out.
func dnsAlone(key string) error {
	return invalidAt("name servers are handed out by DHCP: give the subnet a dhcp, empty for all its addresses")("subnets", key, "dns")
}

func recomputeNetwork(p *platform.Plan[platform.Network]) {
	if p.Known("subnets") && len(p.Want.Subnets) == 0 && len(p.Prior.Subnets) > 0 && !p.Changed("mode") {
		p.Recompute("mode") // without a range nothing is forwarded
	}
	if p.Changed("mode") {
		p.Recompute("mtu")
	}
	if p.Changed("mode") || p.Changed("libvirt") || p.Changed("subnets") {
		p.Recompute("native")
	}
	restart := p.Changed("mode") || p.Changed("mtu") || p.Changed("libvirt", "bridge") || p.Changed("libvirt", "device") || p.Changed("libvirt", "domain")
	for _, key := range platform.Keys(p.Want.Subnets) {
		if p.Changed("subnets", key, "cidr") {
			p.Recompute("subnets", key, "gateway")
			p.Recompute("subnets", key, "id")
			restart = true
		}
		restart = restart || p.Changed("subnets", key, "gateway") || p.Changed("subnets", key, "dns")
	}
	for key := range p.Prior.Subnets {
		_, stays := p.Want.Subnets[key]
		restart = restart || !stays
	}
	if restart && p.Prior.Native["active"] == "true" {
		p.Warn("libvirt cannot change this while the network runs: it is stopped and started, and machines on it lose their connection for a moment. New addresses reach them with their next DHCP lease.")
	}
}
