package openstack

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strconv"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// placementGroups are server groups. Their stable id is the group's UUID.
type placementGroups struct{ *session }

var (
	_ platform.Resource[platform.PlacementGroup] = (*placementGroups)(nil)
	_ platform.Lister[platform.PlacementGroup]   = (*placementGroups)(nil)
	_ platform.Finder[platform.PlacementGroup]   = (*placementGroups)(nil)
	_ platform.Planner[platform.PlacementGroup]  = (*placementGroups)(nil)
)

// serverGroup is a server group as nova tells it: policy since 2.64, a list of one before.
type serverGroup struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Policy   string   `json:"policy"`
	Policies []string `json:"policies"`
	Members  []string `json:"members"`
	Rules    struct {
		Max int64 `json:"max_server_per_host"`
	} `json:"rules"`
}

// groupVersion is the microversion of groups with rules; softPolicies is that of the soft policies.
const (
	groupVersion = "2.64"
	softPolicies = "2.15"
)

// Pages of server groups, which nova counts instead of marking: how many are asked for at a time, and how many no cloud
// cuts a page below.
const (
	page      = 1000
	leastPage = 100
)

// groups lists the server groups of the project.
func (g *placementGroups) groups(ctx context.Context) iter.Seq2[*serverGroup, error] {
	return func(yield func(*serverGroup, error) bool) {
		c, err := g.upTo(ctx, serviceCompute, groupVersion)
		for offset := 0; err == nil; {
			var list []*serverGroup
			query := url.Values{"limit": {strconv.Itoa(page)}, "offset": {strconv.Itoa(offset)}}
			if list, err = all[*serverGroup](ctx, c, "os-server-groups", "server_groups", query); err != nil {
				break
			}
			for _, item := range list {
				if !yield(item, nil) {
					return
				}
			}
			if offset += len(list); len(list) < leastPage {
				return
			}
		}
		yield(nil, failed("list the server groups of", g.endpoint(), err))
	}
}

// Read fills have.
func (g *placementGroups) Read(ctx context.Context, have *platform.PlacementGroup) error {
	c, err := g.upTo(ctx, serviceCompute, groupVersion)
	if err != nil {
		return err
	}
	var body struct {
		Group serverGroup `json:"server_group"`
	}
	if err := get(ctx, c, "os-server-groups/"+url.PathEscape(value(have.ID)), nil, &body); err != nil {
		return failed("read the server group", value(have.ID), err)
	}
	body.Group.fill(have)
	return nil
}

// fill is the one translation from a server group.
func (s *serverGroup) fill(have *platform.PlacementGroup) {
	if s.Policy == "" && len(s.Policies) > 0 {
		s.Policy = s.Policies[0]
	}
	*have = platform.PlacementGroup{Meta: have.Meta, Name: s.Name, Policy: s.Policy, Members: slices.Sorted(slices.Values(s.Members))}
	have.ID = &s.ID
	if have.Members == nil {
		have.Members = []string{}
	}
	have.Native = map[string]string{}
	have.OpenStack = &platform.OpenStackPlacementGroup{MaxPerHost: unless(0, s.Rules.Max)}
}

