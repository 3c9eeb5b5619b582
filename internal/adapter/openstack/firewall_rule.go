package openstack

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Families as neutron spells them, and the protocol of IPv6 that it makes of icmp.
const (
	familyIPv4 = "IPv4"
	familyIPv6 = "IPv6"
	icmpOfIPv6 = "ipv6-icmp"
)

// protocolNumbers are the names of protocols that neutron knows.
func protocolNumbers() map[string]int {
	return map[string]int{
		"ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "hopopt": 0, "icmp": 1, "igmp": 2, "ip": 0, "ipip": 4,
		"ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58, "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "ipv6-route": 43,
		"ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132, "tcp": 6, "udp": 17, "udplite": 136, "vrrp": 112,
	}
}

// protocolNumber is the number of a protocol in a family; -1 for every protocol, and where it is not known.
func protocolNumber(name *string, family string) int {
	if name == nil {
		return -1
	}
	n, err := strconv.Atoi(*name)
	if err != nil {
		var found bool
		if n, found = protocolNumbers()[strings.ToLower(*name)]; !found {
			return -1
		}
	}
	if n == 1 && family == familyIPv6 {
		return 58
	}
	return n
}

// familyOf is the family of a rule: what it says, else that of its range.
func familyOf(r platform.FirewallRule) string {
	p, err := parseCIDR(value(r.CIDR))
	six := r.CIDR != nil && err == nil && p.Addr().Is6()
	if value(r.Family) == platform.RuleIPv6 || r.Family == nil && six {
		return familyIPv6
	}
	return familyIPv4
}

