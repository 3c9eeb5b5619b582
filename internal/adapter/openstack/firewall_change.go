package openstack

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Create makes a security group with its rules. Its description says that it is unfinished until the last step.
func (k *firewalls) Create(ctx context.Context, want *platform.Firewall, made func(string)) error {
	const op = "create the security group"
	if err := checkFirewall(want, always); err != nil {
		return failed(op, want.Name, err)
	}
	defer k.alone("security group " + want.Name)()
	if err := k.free(ctx, sortGroup(), want.Name, ""); err != nil {
		return failed(op, want.Name, err)
	}
	body := map[string]any{"name": want.Name}
	optional(body, "stateful", value(want.OpenStack).Stateful)
	got := &group{}
	if err := k.make(ctx, sortGroup(), body, got); err != nil {
		return failed(op, want.Name, err)
	}
	made(got.ID)
	if err := k.settle(ctx, got, &platform.Firewall{}, want); err != nil {
		return failed(op, want.Name, err)
	}
	last := map[string]any{"description": value(want.Description)}
	return failed(op, want.Name, k.change(ctx, sortGroup(), got.ID, last))
}

// Update changes what differs. A rule that becomes another one is made before the old one goes, where neutron lets both
// be.
func (k *firewalls) Update(ctx context.Context, prior, want *platform.Firewall) error {
	const op = "change the security group"
	if err := checkFirewall(want, always); err != nil {
		return failed(op, want.Name, err)
	}
	id := value(prior.ID)
	defer k.alone(id)()
	got := &group{}
	if err := k.one(ctx, sortGroup(), id, got); err != nil {
		return failed(op, want.Name, err)
	}
	if want.Name != got.Name {
		if err := k.free(ctx, sortGroup(), want.Name, id); err != nil {
			return failed(op, want.Name, err)
		}
	}
	body := map[string]any{}
	differ(body, "name", &prior.Name, &want.Name, got.Name, got.Name)
	differ(body, "description", prior.Description, want.Description, got.Description, "")
	was, is := value(prior.OpenStack), value(want.OpenStack)
	if got.Stateful != nil {
		differ(body, "stateful", was.Stateful, is.Stateful, *got.Stateful, true)
	}
	err := k.change(ctx, sortGroup(), id, body)
	if _, sent := body["stateful"]; sent && isConflict(err) {
		err = platform.At(k.used(ctx, "change", "stateful", "", err, "security_groups", id), "openstack", "stateful")
	}
	if err != nil {
		return failed(op, want.Name, err)
	}
	return failed(op, want.Name, k.settle(ctx, got, prior, want))
}

// settle brings the rules to what is wanted, writes down their keys and reads the group back.
func (k *firewalls) settle(ctx context.Context, got *group, prior, want *platform.Firewall) error {
	plan := revisionOf(got, prior, want)
	if err := k.revise(ctx, got, plan); err != nil {
		return err
	}
	for key, r := range plan.stay {
		w := want.Rules[key]
		w.ID = &r.ID
		want.Rules[key] = w
	}
	marks := without(marksOf(got.Tags), markRule)
	if prior.Rules == nil && want.Rules == nil {
		marks = marksOf(got.Tags)
	}
	tags := revised(got.Tags, prior.Tags, want.Tags, append(marks, ruleMarks(plan.stay, want.Rules)...))
	if err := k.retag(ctx, sortGroup(), got.ID, got.Tags, tags); err != nil {
		return platform.At(err, "tags")
	}
	got.Rules = slices.Collect(func(yield func(*rule) bool) {
		for _, r := range plan.stay {
			if !yield(r) {
				return
			}
		}
	})
	got.Tags = tags
	completeFirewall(want, got)
	return nil
}

// revision is what becomes of a group's rules.
type revision struct {
	stay   map[string]*rule // by key; in the end all that are wanted
	first  []*rule          // go before others come: neutron does not take both
	come   map[string]*rule // by key
	last   []*rule          // go when the others are there
	exits  []*rule          // come: those of every new group
	remove []*rule          // go: those of every new group
}

// revisionOf compares what is there with what is wanted. What nobody manages stays.
func revisionOf(got *group, prior, want *platform.Firewall) revision {
	v := revision{stay: map[string]*rule{}, come: map[string]*rule{}}
	gone := map[string]*rule{} // by what they say
	bound := map[string]*rule{}
	for key, w := range prior.Rules {
		if r := got.byID(value(w.ID)); r != nil {
			bound[key] = r
			if to, stays := want.Rules[key]; !stays || !nativeRule(got.ID, to).is(r) {
				gone[r.clash()] = r
			}
		}
	}
	for _, key := range platform.Keys(want.Rules) {
		to := nativeRule(got.ID, want.Rules[key])
		there := got.like(to)
		switch r := bound[key]; {
		case r != nil && to.is(r):
			v.stay[key] = r
		case there != nil && to.is(there) && (gone[to.clash()] == there || there.everywhere()):
			v.stay[key] = there // under another key, or of every new group
			delete(gone, to.clash())
		default:
			v.come[key] = to
			if there = gone[to.clash()]; there != nil {
				v.first = append(v.first, there)
				delete(gone, to.clash())
			}
		}
	}
	for _, text := range platform.Keys(gone) {
		v.last = append(v.last, gone[text])
	}
	v.leaveOut(got, prior, want)
	return v
}

