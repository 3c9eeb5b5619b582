package openstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// projects are those of keystone, with the quotas that the other services keep for them. Their stable id is keystone's.
type projects struct{ *session }

var (
	_ platform.Resource[platform.Project] = (*projects)(nil)
	_ platform.Lister[platform.Project]   = (*projects)(nil)
	_ platform.Finder[platform.Project]   = (*projects)(nil)
	_ platform.Planner[platform.Project]  = (*projects)(nil)
)

// mostProjectTags is how many tags a project may have.
const mostProjectTags = 80

// keystoneProject is a project as keystone tells it.
type keystoneProject struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	ParentID    string   `json:"parent_id"`
	DomainID    string   `json:"domain_id"`
	Enabled     bool     `json:"enabled"`
	Tags        []string `json:"tags"`
}

type projectBody struct {
	Project keystoneProject `json:"project"`
}

func (p *projects) project(ctx context.Context, id string) (*keystoneProject, error) {
	c, err := p.client(serviceIdentity)
	if err != nil {
		return nil, err
	}
	var body projectBody
	return &body.Project, get(ctx, c, "projects/"+url.PathEscape(id), nil, &body)
}

func (p *projects) projects(ctx context.Context, query url.Values) ([]*keystoneProject, error) {
	c, err := p.client(serviceIdentity)
	if err != nil {
		return nil, err
	}
	return all[*keystoneProject](ctx, c, "projects", "projects", query)
}

// Read fills have.
func (p *projects) Read(ctx context.Context, have *platform.Project) error {
	found, err := p.project(ctx, value(have.ID))
	if err != nil {
		return failed("read the project", value(have.ID), err)
	}
	return p.fill(ctx, found, have)
}

// fill is the one translation from a project. Of quotas only those that are managed are asked for; an import takes over
// those that are not the default.
func (p *projects) fill(ctx context.Context, found *keystoneProject, have *platform.Project) error {
	quotas := have.Quotas
	*have = platform.Project{
		Meta: have.Meta, Name: found.Name, Description: unless("", found.Description),
		ParentID: unless("", found.ParentID), Enabled: &found.Enabled,
	}
	have.ID = &found.ID
	have.Tags = tagMap(found.Tags)
	have.Native = map[string]string{"domain_id": found.DomainID}
	have.OpenStack = &platform.OpenStackProject{DomainID: unless("", found.DomainID)}
	var err error
	switch {
	case quotas != nil:
		have.Quotas, err = p.quotas(ctx, found.ID, platform.Keys(quotas))
	case platform.Importing(ctx):
		have.Quotas, err = p.ownQuotas(ctx, found.ID)
	}
	return failed("read the quotas of the project", found.Name, err)
}

