package openstack

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// standsAt demands an error on an attribute; "" is none.
func standsAt(t *testing.T, err error, at string) {
	t.Helper()
	var about *platform.AttrError
	switch {
	case at == "" && err != nil:
		t.Errorf("it is refused: %v", err)
	case at != "" && !errors.As(err, &about):
		t.Errorf("it is not refused on %s: %v", at, err)
	case at != "" && about.Path.String() != at:
		t.Errorf("it is refused on %s, not on %s: %v", about.Path, at, err)
	}
}

func ingress(protocol, ports, cidr string) platform.FirewallRule {
	return platform.FirewallRule{
		Direction: platform.RuleIngress, Protocol: unless("", protocol), Ports: unless("", ports), CIDR: unless("", cidr),
	}
}

func TestRulesAreToldAsTheyWereSpelled(t *testing.T) {
	six := ingress("icmp", "128", "")
	six.Family = new(platform.RuleIPv6)
	for name, c := range map[string]struct {
		rule  platform.FirewallRule
		marks int // beside the key
	}{
		"name":            {ingress("tcp", "443", "10.0.0.0/8"), 0},
		"number":          {ingress("6", "443", ""), 0},
		"capitals":        {ingress("TCP", "443", ""), 1},
		"range of one":    {ingress("tcp", "443-443", ""), 1},
		"all ports":       {ingress("udp", "1-65535", ""), 1},
		"address alone":   {ingress("tcp", "22", "10.0.0.7"), 1},
		"type and code":   {ingress("icmp", "3-1", ""), 0},
		"type":            {ingress("icmp", "8", ""), 0},
		"icmp of IPv6":    {six, 1},
		"range of IPv6":   {ingress("icmpv6", "", "fd00::/8"), 1},
		"everything":      {ingress("", "", ""), 0},
		"any address":     {ingress("", "", "0.0.0.0/0"), 0},
		"protocol number": {ingress("253", "", ""), 0},
	} {
		t.Run(name, func(t *testing.T) {
			if err := checkRule(c.rule); err != nil {
				t.Fatal(err)
			}
			r := nativeRule("g", c.rule)
			r.ID, r.Description = "0123456789", markKey+"web"
			g := &group{Rules: []*rule{r}}
			g.Tags = ruleMarks(map[string]*rule{"web": r}, map[string]platform.FirewallRule{"web": c.rule})
			if len(g.Tags) != c.marks {
				t.Errorf("written down: %v", g.Tags)
			}
			got := g.keyed(nil)["web"].told(g.spelled(r), false)
			want := c.rule
			want.ID, want.Family = &r.ID, got.Family
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestCheckRule(t *testing.T) {
	wrong := ingress("tcp", "", "fd00::/8")
	wrong.Family = new(platform.RuleIPv4)
	for name, c := range map[string]struct {
		rule platform.FirewallRule
		at   string
	}{
		"family against range":  {wrong, "family"},
		"host bits":             {ingress("tcp", "", "10.0.0.7/8"), "cidr"},
		"no range":              {ingress("tcp", "", "ten"), "cidr"},
		"no protocol":           {ingress("tpc", "", ""), "protocol"},
		"too large a number":    {ingress("256", "", ""), "protocol"},
		"protocol of IPv6":      {ingress("ipv6-icmp", "", ""), "protocol"},
		"ports of none":         {ingress("gre", "1", ""), "ports"},
		"no port":               {ingress("tcp", "https", ""), "ports"},
		"port zero":             {ingress("tcp", "0", ""), "ports"},
		"backwards":             {ingress("tcp", "9-8", ""), "ports"},
		"type beyond the last":  {ingress("icmp", "256", ""), "ports"},
		"name of a type":        {ingress("icmp", "echo", ""), "ports"},
		"all is well with this": {ingress("sctp", "1-65535", "10.0.0.0/8"), ""},
	} {
		t.Run(name, func(t *testing.T) { standsAt(t, checkRule(c.rule), c.at) })
	}
}

// Rules that change: what goes before, what comes, what goes afterwards.
func TestRevision(t *testing.T) {
	named := func(w platform.FirewallRule, id string) platform.FirewallRule {
		w.ID = &id
		return w
	}
	web, other := ingress("tcp", "443", ""), ingress("tcp", "80", "")
	text := web
	text.Description = new("the web")
	all := platform.FirewallRule{Direction: platform.RuleEgress}
	closed := &platform.OpenStackFirewall{DefaultEgress: new(false)}
	type rules map[string]platform.FirewallRule
	for name, c := range map[string]struct {
		prior, want          *platform.Firewall
		stay                 []string
		first, come          int
		last, exits, removed int
	}{
		"the same":          {&platform.Firewall{Rules: rules{"a": named(web, "web")}}, &platform.Firewall{Rules: rules{"a": web}}, []string{"a"}, 0, 0, 0, 0, 0},
		"another spelling":  {&platform.Firewall{Rules: rules{"a": named(web, "web")}}, &platform.Firewall{Rules: rules{"a": ingress("6", "443-443", "")}}, []string{"a"}, 0, 0, 0, 0, 0},
		"another port":      {&platform.Firewall{Rules: rules{"a": named(web, "web")}}, &platform.Firewall{Rules: rules{"a": other}}, nil, 0, 1, 1, 0, 0},
		"a text alone":      {&platform.Firewall{Rules: rules{"a": named(web, "web")}}, &platform.Firewall{Rules: rules{"a": text}}, nil, 1, 1, 0, 0, 0},
		"another key":       {&platform.Firewall{Rules: rules{"a": named(web, "web")}}, &platform.Firewall{Rules: rules{"b": web}}, []string{"b"}, 0, 0, 0, 0, 0},
		"dropped":           {&platform.Firewall{Rules: rules{"a": named(web, "web")}}, &platform.Firewall{Rules: rules{}}, nil, 0, 0, 1, 0, 0},
		"not managed":       {&platform.Firewall{}, &platform.Firewall{}, nil, 0, 0, 0, 0, 0},
		"as in every group": {&platform.Firewall{}, &platform.Firewall{Rules: rules{"out": all}}, []string{"out"}, 0, 0, 0, 0, 0},
		"no more said, as in every group": {
			&platform.Firewall{Rules: rules{"out": named(all, "v4")}}, &platform.Firewall{Rules: rules{}}, nil, 0, 0, 0, 0, 0,
		},
		"closed":         {&platform.Firewall{}, &platform.Firewall{OpenStack: closed}, nil, 0, 0, 0, 0, 2},
		"closed but one": {&platform.Firewall{}, &platform.Firewall{OpenStack: closed, Rules: rules{"out": all}}, []string{"out"}, 0, 0, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := &group{head: head{ID: "g"}, Rules: []*rule{
				{ID: "web", Group: "g", Direction: "ingress", Family: familyIPv4, Protocol: new("tcp"), From: new(443), To: new(443)},
				{ID: "v4", Group: "g", Direction: "egress", Family: familyIPv4},
				{ID: "v6", Group: "g", Direction: "egress", Family: familyIPv6},
			}}
			v := revisionOf(got, c.prior, c.want)
			if stay := slices.Sorted(maps.Keys(v.stay)); !slices.Equal(stay, c.stay) {
				t.Errorf("%v stay, not %v", stay, c.stay)
			}
			counts := [...]int{len(v.first), len(v.come), len(v.last), len(v.exits), len(v.remove)}
			if d := cmp.Diff([...]int{c.first, c.come, c.last, c.exits, c.removed}, counts); d != "" {
				t.Errorf("first, come, last, exits, remove (-want +got):\n%s", d)
			}
		})
	}
}

func TestRulesByHandAppear(t *testing.T) {
	g := &group{head: head{ID: "g"}, Rules: []*rule{
		{ID: "1", Group: "g", Direction: "ingress", Family: familyIPv4, Protocol: new("tcp"), From: new(443), To: new(443)},
		{ID: "2", Group: "g", Direction: "ingress", Family: familyIPv4, Protocol: new("tcp"), From: new(443), To: new(443), CIDR: new("10.0.0.0/8")},
		{ID: "3", Group: "g", Direction: "egress", Family: familyIPv4},
		{ID: "4", Group: "g", Direction: "egress", Family: familyIPv6},
	}}
	known := map[string]platform.FirewallRule{"web": {ID: new("1")}}
	if d := cmp.Diff([]string{"ingress-tcp-443", "web"}, platform.Keys(g.keyed(known))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	g.Rules = g.Rules[:3] // somebody took one of the two of every group
	if d := cmp.Diff([]string{"egress-any", "ingress-tcp-443", "web"}, platform.Keys(g.keyed(known))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
