package docker

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"maps"

	"github.com/moby/moby/api/types/swarm"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// secrets are Swarm's. Their names end in random digits: those of a hash would tell when two values are equal, and let
// weak ones be guessed.
type secrets struct{ *session }

// Plan refuses what cannot be done here.
func (k *secrets) Plan(_ context.Context, p *platform.Plan[platform.Secret]) error {
	w := p.Want
	return errors.Join(
		k.managing(), nameFits(w.Name), base64Fits(w.ValueBase64),
		valueNeeded(p.Prior != nil && p.Changed("docker", "template"), w.Value != nil || w.ValueBase64 != nil || w.ValueWO != nil ||
			!p.Known("value") || !p.Known("value_base64") || p.Changed("value_wo_version")),
	)
}

// valueNeeded refuses a new template for a value that nobody knows any more.
func valueNeeded(anew, there bool) error {
	if !anew || there {
		return nil
	}
	return platform.At(platform.As(platform.ErrInvalid, errors.New("another template needs another object, and nobody can read the value back: give value_wo_version a new number, too")), "docker", "template")
}

// nameFits refuses names that leave no room for the digits behind them.
func nameFits(name string) error {
	if most := longestName - suffixDigits - 1; len(name) > most {
		return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("it has %d characters, and %d are the most, since each version's name has %d more", len(name), most, suffixDigits+1)), "name")
	}
	return nil
}

func base64Fits(v *string) error {
	if v == nil {
		return nil
	}
	if _, err := base64.StdEncoding.DecodeString(*v); err != nil {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("it is no base64: write base64encode(…) or filebase64(…)")), "value_base64")
	}
	return nil
}

// content is the value in whichever attribute it is; nil when there is none.
func content(text, encoded, hidden *string) ([]byte, error) {
	switch {
	case hidden != nil:
		return []byte(*hidden), nil
	case encoded != nil:
		if err := base64Fits(encoded); err != nil {
			return nil, err
		}
		return base64.StdEncoding.DecodeString(*encoded)
	case text != nil:
		return []byte(*text), nil
	}
	return nil, nil
}

// Create makes the first version.
func (k *secrets) Create(ctx context.Context, want *platform.Secret, made func(string)) error {
	data, err := content(want.Value, want.ValueBase64, want.ValueWO)
	if err == nil && data == nil {
		err = platform.At(platform.As(platform.ErrInvalid, errors.New("a secret needs a value: set value_wo and value_wo_version, value or value_base64")), "value")
	}
	if err := errors.Join(k.managing(), err); err != nil {
		return err
	}
	v := k.version(want, data)
	v.labels = labelled(want.Tags, map[string]string{labelName: want.Name})
	id, err := firstVersion(ctx, k, want.Name, v, made)
	if err != nil {
		return err
	}
	return k.readBack(ctx, want, id)
}

// version is the next object for what is wanted, without labels.
func (k *secrets) version(want *platform.Secret, data []byte) version {
	return version{name: want.Name + "-" + randomDigits(suffixDigits), data: data, drivers: templating(want.Docker)}
}

func templating(d *platform.DockerSecret) *swarm.Driver {
	if d == nil || d.Template == nil {
		return nil
	}
	return &swarm.Driver{Name: *d.Template}
}

// readBack completes what is wanted with what is there now.
func (k *secrets) readBack(ctx context.Context, want *platform.Secret, id string) error {
	v, err := k.inspect(ctx, id)
	if err != nil {
		return failed("read the secret", want.Name, err)
	}
	want.ID, want.VersionID, want.Native = &want.Name, &id, v.native()
	return nil
}

// Read finds the current version and tells what it is, but for the value, which the engine keeps.
func (k *secrets) Read(ctx context.Context, have *platform.Secret) error {
	if err := k.managing(); err != nil {
		return err
	}
	v, err := currentVersion(ctx, k, *have.ID, have.VersionID)
	if err != nil {
		return err
	}
	fillSecret(have, v)
	return nil
}

func fillSecret(have *platform.Secret, v version) {
	name := v.owner()
	have.ID, have.Name, have.VersionID, have.Native = &name, name, &v.id, v.native()
	have.Tags = tagsOf(v.labels, nil)
	if have.Docker != nil {
		have.Docker.Template = v.template()
	}
}

// Update puts a new version where the value is new, else it changes the labels; then it deletes what nobody uses.
func (k *secrets) Update(ctx context.Context, prior, want *platform.Secret) error {
	if err := k.managing(); err != nil {
		return err
	}
	old, err := currentVersion(ctx, k, *prior.ID, prior.VersionID)
	if err != nil {
		return err
	}
	data, err := k.changed(prior, want, old)
	if err != nil {
		return err
	}
	id, labels := old.id, relabelled(old.labels, want.Tags, prior.Tags)
	if data != nil {
		v := k.version(want, data)
		v.labels = labelled(labels, map[string]string{labelName: want.Name})
		id, err = nextVersion(ctx, k, want.Name, old, v)
	} else if !maps.Equal(labels, old.labels) {
		err = failed("label the secret", want.Name, k.relabel(ctx, old, labels))
	}
	if err != nil {
		return err
	}
	want.VersionID = &id
	if err := sweepVersions(ctx, k, want.Name, id); err != nil {
		return err
	}
	return k.readBack(ctx, want, id)
}

// changed is the value for a new version; nil when the old one will do.
func (k *secrets) changed(prior, want *platform.Secret, old version) ([]byte, error) {
	now, err := content(want.Value, want.ValueBase64, want.ValueWO)
	if err != nil {
		return nil, err
	}
	was, err := content(prior.Value, prior.ValueBase64, nil)
	managed := want.Docker != nil || prior.Docker != nil
	anew := managed && !sameText(templateOf(want.Docker), old.template())
	switch {
	case err != nil:
		return nil, err
	case now == nil && anew:
		return nil, valueNeeded(true, false)
	case now == nil, want.ValueWO == nil && !anew && was != nil && string(was) == string(now):
		return nil, nil
	}
	return now, nil
}

func templateOf(d *platform.DockerSecret) *string {
	if d == nil {
		return nil
	}
	return d.Template
}

func sameText(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// Delete removes all versions.
func (k *secrets) Delete(ctx context.Context, have *platform.Secret) error {
	if err := k.managing(); err != nil {
		return err
	}
	return discardVersions(ctx, k, *have.ID, have.VersionID)
}

// Find takes a name, the name of a version, or its id.
func (k *secrets) Find(ctx context.Context, ref string) (string, error) {
	if err := k.managing(); err != nil {
		return "", err
	}
	return findVersion(ctx, k, ref)
}

// List tells all secrets with one request.
func (k *secrets) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Secret], error] {
	return listVersions(ctx, k, func(have *platform.Secret, all []version) { fillSecret(have, chosenVersion(all, have.VersionID)) })
}

var (
	_ platform.Lister[platform.Secret]  = (*secrets)(nil)
	_ platform.Finder[platform.Secret]  = (*secrets)(nil)
	_ platform.Planner[platform.Secret] = (*secrets)(nil)
)
