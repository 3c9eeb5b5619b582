package openstack

import (
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// markRule goes before what is written down about a rule in its group's tags: the beginning of its id, how the user
// spells what neutron spells otherwise, and the key. Rules have no tags. Where the rule's description is nobody's, the
// key stands there instead.
const markRule = ours + "rule:"

// idLength is how much of a rule's id tells it from the others of its group.
const idLength = 8

// spelling is how the user spells some attributes of a rule; nil is as neutron does.
type spelling struct{ protocol, ports, cidr *string }

// apply gives a rule the user's spelling.
func (s spelling) apply(w platform.FirewallRule) platform.FirewallRule {
	for to, v := range map[**string]*string{&w.Protocol: s.protocol, &w.Ports: s.ports, &w.CIDR: s.cidr} {
		if v != nil {
			*to = v
		}
	}
	return w
}

// mark is what is written down about one rule, without markRule.
type mark struct {
	id, key string
	as      spelling
}

func (m mark) String() string {
	var text strings.Builder
	text.WriteString(markRule + m.id)
	for _, f := range []struct {
		name string
		v    *string
	}{{"p", m.as.protocol}, {"r", m.as.ports}, {"c", m.as.cidr}} {
		if f.v != nil {
			text.WriteString(" " + f.name + "=" + *f.v)
		}
	}
	return text.String() + " key=" + m.key
}

// parseMark reads what String writes.
func parseMark(tag string) (m mark, ok bool) {
	rest, ok := strings.CutPrefix(tag, markRule)
	if !ok {
		return m, false
	}
	about, key, ok := strings.Cut(rest, " key=")
	fields := strings.Fields(about)
	if !ok || len(fields) == 0 {
		return m, false
	}
	m.id, m.key = fields[0], key
	for _, f := range fields[1:] {
		name, v, _ := strings.Cut(f, "=")
		switch name {
		case "p":
			m.as.protocol = &v
		case "r":
			m.as.ports = &v
		case "c":
			m.as.cidr = &v
		}
	}
	return m, true
}

// about is what the group's tags say about a rule.
func (g *group) about(r *rule) mark {
	for _, tag := range g.Tags {
		if m, ok := parseMark(tag); ok && strings.HasPrefix(r.ID, m.id) {
			return m
		}
	}
	return mark{}
}

// written is the key that is written down with a rule, or "".
func (g *group) written(r *rule) string {
	if m := g.about(r); m.key != "" {
		return m.key
	}
	key, _ := strings.CutPrefix(r.Description, markKey)
	if key == r.Description {
		return ""
	}
	return key
}

func (g *group) spelled(r *rule) spelling { return g.about(r).as }

// ruleMarks is what the tags have to say about rules by their keys.
func ruleMarks(rules map[string]*rule, want map[string]platform.FirewallRule) []string {
	var marks []string
	for _, key := range platform.Keys(rules) {
		r, w := rules[key], want[key]
		plain := r.told(spelling{}, false)
		m := mark{id: r.ID[:min(idLength, len(r.ID))], key: key, as: spelling{
			protocol: odd(w.Protocol, plain.Protocol), ports: odd(w.Ports, plain.Ports), cidr: odd(w.CIDR, plain.CIDR),
		}}
		if m.as != (spelling{}) || r.Description != markKey+key {
			marks = append(marks, m.String())
		}
	}
	return marks
}

// odd is a spelling that differs from the plain one.
func odd(want, plain *string) *string {
	if want == nil || plain != nil && *want == *plain {
		return nil
	}
	return want
}