// like is the rule of a group beside which neutron does not take r, or nil.
func (g *group) like(r *rule) *rule {
	at := slices.IndexFunc(g.Rules, func(x *rule) bool { return x.clash() == r.clash() })
	if at < 0 {
		return nil
	}
	return g.Rules[at]
}

// leaveOut decides on the two rules of every new group.
func (v *revision) leaveOut(got *group, prior, want *platform.Firewall) {
	was, is := value(prior.OpenStack).DefaultEgress, value(want.OpenStack).DefaultEgress
	keeps := is == nil || *is
	for _, family := range []string{familyIPv4, familyIPv6} {
		r := got.exit(family)
		switch {
		case r == nil && keeps && (was != nil || is != nil):
			v.exits = append(v.exits, &rule{Group: got.ID, Direction: platform.RuleEgress, Family: family})
		case r == nil:
		case keeps: // a rule of the user's that was one of them becomes one of them again
			v.last = slices.DeleteFunc(v.last, func(x *rule) bool { return x == r && got.letsOut() })
		case !v.wanted(r) && !slices.Contains(v.last, r) && !slices.Contains(v.first, r):
			v.remove = append(v.remove, r)
		}
	}
}

func (v *revision) wanted(r *rule) bool {
	for _, x := range v.stay {
		if x == r {
			return true
		}
	}
	return false
}

// revise does what the revision says. In the end stay holds all rules by their keys.
func (k *firewalls) revise(ctx context.Context, got *group, v revision) error {
	if err := k.dropRules(ctx, v.first); err != nil {
		return err
	}
	if err := k.makeRules(ctx, got, v); err != nil {
		return err
	}
	if len(v.exits) > 0 {
		if _, err := k.postRules(ctx, got.ID, v.exits); err != nil {
			return platform.At(failed("make the rules of", "every new group", err), "openstack", "default_egress")
		}
	}
	return k.dropRules(ctx, append(v.last, v.remove...))
}

func (k *firewalls) dropRules(ctx context.Context, rules []*rule) error {
	client, err := k.neutron()
	if err != nil {
		return err
	}
	for _, r := range rules {
		if err := remove(ctx, client, "security-group-rules/"+r.ID); err != nil {
			return failed("delete the rule", r.slot()+", "+r.ID, err)
		}
	}
	return nil
}

// makeRules makes the new rules in one request; where that is refused, one by one, so that the error names the rule.
func (k *firewalls) makeRules(ctx context.Context, got *group, v revision) error {
	keys := platform.Keys(v.come)
	var list []*rule
	for _, key := range keys {
		r := v.come[key]
		if r.Description == "" {
			r.Description = markKey + key
		}
		list = append(list, r)
	}
	if len(list) == 0 {
		return nil
	}
	made, err := k.postRules(ctx, got.ID, list)
	if err != nil && len(list) > 1 && statusOf(err) != 0 {
		made, err = nil, nil
		for i, r := range list {
			one, err := k.postRules(ctx, got.ID, []*rule{r})
			if err != nil {
				return platform.At(twice(got, r, err), "rules", keys[i])
			}
			made = append(made, one...)
		}
	}
	if err != nil {
		return platform.At(twice(got, list[0], err), "rules", keys[0])
	}
	for _, key := range keys {
		at := slices.IndexFunc(made, func(r *rule) bool { return r.clash() == v.come[key].clash() })
		if at < 0 {
			return platform.At(errors.New("the answer lacks the rule"), "rules", key)
		}
		v.stay[key] = made[at]
	}
	return nil
}

// twice says which rule is in another one's way.
func twice(got *group, r *rule, err error) error {
	if there := got.like(r); isConflict(err) && there != nil {
		return platform.As(platform.ErrConflict, fmt.Errorf("the group has this rule already: %s, %s", there.slot(), there.ID))
	}
	return failed("make the rule", r.slot(), err)
}

// postRules makes rules in one request. When its answer is lost they are looked for: no others like them can be there.
func (k *firewalls) postRules(ctx context.Context, id string, list []*rule) ([]*rule, error) {
	client, err := k.neutron()
	if err != nil {
		return nil, err
	}
	var said struct {
		Rules []*rule `json:"security_group_rules"`
	}
	err = post(ctx, client, "security-group-rules", wrapped("security_group_rules", list), &said)
	if !lost(err) {
		return said.Rules, err
	}
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return k.foundRules(again, id, list, err)
}

func (k *firewalls) foundRules(ctx context.Context, id string, list []*rule, err error) ([]*rule, error) {
	got := &group{}
	if unknown := k.one(ctx, sortGroup(), id, got); unknown != nil {
		return nil, err
	}
	var made []*rule
	for _, r := range list {
		there := got.like(r)
		if there == nil {
			return nil, err
		}
		made = append(made, there)
	}
	return made, nil
}

// Delete takes a security group away. Ports that carry it are in its way: the error names them.
func (k *firewalls) Delete(ctx context.Context, have *platform.Firewall) error {
	id := value(have.ID)
	defer k.alone(id)()
	err := k.drop(ctx, sortGroup(), id)
	if isConflict(err) {
		return k.used(ctx, "delete the security group", have.Name, "", err, "security_groups", id)
	}
	return failed("delete the security group", have.Name, err)
}