// parseCIDR reads a range; an address alone is a range of one.
func parseCIDR(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// nativeRule is a rule as neutron is asked for it. It has been checked.
func nativeRule(group string, w platform.FirewallRule) *rule {
	r := &rule{Group: group, Direction: w.Direction, Family: familyOf(w), Description: value(w.Description)}
	if w.Protocol != nil {
		r.Protocol = new(strings.ToLower(*w.Protocol))
	}
	number := protocolNumber(r.Protocol, r.Family)
	if number == 58 && r.Family == familyIPv6 {
		r.Protocol = new(icmpOfIPv6)
	}
	r.From, r.To, _ = parsePorts(w.Ports, isICMP(number)) // checked
	if p, err := parseCIDR(value(w.CIDR)); err == nil {
		r.CIDR = new(p.String())
	}
	if r.Remote = w.FirewallID; value(w.Self) {
		r.Remote = &group
	}
	return r
}

func isICMP(number int) bool { return number == 1 || number == 58 }

// hasPorts reports whether rules of a protocol may name ports.
func hasPorts(number int) bool { return slices.Contains([]int{6, 17, 33, 132, 136}, number) }

// parsePorts reads "443", "8000-8080"; of ICMP a type, or type and code. All ports are none in particular.
func parsePorts(text *string, icmp bool) (from, to *int, err error) {
	if text == nil {
		return nil, nil, nil
	}
	first, second, two := strings.Cut(*text, "-")
	a, err := strconv.Atoi(first)
	if err != nil {
		return nil, nil, err
	}
	if !two {
		if icmp {
			return &a, nil, nil
		}
		return &a, &a, nil
	}
	b, err := strconv.Atoi(second)
	if err != nil {
		return nil, nil, err
	}
	if !icmp && a == 1 && b == 65535 {
		return nil, nil, nil
	}
	return &a, &b, nil
}

// ports is how the ports of a rule are spelled.
func (r *rule) ports() *string {
	switch {
	case r.From == nil:
		return nil
	case r.To == nil || *r.To == *r.From && !isICMP(protocolNumber(r.Protocol, r.Family)):
		return new(strconv.Itoa(*r.From))
	}
	return new(fmt.Sprintf("%d-%d", *r.From, *r.To))
}

// told is a rule as the contract has it, in the spelling that is written down with it.
func (r *rule) told(as spelling, managed bool) platform.FirewallRule {
	w := platform.FirewallRule{
		Direction: r.Direction, Family: new(strings.ToLower(r.Family)), Protocol: r.Protocol, Ports: r.ports(), CIDR: r.CIDR,
		FirewallID: r.Remote, Description: unless("", r.text()), ID: &r.ID,
	}
	if managed {
		w.Self = new(false)
	}
	if value(r.Remote) == r.Group {
		w.FirewallID, w.Self = nil, new(true)
	}
	if said := as.apply(w); nativeRule(r.Group, said).is(r) {
		return said
	}
	return w
}

// text is the description without our mark.
func (r *rule) text() string {
	if strings.HasPrefix(r.Description, markKey) {
		return ""
	}
	return r.Description
}

// clash is the same for two rules that neutron does not take beside each other.
func (r *rule) clash() string {
	cidr := value(r.CIDR)
	if cidr == "0.0.0.0/0" || cidr == "::/0" {
		cidr = ""
	}
	number := func(n *int) int {
		if n == nil {
			return -1
		}
		return *n
	}
	return fmt.Sprint(r.Direction, r.Family, protocolNumber(r.Protocol, r.Family), number(r.From), number(r.To), cidr, value(r.Remote), value(r.Addresses))
}

// is reports whether two rules say the same.
func (r *rule) is(other *rule) bool {
	return r.clash() == other.clash() && value(r.CIDR) == value(other.CIDR) && r.text() == other.text()
}

// everywhere reports whether a rule is one of the two that every new group has.
func (r *rule) everywhere() bool {
	return r.Direction == platform.RuleEgress && r.Protocol == nil && r.From == nil && r.CIDR == nil && r.Remote == nil && r.Addresses == nil
}

// letsOut reports whether both rules that every new group has are there.
func (g *group) letsOut() bool { return g.exit(familyIPv4) != nil && g.exit(familyIPv6) != nil }

// exit is the rule of a family that every new group has, or nil.
func (g *group) exit(family string) *rule {
	at := slices.IndexFunc(g.Rules, func(r *rule) bool { return r.everywhere() && r.Family == family })
	if at < 0 {
		return nil
	}
	return g.Rules[at]
}

// slot is the key that a rule has by itself.
func (r *rule) slot() string {
	parts := []string{r.Direction, cmp.Or(value(r.Protocol), "any")}
	if p := r.ports(); p != nil {
		parts = append(parts, *p)
	}
	if r.Family == familyIPv6 {
		parts = append(parts, platform.RuleIPv6)
	}
	return strings.Join(parts, "-")
}

// keyed gives rules the keys that are bound to them. The others get the key that is written down with them, or that of
// their slot: they are the group's all the same. The two of every new group are left out.
func (g *group) keyed(known map[string]platform.FirewallRule) map[string]*rule {
	got, bound := map[string]*rule{}, map[string]bool{}
	for key, w := range known {
		if r := g.byID(value(w.ID)); r != nil {
			got[key], bound[r.ID] = r, true
		}
	}
	rules := slices.SortedFunc(slices.Values(g.Rules), func(a, b *rule) int { return strings.Compare(a.ID, b.ID) })
	for _, r := range rules {
		key := g.written(r)
		if bound[r.ID] || key == "" && r.everywhere() && g.letsOut() {
			continue
		}
		if _, taken := got[key]; key == "" || taken {
			key = r.slot()
		}
		got[unused(got, key)] = r
	}
	return got
}

// unused is key, or key with the first number that makes it another than those that are taken.
func unused[V any](taken map[string]V, key string) string {
	free := key
	for n := 2; ; n++ {
		if _, is := taken[free]; !is {
			return free
		}
		free = fmt.Sprintf("%s-%d", key, n)
	}
}

func (g *group) byID(id string) *rule {
	at := slices.IndexFunc(g.Rules, func(r *rule) bool { return r.ID == id })
	if at < 0 || id == "" {
		return nil
	}
	return g.Rules[at]
}
