package docker

import (
	"maps"
	"strings"
)

// keys gives the elements of one map the keys that the user knows them by.
type keys struct {
	bound map[string]string // native id to key
	all   bool              // what is not bound gets a key, too
	taken map[string]bool
}

// keysOf prepares the keys of a map: those of bound, by native id. On an import it is all elements, by the keys that
// made them. Nil means that nothing of the map is managed.
func (s *seen) keysOf(attribute string, unmanaged bool, bound map[string]string) *keys {
	if unmanaged && !s.importing {
		return nil
	}
	k := &keys{bound: bound, taken: map[string]bool{}}
	if s.importing {
		k.all, k.bound = true, s.record.keys[attribute]
	}
	for key := range maps.Values(k.bound) {
		k.taken[key] = true
	}
	return k
}

// of is the key of an element; slot is what it is called when nobody gave it one.
func (k *keys) of(id, slot string) (string, bool) {
	if key, ok := k.bound[id]; ok {
		return key, true
	}
	if !k.all {
		return "", false
	}
	key := slot
	for k.taken[key] {
		key += "-2"
	}
	k.taken[key] = true
	return key, true
}

// idsOf turns a map's elements into their keys by native id.
func idsOf[E any](elements map[string]E, id func(E) *string) map[string]string {
	bound := map[string]string{}
	for key, e := range elements {
		if p := id(e); p != nil {
			bound[*p] = key
		}
	}
	return bound
}

// lastElement is what a path is called after.
func lastElement(path string) string {
	path = strings.TrimRight(path, "/")
	if i := strings.LastIndex(path, "/"); i >= 0 && i < len(path)-1 {
		return path[i+1:]
	}
	return "root"
}
