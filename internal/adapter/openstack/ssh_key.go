package openstack

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// sshKeys are the key pairs of the user who signed in: nobody else sees them. Their stable id is the name.
type sshKeys struct{ *session }

var (
	_ platform.Resource[platform.SSHKey] = (*sshKeys)(nil)
	_ platform.Lister[platform.SSHKey]   = (*sshKeys)(nil)
	_ platform.Finder[platform.SSHKey]   = (*sshKeys)(nil)
	_ platform.Planner[platform.SSHKey]  = (*sshKeys)(nil)
)

// keyVersion is the newest microversion of key pairs: with paging since 2.35, with more names since 2.92.
const keyVersion = "2.92"

// keyPair is a key pair as nova tells it.
type keyPair struct {
	Pair struct {
		Name        string `json:"name"`
		PublicKey   string `json:"public_key"`
		Fingerprint string `json:"fingerprint"`
		Type        string `json:"type"`
	} `json:"keypair"`
}

func (k *sshKeys) key(ctx context.Context, name string) (*keyPair, error) {
	c, err := k.upTo(ctx, serviceCompute, keyVersion)
	if err != nil {
		return nil, err
	}
	found := &keyPair{}
	return found, get(ctx, c, "os-keypairs/"+url.PathEscape(name), nil, found)
}

// Read fills have.
func (k *sshKeys) Read(ctx context.Context, have *platform.SSHKey) error {
	found, err := k.key(ctx, value(have.ID))
	if err != nil {
		return failed("read the key pair", value(have.ID), err)
	}
	found.fill(have)
	return nil
}

// fill is the one translation from a key pair.
func (k *keyPair) fill(have *platform.SSHKey) {
	*have = platform.SSHKey{Meta: have.Meta, Name: k.Pair.Name, PublicKey: k.Pair.PublicKey, Fingerprint: unless("", k.Pair.Fingerprint)}
	have.ID = &k.Pair.Name
	have.Native = map[string]string{}
	if k.Pair.Type != "" {
		have.Native["type"] = k.Pair.Type
	}
}

// List gives the key pairs of the user.
func (k *sshKeys) List(ctx context.Context) iter.Seq2[platform.Entry[platform.SSHKey], error] {
	return func(yield func(platform.Entry[platform.SSHKey], error) bool) {
		c, err := k.upTo(ctx, serviceCompute, keyVersion)
		if err != nil {
			yield(platform.Entry[platform.SSHKey]{}, err)
			return
		}
		for found, err := range pages[*keyPair](ctx, c, "os-keypairs", "keypairs", nil) {
			if err != nil {
				yield(platform.Entry[platform.SSHKey]{}, failed("list the key pairs of", k.user, err))
				return
			}
			fill := func(have *platform.SSHKey) error { found.fill(have); return nil }
			if !yield(platform.Entry[platform.SSHKey]{ID: found.Pair.Name, Name: found.Pair.Name, Fill: fill}, nil) {
				return
			}
		}
	}
}

// Find resolves a name.
func (k *sshKeys) Find(ctx context.Context, ref string) (string, error) {
	found, err := k.key(ctx, ref)
	if err != nil {
		return "", failed("find the key pair", ref, err)
	}
	return found.Pair.Name, nil
}

// Plan refuses names that nova would refuse.
func (k *sshKeys) Plan(_ context.Context, p *platform.Plan[platform.SSHKey]) error {
	const signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 @._-"
	if name := p.Want.Name; p.Known("name") && (len(name) > 255 || strings.Trim(name, signs) != "") {
		err := errors.New("the name of a key pair has up to 255 letters, digits, spaces and the characters @ . _ -")
		return platform.At(platform.As(platform.ErrInvalid, err), "name")
	}
	return nil
}

// Create hands a public key to nova. It is there at once.
func (k *sshKeys) Create(ctx context.Context, want *platform.SSHKey, made func(id string)) error {
	if _, err := k.key(ctx, want.Name); err == nil {
		return failed("make the key pair", want.Name, &platform.ExistsError{Name: want.Name, ID: want.Name})
	} else if !isNotFound(err) {
		return failed("look for the key pair", want.Name, err)
	}
	c, err := k.upTo(ctx, serviceCompute, keyVersion)
	if err != nil {
		return err
	}
	spec := map[string]any{"name": want.Name, "public_key": want.PublicKey}
	err = post(ctx, c, "os-keypairs", wrapped("keypair", spec), nil)
	switch {
	case unanswered(ctx, err):
		if sought(ctx, func(ctx context.Context) bool {
			found, look := k.key(ctx, want.Name)
			return look == nil && found.Pair.PublicKey == want.PublicKey
		}) {
			err = nil
		}
	case isConflict(err) && !isQuota(&answer{status: statusOf(err), text: plain(err).Error()}): // made in this moment
		err = &platform.ExistsError{Name: want.Name, ID: want.Name}
	case err != nil && strings.Contains(strings.ToLower(plain(err).Error()), "invalid"):
		err = platform.At(failed("make the key pair", want.Name, err), "public_key")
	}
	if err != nil {
		return failed("make the key pair", want.Name, err)
	}
	made(want.Name)
	return k.Read(ctx, setID(want))
}

// setID gives a new key its id.
func setID(want *platform.SSHKey) *platform.SSHKey {
	want.ID = &want.Name
	return want
}

// Update has nothing to change in place.
func (k *sshKeys) Update(ctx context.Context, _, want *platform.SSHKey) error {
	return k.Read(ctx, want)
}

// Delete removes a key pair. Machines that have its key keep it.
func (k *sshKeys) Delete(ctx context.Context, have *platform.SSHKey) error {
	c, err := k.upTo(ctx, serviceCompute, keyVersion)
	if err != nil {
		return err
	}
	return failed("delete the key pair", value(have.ID), remove(ctx, c, "os-keypairs/"+url.PathEscape(value(have.ID))))
}
