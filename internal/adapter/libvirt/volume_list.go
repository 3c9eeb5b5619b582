package libvirt

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// entries lists all volumes as objects of one kind.
func entries[T any](ctx context.Context, s *session, fill func(*volume, *T)) iter.Seq2[platform.Entry[T], error] {
	return func(yield func(platform.Entry[T], error) bool) {
		all, err := s.volumes(ctx)
		if err != nil {
			yield(platform.Entry[T]{}, err)
			return
		}
		for _, v := range all {
			into := func(have *T) error { fill(v, have); return nil }
			if !yield(platform.Entry[T]{ID: v.key, Name: v.name, Fill: into}, nil) {
				return
			}
		}
	}
}

// activePools lists the pools that are in use.
func (s *session) activePools(ctx context.Context) ([]libvirt.StoragePool, error) {
	pools, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.StoragePool, error) {
		pools, _, err := l.ConnectListAllStoragePools(1, libvirt.ConnectListStoragePoolsActive)
		return pools, err
	})
	return pools, failed("list the storage pools of", s.uri.where(), err)
}

// volumes reads all volumes of all active pools: a call for the pools, one for each pool, and then one for each volume,
// many of which are under way at a time. What is still being uploaded is none yet.
func (s *session) volumes(ctx context.Context) ([]*volume, error) {
	pools, err := s.activePools(ctx)
	if err != nil {
		return nil, err
	}
	var all []libvirt.StorageVol
	for _, p := range pools {
		some, err := s.volumesIn(ctx, p)
		if err != nil {
			return nil, failed("list the volumes of the pool", p.Name, err)
		}
		all = append(all, some...)
	}
	found := make([]*volume, len(all))
	errs := make([]error, len(all))
	each(len(all), func(i int) { found[i], errs[i] = s.describe(ctx, all[i]) })
	list := found[:0]
	for i, v := range found {
		switch {
		case isNotFound(errs[i]), is(errs[i], libvirt.ErrNoStorageVol): // gone meanwhile
		case is(errs[i], libvirt.ErrNoStoragePool, libvirt.ErrOperationInvalid): // its pool was stopped meanwhile
		case errs[i] != nil:
			return nil, failed("read the volume", all[i].Key, errs[i])
		case !strings.HasPrefix(v.name, uploadPrefix):
			list = append(list, v)
		}
	}
	return list, nil
}

// volumesIn lists the volumes of a pool. One that was stopped meanwhile has none.
func (s *session) volumesIn(ctx context.Context, p libvirt.StoragePool) ([]libvirt.StorageVol, error) {
	some, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.StorageVol, error) {
		some, _, err := l.StoragePoolListAllVolumes(p, 1, 0)
		return some, err
	})
	if is(err, libvirt.ErrNoStoragePool, libvirt.ErrOperationInvalid) {
		return nil, nil
	}
	return some, err
}

// findVolume resolves a path, pool/name or a name that is unique over the pools.
func (s *session) findVolume(ctx context.Context, kind, ref string) (string, error) {
	if path.IsAbs(ref) {
		v, err := s.volume(ctx, ref)
		if err != nil {
			return "", failed("find the "+kind, ref, err)
		}
		return v.key, nil
	}
	keys, err := s.matches(ctx, ref)
	if err != nil {
		return "", failed("find the "+kind, ref, err)
	}
	switch len(keys) {
	case 0:
		err := fmt.Errorf("no active storage pool of %s has a volume of that name", s.uri.where())
		return "", failed("find the "+kind, ref, platform.As(platform.ErrNotFound, err))
	case 1:
		v, err := s.describe(ctx, keys[0])
		if err != nil {
			return "", failed("find the "+kind, ref, err)
		}
		return v.key, nil
	}
	several := &platform.AmbiguousError{Ref: ref}
	for _, key := range keys {
		several.Matches = append(several.Matches, key.Pool+"/"+key.Name)
	}
	slices.Sort(several.Matches)
	return "", failed("find the "+kind, ref, platform.As(platform.ErrInvalid, several))
}

// matches looks a name up in every pool, or that of the pool which stands before a slash. Where nobody has it, the
// pools look again at their folders: somebody may have put a file there.
func (s *session) matches(ctx context.Context, ref string) ([]libvirt.StorageVol, error) {
	pools, err := s.activePools(ctx)
	if err != nil {
		return nil, err
	}
	name := ref
	if in, rest, ok := strings.Cut(ref, "/"); ok {
		name = rest
		pools = slices.DeleteFunc(pools, func(p libvirt.StoragePool) bool { return p.Name != in })
	}
	keys, err := s.namedIn(ctx, pools, name)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	errs := make([]error, len(pools))
	each(len(pools), func(i int) { errs[i] = s.refresh(ctx, pools[i]) })
	keys, err = s.namedIn(ctx, pools, name)
	if err == nil && len(keys) == 0 {
		err = errors.Join(errs...)
	}
	return keys, err
}

func (s *session) namedIn(ctx context.Context, pools []libvirt.StoragePool, name string) ([]libvirt.StorageVol, error) {
	found := make([]*libvirt.StorageVol, len(pools))
	errs := make([]error, len(pools))
	each(len(pools), func(i int) {
		found[i], errs[i] = s.named(ctx, &pool{rpc: pools[i]}, name)
		if is(errs[i], libvirt.ErrNoStoragePool, libvirt.ErrOperationInvalid) {
			errs[i] = nil // stopped meanwhile
		}
	})
	var keys []libvirt.StorageVol
	for _, f := range found {
		if f != nil {
			keys = append(keys, *f)
		}
	}
	return keys, errors.Join(errs...)
}