// List gives every project that the user may see.
func (p *projects) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Project], error] {
	return func(yield func(platform.Entry[platform.Project], error) bool) {
		list, err := p.projects(ctx, nil)
		if err != nil {
			yield(platform.Entry[platform.Project]{}, failed("list the projects of", p.endpoint(), err))
			return
		}
		late := context.WithoutCancel(ctx) // entries are filled when the list is over
		for _, found := range list {
			fill := func(have *platform.Project) error { return p.fill(late, found, have) }
			if !yield(platform.Entry[platform.Project]{ID: found.ID, Name: found.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves an id, or a name that is unique among the domains.
func (p *projects) Find(ctx context.Context, ref string) (string, error) {
	if found, err := p.project(ctx, ref); err == nil {
		return found.ID, nil
	} else if !isNotFound(err) && statusOf(err) != http.StatusForbidden {
		return "", failed("find the project", ref, err)
	}
	list, err := p.projects(ctx, url.Values{"name": {ref}})
	if err != nil {
		return "", failed("find the project", ref, err)
	}
	return onlyMatch("project", ref, list, func(k *keystoneProject) string { return k.ID })
}

// Plan refuses tags and numbers that do not fit.
func (p *projects) Plan(_ context.Context, plan *platform.Plan[platform.Project]) error {
	errs := []error{checkTags(plan.Want.Tags, 255, "/,"), checkQuotas(plan)}
	if len(plan.Want.Tags) > mostProjectTags {
		err := fmt.Errorf("a project has up to %d tags", mostProjectTags)
		errs = append(errs, platform.At(platform.As(platform.ErrInvalid, err), "tags"))
	}
	return errors.Join(errs...)
}

// Create makes a project and sets its quotas.
func (p *projects) Create(ctx context.Context, want *platform.Project, made func(id string)) error {
	c, err := p.client(serviceIdentity)
	if err != nil {
		return err
	}
	domain := cmp.Or(value(value(want.OpenStack).DomainID), p.domain)
	if err := p.free(ctx, want.Name, domain); err != nil {
		return failed("make the project", want.Name, err)
	}
	got, err := p.register(ctx, c, want, domain)
	if err != nil {
		return failed("make the project", want.Name, err)
	}
	made(got.ID)
	want.ID = &got.ID
	if len(want.Quotas) > 0 {
		if err := p.setQuotas(ctx, got.ID, nil, want.Quotas); err != nil {
			return failed("set the quotas of the project", want.Name, err)
		}
		if got, err = p.patch(ctx, c, got.ID, map[string]any{"tags": tagList(want.Tags)}); err != nil {
			return failed("finish the project", want.Name, err)
		}
	}
	got.complete(want)
	return nil
}

// complete fills in what was left open.
func (k *keystoneProject) complete(want *platform.Project) {
	want.ID, want.Native = &k.ID, map[string]string{"domain_id": k.DomainID}
	fillOpen(&want.ParentID, unless("", k.ParentID))
	fillOpen(&want.Enabled, &k.Enabled)
}

// free refuses a name that a project of the domain has.
func (p *projects) free(ctx context.Context, name, domain string) error {
	list, err := p.projects(ctx, url.Values{"name": {name}, "domain_id": {domain}})
	if err != nil || len(list) == 0 {
		return err
	}
	return &platform.ExistsError{Name: name, ID: list[0].ID, Unfinished: slices.Contains(list[0].Tags, markUnfinished)}
}

// register makes the project itself, with the mark of one that is not finished where quotas are to follow.
func (p *projects) register(ctx context.Context, c *gophercloud.ServiceClient, want *platform.Project, domain string) (*keystoneProject, error) {
	var marks []string
	if len(want.Quotas) > 0 {
		marks = append(marks, markUnfinished)
	}
	spec := map[string]any{"name": want.Name, "description": value(want.Description), "tags": tagList(want.Tags, marks...)}
	if domain != "" {
		spec["domain_id"] = domain
	}
	if want.ParentID != nil {
		spec["parent_id"] = *want.ParentID
	}
	if want.Enabled != nil {
		spec["enabled"] = *want.Enabled
	}
	var body projectBody
	err := post(ctx, c, "projects", wrapped("project", spec), &body)
	if unanswered(ctx, err) && sought(ctx, func(ctx context.Context) bool { // names are unique in a domain, and there was none of this one
		list, look := p.projects(ctx, url.Values{"name": {want.Name}, "domain_id": {domain}})
		if look != nil || len(list) != 1 {
			return false
		}
		body.Project = *list[0]
		return true
	}) {
		err = nil
	}
	return &body.Project, err
}

func (p *projects) patch(ctx context.Context, c *gophercloud.ServiceClient, id string, change map[string]any) (*keystoneProject, error) {
	var body projectBody
	err := call(ctx, c, http.MethodPatch, "projects/"+id, wrapped("project", change), &body)
	return &body.Project, err
}

// Update changes what differs.
func (p *projects) Update(ctx context.Context, prior, want *platform.Project) error {
	id := value(prior.ID)
	c, err := p.client(serviceIdentity)
	if err != nil {
		return err
	}
	got, err := p.project(ctx, id)
	if err != nil {
		return failed("read the project", id, err)
	}
	if change := got.change(prior, want); len(change) > 0 {
		if got, err = p.patch(ctx, c, id, change); err != nil {
			return failed("change the project", want.Name, err)
		}
	}
	if err := p.setQuotas(ctx, id, prior.Quotas, want.Quotas); err != nil {
		return failed("set the quotas of the project", want.Name, err)
	}
	got.complete(want)
	return nil
}

// change lists what differs from what is there.
func (k *keystoneProject) change(prior, want *platform.Project) map[string]any {
	change := map[string]any{}
	if want.Name != k.Name {
		change["name"] = want.Name
	}
	if text, told := goal(want.Description, prior.Description, ""); told && text != k.Description {
		change["description"] = text
	}
	if want.Enabled != nil && *want.Enabled != k.Enabled {
		change["enabled"] = *want.Enabled
	}
	if prior.Tags == nil && want.Tags == nil {
		return change
	}
	tags := want.Tags
	if tags == nil {
		tags = tagMap(k.Tags)
		for key := range prior.Tags {
			delete(tags, key)
		}
	}
	if list := tagList(tags, marksOf(k.Tags)...); !slices.Equal(list, slices.Sorted(slices.Values(k.Tags))) {
		change["tags"] = list
	}
	return change
}

// Delete removes a project that holds nothing any more.
func (p *projects) Delete(ctx context.Context, have *platform.Project) error {
	id := value(have.ID)
	if _, err := p.project(ctx, id); isNotFound(err) {
		return nil
	} else if err != nil {
		return failed("read the project", id, err)
	}
	if err := p.empty(ctx, id); err != nil {
		return failed("delete the project", cmp.Or(have.Name, id), err)
	}
	c, err := p.client(serviceIdentity)
	if err != nil {
		return err
	}
	return failed("delete the project", cmp.Or(have.Name, id), remove(ctx, c, "projects/"+id))
}