// List gives the server groups of the project.
func (g *placementGroups) List(ctx context.Context) iter.Seq2[platform.Entry[platform.PlacementGroup], error] {
	return func(yield func(platform.Entry[platform.PlacementGroup], error) bool) {
		for s, err := range g.groups(ctx) {
			if err != nil {
				yield(platform.Entry[platform.PlacementGroup]{}, err)
				return
			}
			fill := func(have *platform.PlacementGroup) error { s.fill(have); return nil }
			if !yield(platform.Entry[platform.PlacementGroup]{ID: s.ID, Name: s.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// named lists the groups that have an id or a name.
func (g *placementGroups) named(ctx context.Context, ref string) ([]*serverGroup, error) {
	list, err := collect(g.groups(ctx))
	if n := slices.IndexFunc(list, func(s *serverGroup) bool { return s.ID == ref }); n >= 0 {
		return list[n : n+1], err
	}
	return slices.DeleteFunc(list, func(s *serverGroup) bool { return s.Name != ref }), err
}

// Find resolves an id or a name.
func (g *placementGroups) Find(ctx context.Context, ref string) (string, error) {
	list, err := g.named(ctx, ref)
	if err != nil {
		return "", err
	}
	return onlyMatch("server group", ref, list, func(s *serverGroup) string { return s.ID })
}

// Plan refuses a number where the policy has none.
func (g *placementGroups) Plan(_ context.Context, p *platform.Plan[platform.PlacementGroup]) error {
	if value(p.Want.OpenStack).MaxPerHost == nil || !p.Known("policy") || p.Want.Policy == platform.PlacementSpread {
		return nil
	}
	err := errors.New("only groups of the policy anti-affinity have it")
	return platform.At(platform.As(platform.ErrInvalid, err), "openstack", "max_per_host")
}

// Create makes a server group. It is there at once.
func (g *placementGroups) Create(ctx context.Context, want *platform.PlacementGroup, made func(id string)) error {
	list, err := g.named(ctx, want.Name)
	if err == nil && len(list) > 0 {
		err = &platform.ExistsError{Name: want.Name, ID: list[0].ID}
	}
	if err != nil {
		return failed("make the server group", want.Name, err)
	}
	c, spec, err := g.order(ctx, want)
	if err != nil {
		return err
	}
	var body struct {
		Group serverGroup `json:"server_group"`
	}
	err = post(ctx, c, "os-server-groups", wrapped("server_group", spec), &body)
	if unanswered(ctx, err) && sought(ctx, func(ctx context.Context) bool { // there was none of that name before
		list, look := g.named(ctx, want.Name)
		if look != nil || len(list) != 1 {
			return false
		}
		body.Group = *list[0]
		return true
	}) {
		err = nil
	}
	if err != nil {
		return failed("make the server group", want.Name, err)
	}
	made(body.Group.ID)
	own := want.OpenStack
	body.Group.fill(want)
	want.OpenStack = own
	return nil
}

// order writes what nova is asked for, in the words of its version.
func (g *placementGroups) order(ctx context.Context, want *platform.PlacementGroup) (*gophercloud.ServiceClient, map[string]any, error) {
	most := value(want.OpenStack).MaxPerHost
	c, err := g.upTo(ctx, serviceCompute, groupVersion)
	if err != nil || speaks(c, groupVersion) {
		spec := map[string]any{"name": want.Name, "policy": want.Policy}
		if most != nil {
			spec["rules"] = map[string]any{"max_server_per_host": *most}
		}
		return c, spec, err
	}
	if most != nil {
		_, err = g.atLeast(ctx, serviceCompute, groupVersion, "openstack.max_per_host")
		return nil, nil, platform.At(err, "openstack", "max_per_host")
	}
	if want.Policy == platform.PlacementSpreadSoft || want.Policy == platform.PlacementPackSoft {
		if c, err = g.atLeast(ctx, serviceCompute, softPolicies, "the policy "+want.Policy); err != nil {
			return nil, nil, platform.At(err, "policy")
		}
	}
	return c, map[string]any{"name": want.Name, "policies": []string{want.Policy}}, nil
}

// Update has nothing to change in place.
func (g *placementGroups) Update(ctx context.Context, prior, want *platform.PlacementGroup) error {
	got := platform.PlacementGroup{Meta: prior.Meta}
	err := g.Read(ctx, &got)
	want.ID, want.Members, want.Native = prior.ID, got.Members, got.Native
	return err
}

// Delete removes a server group. Its machines stay where they are.
func (g *placementGroups) Delete(ctx context.Context, have *platform.PlacementGroup) error {
	c, err := g.client(serviceCompute)
	if err != nil {
		return err
	}
	return failed("delete the server group", have.Name, remove(ctx, c, "os-server-groups/"+url.PathEscape(value(have.ID))))
}
