package docker

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Secrets and configs of a swarm cannot be changed. What the user knows under one name is a series of objects, the
// versions, each named <name>-<suffix> and labelled with the name. The newest holds the current value.
const (
	labelName     = "io.terraform-virt.name"     // what the user calls a secret or a config
	labelEncoding = "io.terraform-virt.encoding" // "base64": the value was given so

	longestName  = 64 // that the engine takes
	suffixDigits = 12
)

// version is one object: the state of a secret or config between two changes of its value.
type version struct {
	id      string
	meta    swarm.Meta
	name    string // of the object
	labels  map[string]string
	data    []byte // only configs tell it
	drivers *swarm.Driver
}

// owner is what the user calls it: what we made carries that name as a label, what others made has it as its own.
func (v version) owner() string { return cmp.Or(v.labels[labelName], v.name) }

// template is the driver that fills in placeholders, if there is one.
func (v version) template() *string {
	if v.drivers == nil || v.drivers.Name == "" {
		return nil
	}
	return &v.drivers.Name
}

// native is what the platform says of it beyond the shared attributes.
func (v version) native() map[string]string {
	return described(v.meta, map[string]string{"name": v.name})
}

// shelf is where versions lie: the secrets or the configs of a swarm.
type shelf interface {
	managing() error
	what() string
	list(ctx context.Context, f client.Filters) ([]version, error)
	inspect(ctx context.Context, ref string) (version, error)
	put(ctx context.Context, v version) (id string, err error)
	relabel(ctx context.Context, v version, labels map[string]string) error
	remove(ctx context.Context, id string) error
}

// seriesOf lists the versions that we made or took over under a name, the newest first.
func seriesOf(ctx context.Context, s shelf, name string) ([]version, error) {
	list, err := s.list(ctx, client.Filters{}.Add("label", labelName+"="+name))
	if err != nil {
		return nil, failed("list the versions of the "+s.what(), name, err)
	}
	list = slices.DeleteFunc(list, func(v version) bool { return v.labels[labelName] != name })
	slices.SortFunc(list, newestFirst)
	return list, nil
}

func newestFirst(a, b version) int {
	return cmp.Or(b.meta.CreatedAt.Compare(a.meta.CreatedAt), cmp.Compare(b.meta.Version.Index, a.meta.Version.Index))
}

// currentVersion finds the version that a state knows, else the newest, else what others made under that name.
func currentVersion(ctx context.Context, s shelf, name string, known *string) (version, error) {
	if known != nil {
		v, err := s.inspect(ctx, *known)
		if err == nil && v.owner() == name {
			return v, nil
		}
		if err != nil && !isNotFound(err) {
			return v, failed("read the "+s.what(), name, err)
		}
	}
	list, err := seriesOf(ctx, s, name)
	if err != nil {
		return version{}, err
	}
	if len(list) > 0 {
		return list[0], nil
	}
	v, err := s.inspect(ctx, name)
	if err == nil && v.name != name {
		err = platform.As(platform.ErrNotFound, errors.New("no such "+s.what()))
	}
	return v, failed("read the "+s.what(), name, err)
}

// firstVersion creates the first version; made is called as soon as it is there.
func firstVersion(ctx context.Context, s shelf, name string, v version, made func(string)) (string, error) {
	op := "create the " + s.what()
	there, err := currentVersion(ctx, s, name, nil)
	if err == nil {
		return "", alreadyThere(op, name, there.owner())
	}
	if !errors.Is(err, platform.ErrNotFound) {
		return "", err
	}
	v.labels = maps.Clone(v.labels)
	v.labels[labelCreation] = newCreation()
	id, err := s.put(ctx, v)
	if err != nil && answerLost(err) {
		id, err = recoverVersion(ctx, s, v, err)
	}
	if nameTaken(err) { // somebody was faster
		return "", alreadyThere(op, name, name)
	}
	if err != nil {
		return "", failed(op, name, err)
	}
	made(name)
	return id, nil
}

// recoverVersion finds what was made although the answer was lost.
func recoverVersion(ctx context.Context, s shelf, v version, cause error) (string, error) {
	grace, cancel := graceful(ctx)
	defer cancel()
	there, err := s.inspect(grace, v.name)
	if err != nil || there.labels[labelCreation] != v.labels[labelCreation] {
		return "", cause
	}
	return there.id, nil
}

// nextVersion puts another version in place of old. One with the same content that is still there is used again.
func nextVersion(ctx context.Context, s shelf, name string, old, v version) (string, error) {
	op := "put a new version of the " + s.what()
	if old.labels[labelName] == "" { // made by others: from now on it is one of the series, so that it goes like all of them
		labels := maps.Clone(old.labels)
		if labels == nil {
			labels = map[string]string{}
		}
		labels[labelName] = name
		if err := s.relabel(ctx, old, labels); err != nil {
			return "", failed("label the "+s.what(), old.name, err)
		}
	}
	id, err := s.put(ctx, v)
	if !nameTaken(err) && (err == nil || !answerLost(err)) {
		return id, failed(op, name, err)
	}
	there, found := s.inspect(ctx, v.name)
	if found != nil || there.labels[labelName] != name {
		return "", failed(op, name, err)
	}
	if maps.Equal(there.labels, v.labels) {
		return there.id, nil
	}
	return there.id, failed(op, name, s.relabel(ctx, there, v.labels))
}

