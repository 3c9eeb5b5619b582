package openstack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// longestNetworkTag is what the network service takes.
const longestNetworkTag = 255

// grace is how long it may take to look after a request whose answer was lost, or to tidy up after a failure.
const grace = 3 * time.Second

// invalid is an error about what the configuration says.
func invalid(text string, args ...any) error {
	return platform.As(platform.ErrInvalid, fmt.Errorf(text, args...))
}

// sort is one kind of object of the network service: how its paths and answers call it, and how people do.
type sort struct {
	path, one, many string // "security-groups", "security_group", "security_groups"
	word            string // "security group"
}

func sortNetwork() sort  { return sort{"networks", "network", "networks", "network"} }
func sortSubnet() sort   { return sort{"subnets", "subnet", "subnets", "subnet"} }
func sortRouter() sort   { return sort{"routers", "router", "routers", "router"} }
func sortPort() sort     { return sort{"ports", "port", "ports", "port"} }
func sortFloating() sort { return sort{"floatingips", "floatingip", "floatingips", "floating IP"} }
func sortGroup() sort {
	return sort{"security-groups", "security_group", "security_groups", "security group"}
}

// head is what objects of the network service have in common.
type head struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Project     string   `json:"project_id"`
	Tags        []string `json:"tags"`
	Status      string   `json:"status"`
}

// birthText is the description that an object has while it is being made.
func birthText() string { return markUnfinished + " " + newBirth() }

// unfinished reports whether the making of an object never ended.
func (h head) unfinished() bool { return strings.HasPrefix(h.Description, markUnfinished) }

// text is the description, nil where there is none.
func (h head) text() *string {
	if h.unfinished() {
		return nil
	}
	return unless("", h.Description)
}

// neutron gives the client of the network service.
func (s *session) neutron() (*gophercloud.ServiceClient, error) { return s.client(serviceNetwork) }

// make asks for an object and reads the answer into into. Its description marks it unfinished; by it the object is found
// when the answer is lost. A description that the body has already follows the mark.
func (s *session) make(ctx context.Context, of sort, body map[string]any, into any) error {
	client, err := s.neutron()
	if err != nil {
		return err
	}
	birth := birthText()
	if more, ok := body["description"].(string); ok {
		birth += " " + more
	}
	body["description"] = birth
	err = post(ctx, client, of.path, wrapped(of.one, body), &envelope{of.one, into})
	if !lost(err) && ctx.Err() == nil {
		return err
	}
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	for {
		found, unknown := all[head](again, client, of.path, of.many, url.Values{"description": {birth}})
		if unknown == nil && len(found) == 1 && found[0].Description == birth {
			return s.one(again, of, found[0].ID, into)
		}
		// who was cancelled left while neutron may still be at it
		if unknown != nil || ctx.Err() == nil || sleep(again, firstLook) != nil {
			return err
		}
	}
}

// one reads an object.
func (s *session) one(ctx context.Context, of sort, id string, into any) error {
	client, err := s.neutron()
	if err != nil {
		return err
	}
	if id == "" || strings.ContainsAny(id, "/?#") {
		return platform.As(platform.ErrNotFound, errors.New("the cloud has no such "+of.word))
	}
	return get(ctx, client, of.path+"/"+id, nil, &envelope{of.one, into})
}

// change sends what differs; nothing where nothing does.
func (s *session) change(ctx context.Context, of sort, id string, body map[string]any) error {
	if len(body) == 0 {
		return nil
	}
	client, err := s.neutron()
	if err != nil {
		return err
	}
	return put(ctx, client, of.path+"/"+id, wrapped(of.one, body), nil)
}

// retag replaces all tags of an object where they differ from those it has. They may come in any order.
func (s *session) retag(ctx context.Context, of sort, id string, has, tags []string) error {
	if sameSet(has, tags) {
		return nil
	}
	client, err := s.neutron()
	if err != nil {
		return err
	}
	return put(ctx, client, of.path+"/"+id+"/tags", map[string]any{"tags": append([]string{}, slices.Sorted(slices.Values(tags))...)}, nil)
}

// drop deletes an object; one that is gone is no error.
func (s *session) drop(ctx context.Context, of sort, id string) error {
	client, err := s.neutron()
	if err != nil {
		return err
	}
	return remove(ctx, client, of.path+"/"+id)
}

// free refuses a name that another object of the project has.
func (s *session) free(ctx context.Context, of sort, name, id string) error {
	client, err := s.neutron()
	if err != nil {
		return err
	}
	query := url.Values{"name": {name}}
	if s.project != "" {
		query.Set("project_id", s.project)
	}
	found, err := all[head](ctx, client, of.path, of.many, query)
	if err != nil {
		return err
	}
	for _, h := range found {
		if h.ID != id && h.Name == name && h.owned(s) {
			return &platform.ExistsError{Name: name, ID: h.ID, Unfinished: h.unfinished()}
		}
	}
	return nil
}

// owned reports whether an object belongs to the project that is worked in.
func (h head) owned(s *session) bool {
	return s.project == "" || h.Project == "" || h.Project == s.project
}

// choose finds the one object that ref names: by its id, else its name.
func choose[T any](of sort, ref string, list []T, about func(T) (id, name string)) (string, error) {
	var named []string
	for _, o := range list {
		id, name := about(o)
		if id == ref {
			return id, nil
		}
		if name == ref {
			named = append(named, id)
		}
	}
	switch len(named) {
	case 0:
		err := platform.As(platform.ErrNotFound, errors.New("the cloud has no such "+of.word))
		return "", failed("find the "+of.word, ref, err)
	case 1:
		return named[0], nil
	}
	return "", &platform.AmbiguousError{Ref: ref, Matches: named}
}

// ownedBy is the query for what belongs to the project; everything where there is none.
func (s *session) ownedBy() url.Values { return s.inProject(nil) }

// inProject narrows a query to what belongs to the project, where one is worked in: administrators see everybody's.
func (s *session) inProject(query url.Values) url.Values {
	narrow := url.Values{}
	maps.Copy(narrow, query)
	if s.project != "" {
		narrow.Set("project_id", s.project)
	}
	return narrow
}

// sameSet compares two lists without regard to their order.
func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// revised is the tags that an object gets: what the user manages, or the user's that are there where nothing is managed;
// and our marks.
func revised(has []string, prior, want map[string]string, marks []string) []string {
	tags := want
	if prior == nil && want == nil {
		tags = tagMap(has)
	}
	return tagList(tags, marks...)
}

// without is a list of marks but for those that begin with one of the prefixes.
func without(marks []string, prefixes ...string) []string {
	return slices.DeleteFunc(slices.Clone(marks), func(mark string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(mark, p) })
	})
}

// differ puts the value that an attribute gets under name into body, if there is one and it is another than has: want's,
// or that of nothing where it was managed and is no more.
func differ[T comparable](body map[string]any, name string, prior, want *T, has, none T) {
	switch {
	case want != nil && *want != has:
		body[name] = *want
	case want == nil && prior != nil && has != none:
		body[name] = none
	}
}
