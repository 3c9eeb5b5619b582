package docker

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"iter"
	"maps"
	"unicode/utf8"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// configs are Swarm's. Their names end in digits of a hash of their content: equal content is the same object again.
type configs struct{ *session }

// encodedBase64 is what labelEncoding says of values that were given in base64.
const encodedBase64 = "base64"

// Plan refuses what cannot be done here.
func (k *configs) Plan(_ context.Context, p *platform.Plan[platform.ConfigFile]) error {
	return errors.Join(k.managing(), nameFits(p.Want.Name), base64Fits(p.Want.ValueBase64))
}

// Create makes the first version.
func (k *configs) Create(ctx context.Context, want *platform.ConfigFile, made func(string)) error {
	v, err := k.version(want, nil)
	if err == nil && v.data == nil {
		err = platform.At(platform.As(platform.ErrInvalid, errors.New("a config needs a value: set value or value_base64")), "value")
	}
	if err := errors.Join(k.managing(), err); err != nil {
		return err
	}
	v.labels = labelled(want.Tags, v.labels)
	id, err := firstVersion(ctx, k, want.Name, v, made)
	if err != nil {
		return err
	}
	return k.readBack(ctx, want, id)
}

// version is the object for what is wanted, with our labels; what is not managed is as in old.
func (k *configs) version(want *platform.ConfigFile, old *version) (version, error) {
	data, err := content(want.Value, want.ValueBase64, nil)
	v := version{data: data, drivers: templating(want.Docker), labels: map[string]string{labelName: want.Name}}
	if want.ValueBase64 != nil {
		v.labels[labelEncoding] = encodedBase64
	}
	if data == nil && old != nil {
		v.data = old.data
		if e := old.labels[labelEncoding]; e != "" {
			v.labels[labelEncoding] = e
		}
	}
	sum := sha256.New()
	if v.drivers != nil {
		sum.Write([]byte(v.drivers.Name))
	}
	sum.Write([]byte{0})
	sum.Write(v.data)
	v.name = want.Name + "-" + hex.EncodeToString(sum.Sum(nil))[:suffixDigits]
	return v, err
}

// readBack completes what is wanted with what is there now.
func (k *configs) readBack(ctx context.Context, want *platform.ConfigFile, id string) error {
	v, err := k.inspect(ctx, id)
	if err != nil {
		return failed("read the config", want.Name, err)
	}
	want.ID, want.VersionID, want.Native = &want.Name, &id, v.native()
	return nil
}

// Read finds the current version.
func (k *configs) Read(ctx context.Context, have *platform.ConfigFile) error {
	if err := k.managing(); err != nil {
		return err
	}
	v, err := currentVersion(ctx, k, *have.ID, have.VersionID)
	if err != nil {
		return err
	}
	fillConfig(have, v)
	return nil
}

func fillConfig(have *platform.ConfigFile, v version) {
	name := v.owner()
	have.ID, have.Name, have.VersionID, have.Native = &name, name, &v.id, v.native()
	have.Tags = tagsOf(v.labels, nil)
	have.Value, have.ValueBase64 = nil, nil
	if v.labels[labelEncoding] == encodedBase64 || !utf8.Valid(v.data) {
		have.ValueBase64 = new(base64.StdEncoding.EncodeToString(v.data))
	} else {
		have.Value = new(string(v.data))
	}
	if have.Docker != nil {
		have.Docker.Template = v.template()
	}
}

// Update puts a new version where the content is new, else it changes the labels; then it deletes what nobody uses.
func (k *configs) Update(ctx context.Context, prior, want *platform.ConfigFile) error {
	if err := k.managing(); err != nil {
		return err
	}
	old, err := currentVersion(ctx, k, *prior.ID, prior.VersionID)
	if err != nil {
		return err
	}
	v, err := k.version(want, &old)
	if err != nil {
		return err
	}
	if want.Docker == nil && prior.Docker == nil {
		v.drivers = old.drivers
	}
	tags := maps.Clone(old.labels)
	delete(tags, labelEncoding)
	v.labels = labelled(relabelled(tags, want.Tags, prior.Tags), v.labels)
	id := old.id
	switch {
	case string(v.data) != string(old.data) || !sameText(v.template(), old.template()):
		id, err = nextVersion(ctx, k, want.Name, old, v)
	case !maps.Equal(v.labels, old.labels):
		err = failed("label the config", want.Name, k.relabel(ctx, old, v.labels))
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

// Delete removes all versions.
func (k *configs) Delete(ctx context.Context, have *platform.ConfigFile) error {
	if err := k.managing(); err != nil {
		return err
	}
	return discardVersions(ctx, k, *have.ID, have.VersionID)
}

// Find takes a name, the name of a version, or its id.
func (k *configs) Find(ctx context.Context, ref string) (string, error) {
	if err := k.managing(); err != nil {
		return "", err
	}
	return findVersion(ctx, k, ref)
}

// List tells all configs with one request.
func (k *configs) List(ctx context.Context) iter.Seq2[platform.Entry[platform.ConfigFile], error] {
	return listVersions(ctx, k, func(have *platform.ConfigFile, all []version) { fillConfig(have, chosenVersion(all, have.VersionID)) })
}

var (
	_ platform.Lister[platform.ConfigFile]  = (*configs)(nil)
	_ platform.Finder[platform.ConfigFile]  = (*configs)(nil)
	_ platform.Planner[platform.ConfigFile] = (*configs)(nil)
)