// sweepVersions deletes the versions of a name that nobody uses any more, except the current one. Services that still use one
// delete it when they let it go.
func sweepVersions(ctx context.Context, s shelf, name, keep string) error {
	list, err := seriesOf(ctx, s, name)
	if err != nil {
		return err
	}
	var errs []error
	for _, v := range list {
		if v.id != keep {
			err := s.remove(ctx, v.id)
			if err != nil && !isNotFound(err) && !stillUsed(err) {
				errs = append(errs, failed("delete the old version of the "+s.what(), v.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// discardVersions deletes all versions of a name, and the one that a state knows.
func discardVersions(ctx context.Context, s shelf, name string, known *string) error {
	list, err := seriesOf(ctx, s, name)
	if err != nil {
		return err
	}
	if known != nil && !slices.ContainsFunc(list, func(v version) bool { return v.id == *known }) {
		list = append(list, version{id: *known, name: name})
	}
	if len(list) == 0 {
		if v, err := s.inspect(ctx, name); err == nil && v.name == name {
			list = append(list, v)
		}
	}
	for _, v := range slices.Backward(list) {
		err := s.remove(ctx, v.id)
		if stillUsed(err) {
			err = platform.As(platform.ErrConflict, &platform.OpError{Op: "delete the " + s.what(), On: v.name, Err: err, Hint: "Take it out of the services first"})
		}
		if err != nil && !isNotFound(err) {
			return failed("delete the "+s.what(), v.name, err)
		}
	}
	return nil
}

// dropVersion deletes one version that a service let go, where a newer one is in its place and nobody uses it.
func dropVersion(ctx context.Context, s shelf, id string) error {
	v, err := s.inspect(ctx, id)
	if isNotFound(err) || err == nil && v.labels[labelName] == "" {
		return nil
	}
	if err != nil {
		return failed("look at the "+s.what(), id, err)
	}
	list, err := seriesOf(ctx, s, v.labels[labelName])
	if err != nil || len(list) == 0 || list[0].id == id {
		return err
	}
	if err := s.remove(ctx, id); err != nil && !isNotFound(err) && !stillUsed(err) {
		return failed("delete the old version of the "+s.what(), v.name, err)
	}
	return nil
}

func stillUsed(err error) bool { return err != nil && strings.Contains(err.Error(), "is in use by") }

// findVersion resolves a name, the name of a version or its id to the name of the series.
func findVersion(ctx context.Context, s shelf, ref string) (string, error) {
	list, err := s.list(ctx, nil)
	if err != nil {
		return "", failed("look for the "+s.what(), ref, err)
	}
	owners := map[string]bool{}
	for _, v := range list {
		if v.owner() == ref || v.name == ref || v.id == ref {
			owners[v.owner()] = true
		}
	}
	switch names := slices.Sorted(maps.Keys(owners)); len(names) {
	case 0:
		return "", platform.As(platform.ErrNotFound, errors.New("no such "+s.what()+": "+ref))
	case 1:
		return names[0], nil
	default:
		return "", &platform.AmbiguousError{Ref: ref, Matches: names}
	}
}

// listVersions tells all that lies on a shelf with one request: one entry for all versions under a name.
func listVersions[T any](ctx context.Context, s shelf, fill func(have *T, all []version)) iter.Seq2[platform.Entry[T], error] {
	return func(yield func(platform.Entry[T], error) bool) {
		err := s.managing()
		var list []version
		if err == nil {
			list, err = s.list(ctx, nil)
		}
		if err != nil {
			yield(platform.Entry[T]{}, failed("list the "+s.what()+"s", "", err))
			return
		}
		for name, versions := range versionsByName(list) {
			fill := func(have *T) error {
				fill(have, versions)
				return nil
			}
			if !yield(platform.Entry[T]{ID: name, Name: name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// versionsByName groups what lies on a shelf by the user's names, with the newest version of each.
func versionsByName(list []version) map[string][]version {
	all := map[string][]version{}
	for _, v := range list {
		all[v.owner()] = append(all[v.owner()], v)
	}
	for _, versions := range all {
		slices.SortFunc(versions, newestFirst)
	}
	return all
}

// chosenVersion is the version that a state knows, else the newest.
func chosenVersion(versions []version, known *string) version {
	for _, v := range versions {
		if known != nil && v.id == *known {
			return v
		}
	}
	return versions[0]
}

// relabelled is what a version carries once its tags are changed: all of ours, and the user's where they are managed.
func relabelled(old, tags, prior map[string]string) map[string]string {
	labels := maps.Clone(old)
	if labels == nil {
		labels = map[string]string{}
	}
	if tags == nil && prior == nil {
		return labels
	}
	maps.DeleteFunc(labels, func(key, _ string) bool { return !strings.HasPrefix(key, labelPrefix) })
	maps.Copy(labels, tags)
	return labels
}
