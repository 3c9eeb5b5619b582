package libvirt

import (
	"context"
	"path"
	"time"

	"github.com/digitalocean/go-libvirt"
)

// poolTableAge is how long the folders of the pools are taken as known: a read of many machines asks once.
const poolTableAge = 5 * time.Second

// poolTable is the names of the active pools by their folders.
type poolTable map[string]string

// holding is the pool that a file lies in; "" is none.
func (t poolTable) holding(file string) string { return t[path.Dir(file)] }

// poolsByPath asks for all pools, at most every few seconds.
func (s *session) poolsByPath(ctx context.Context) (poolTable, error) {
	s.poolsKnown.Lock()
	defer s.poolsKnown.Unlock()
	if s.poolTable != nil && time.Since(s.poolsAt) < poolTableAge {
		return s.poolTable, nil
	}
	list, err := ask(ctx, s.client, func(l *libvirt.Libvirt) ([]libvirt.StoragePool, error) {
		pools, _, err := l.ConnectListAllStoragePools(1, libvirt.ConnectListStoragePoolsActive)
		return pools, err
	})
	if is(err, libvirt.ErrNoSupport) {
		return poolTable{}, nil // a driver without storage
	}
	if err != nil {
		return nil, failed("list the storage pools of", s.uri.where(), err)
	}
	table := poolTable{}
	for _, rpc := range list {
		document, err := s.poolDocument(ctx, rpc)
		if is(err, libvirt.ErrNoStoragePool) {
			continue // gone meanwhile
		}
		if err != nil {
			return nil, failed("read the storage pool", rpc.Name, err)
		}
		if p := poolOf(rpc, document); p.path != "" {
			table[p.path] = p.name
		}
	}
	s.poolTable, s.poolsAt = table, time.Now()
	return table, nil
}
