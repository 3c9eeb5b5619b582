package kind

import (
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Firewall is a set of rules for network adapters.
func Firewall() engine.Kind[platform.Firewall, *platform.Firewall] {
	return engine.Kind[platform.Firewall, *platform.Firewall]{
		Name:     "firewall",
		Of:       func(c *platform.Conn) platform.Resource[platform.Firewall] { return c.Firewalls },
		Timeouts: engine.Timeouts{Create: 10 * time.Minute, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 10 * time.Minute},
		Plan:     planFirewall,
		Schema: base("Rules about who may talk to the network adapters that carry it (`nics.*.firewall_ids` of a machine). What no rule allows is refused.",
			tagged(attrs{
				"name":        name("Name of the firewall."),
				"description": owned("Free text that the platform keeps with the firewall."),
				"rules":       firewallRules(),
				"native":      native(),
			}), blocks{"openstack": openStackFirewall()}),
	}
}

func firewallRules() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: "What is allowed, by a key of your choice. Left out: not managed; else these are all the rules, beside those that the platform gives to every firewall.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"direction":   required("`ingress`: to the network adapter; `egress`: from it.", stringvalidator.OneOf(platform.RuleIngress, platform.RuleEgress)),
			"family":      kept("`ipv4` or `ipv6`. Left out: that of `cidr`, else `ipv4`.", stringvalidator.OneOf(platform.RuleIPv4, platform.RuleIPv6)),
			"protocol":    owned("`tcp`, `udp`, `icmp`, another name or a number. Left out: every protocol."),
			"ports":       owned("Ports of the receiver: `443` or `8000-8080`; of `icmp` its type, `8`, or type and code, `3-1`. Left out: all."),
			"cidr":        owned("Addresses of the other side: `10.0.0.0/8`. Left out: any."),
			"firewall_id": owned("The other side carries this firewall, instead of `cidr`."),
			"self":        ownedBool("The other side carries this very firewall, instead of `cidr`."),
			"description": owned("Free text."),
			"id":          computed("The platform's id of the rule."),
		}},
	}
}

// planFirewall refuses rules that say the other side twice, or ports of no protocol.
func planFirewall(p *platform.Plan[platform.Firewall]) error {
	for _, key := range platform.Keys(p.Want.Rules) {
		rule := p.Want.Rules[key]
		if p.Prior != nil && p.Changed("rules", key, "cidr") && p.Left("rules", key, "family") {
			if _, there := p.Prior.Rules[key]; there {
				p.Recompute("rules", key, "family")
			}
		}
		others := 0
		for _, says := range []bool{rule.CIDR != nil, rule.FirewallID != nil, rule.Self != nil && *rule.Self} {
			if says {
				others++
			}
		}
		if others > 1 {
			return platform.At(platform.As(platform.ErrInvalid, errors.New("a rule has one other side: cidr, firewall_id or self")), "rules", key)
		}
		if rule.Ports != nil && rule.Protocol == nil && p.Known("rules", key, "protocol") {
			return platform.At(platform.As(platform.ErrInvalid, errors.New("ports need the protocol that they are of, such as tcp")), "rules", key, "ports")
		}
	}
	return nil
}
