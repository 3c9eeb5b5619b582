package openstack

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Plan refuses what neutron would. A rule that changes is another rule.
func (*firewalls) Plan(_ context.Context, p *platform.Plan[platform.Firewall]) error {
	if p.Prior != nil {
		for _, key := range platform.Keys(p.Want.Rules) {
			if _, there := p.Prior.Rules[key]; there && ruleChanges(p, key) {
				p.Recompute("rules", key, "id")
			}
		}
	}
	want := *p.Want
	want.Rules = maps.Clone(want.Rules)
	for key, w := range want.Rules {
		if p.Left("rules", key, "family") { // it follows from the range
			w.Family = nil
			want.Rules[key] = w
		}
	}
	return checkFirewall(&want, p.Known)
}

func ruleChanges(p *platform.Plan[platform.Firewall], key string) bool {
	for _, name := range ruleAttributes() {
		if p.Changed("rules", key, name) {
			return true
		}
	}
	return false
}

func ruleAttributes() []string {
	return []string{"direction", "family", "protocol", "ports", "cidr", "firewall_id", "self", "description"}
}

// checkFirewall refuses what neutron would, as far as it is known.
func checkFirewall(want *platform.Firewall, is known) error {
	errs := []error{checkTags(want.Tags, longestNetworkTag, "")}
	if strings.EqualFold(want.Name, "default") {
		errs = append(errs, platform.At(invalid("every project has a group of this name, which the cloud made"), "name"))
	}
	seen := map[string]string{}
	exits := 0
	for _, key := range platform.Keys(want.Rules) {
		w := want.Rules[key]
		whole := true
		for _, name := range ruleAttributes() {
			whole = whole && (is("rules", key, name) || name == "description" || name == "family" && w.Family == nil && w.CIDR != nil)
		}
		if !whole {
			continue
		}
		if err := checkRule(w); err != nil {
			if about, tied := errors.AsType[*platform.AttrError](err); tied {
				err = platform.At(about.Err, append([]string{"rules", key}, about.Path...)...)
			}
			errs = append(errs, err)
			continue
		}
		r := nativeRule("self", w)
		if other, twice := seen[r.clash()]; twice {
			errs = append(errs, platform.At(invalid("it is the same rule as %q", other), "rules", key))
		}
		seen[r.clash()] = key
		if r.everywhere() {
			exits++
		}
	}
	if own := value(want.OpenStack); exits > 1 && own.DefaultEgress != nil && !*own.DefaultEgress {
		errs = append(errs, platform.At(invalid("the rules let everything out: leave this out"), "openstack", "default_egress"))
	}
	return errors.Join(errs...)
}

// checkRule judges one rule. Its errors stand on the rule's attributes.
func checkRule(w platform.FirewallRule) error {
	family := familyOf(w)
	number := protocolNumber(w.Protocol, family)
	p, err := parseCIDR(value(w.CIDR))
	switch {
	case w.CIDR != nil && (err != nil || p != p.Masked()):
		return platform.At(badRange(*w.CIDR, p), "cidr")
	case w.CIDR != nil && p.Addr().Is6() != (family == familyIPv6):
		return platform.At(invalid("%s is not %s", *w.CIDR, strings.ToLower(family)), "family")
	case w.Protocol != nil && (number < 0 || number > 255):
		return platform.At(invalid("%q is no protocol that neutron knows: write its number, or one of %s", *w.Protocol, strings.Join(platform.Keys(protocolNumbers()), ", ")), "protocol")
	case family == familyIPv4 && onlyIPv6(number):
		return platform.At(invalid("%s is a protocol of IPv6: write family = \"ipv6\"", *w.Protocol), "protocol")
	case w.Ports == nil:
		return nil
	case isICMP(number):
		return platform.At(checkICMP(w.Ports), "ports")
	case w.Protocol != nil && !hasPorts(number):
		return platform.At(invalid("%s has no ports: those of tcp, udp, sctp, dccp and udplite, and types of icmp, can be said", *w.Protocol), "ports")
	}
	return platform.At(checkPorts(w.Ports), "ports")
}

func onlyIPv6(number int) bool {
	switch number {
	case 41, 43, 44, 58, 59, 60:
		return true
	}
	return false
}

func checkICMP(text *string) error {
	from, to, err := parsePorts(text, true)
	if err != nil || *from < 0 || *from > 255 || to != nil && (*to < 0 || *to > 255) {
		return invalid("%q is no type of icmp: write it as a number, 8, or with its code, 3-1", *text)
	}
	return nil
}

func checkPorts(text *string) error {
	from, to, err := parsePorts(text, false)
	switch {
	case err != nil:
		return invalid("%q is no port: write 443, or a range, 8000-8080", *text)
	case from == nil:
		return nil
	case *from < 1 || *to > 65535 || *to < *from:
		return invalid("%q is no range of ports: they go from 1 to 65535", *text)
	}
	return nil
}
