package libvirt

import (
	"encoding/binary"
	"reflect"

	"github.com/digitalocean/go-libvirt"
)

// shape is what an answer is made of. go-libvirt allocates what a length says before it looks whether as much is there,
// so answers are walked before it gets them.
type shape struct{ of reflect.Type }

func answerOf[T any]() shape { return shape{reflect.TypeFor[T]()} }

// errorShape is as much of an error as go-libvirt reads.
func errorShape() shape {
	return answerOf[struct {
		Code, Domain uint32
		Told         uint8
		Message      string
		Level        uint32
	}]()
}

// shapes gives the answers of the procedures in use that have a length in them, by the numbers of libvirt's
// remote_protocol.x. What is missing here is not looked at.
func shapes() map[uint32]shape {
	m := map[uint32]shape{
		66:  answerOf[libvirt.AuthListRet](),
		228: answerOf[libvirt.NodeGetMemoryStatsRet](),
		273: answerOf[libvirt.ConnectListAllDomainsRet](),
		274: answerOf[libvirt.DomainListAllSnapshotsRet](),
		281: answerOf[libvirt.ConnectListAllStoragePoolsRet](),
		282: answerOf[libvirt.StoragePoolListAllVolumesRet](),
		283: answerOf[libvirt.ConnectListAllNetworksRet](),
		284: answerOf[libvirt.ConnectListAllInterfacesRet](),
		344: answerOf[libvirt.ConnectGetAllDomainStatsRet](),
		353: answerOf[libvirt.DomainInterfaceAddressesRet](),
	}
	same := func(s shape, procedures ...uint32) {
		for _, p := range procedures {
			m[p] = s
		}
	}
	same(answerOf[string](), 3, 7, 14, 43, 59, 88, 99, 186, 203, 342, 388)
	same(answerOf[libvirt.Domain](), 23, 24, 196, 350)
	same(answerOf[libvirt.Network](), 40, 41, 46, 47)
	same(answerOf[libvirt.StoragePool](), 77, 84, 85, 391)
	same(answerOf[libvirt.StorageVol](), 93, 95, 97, 125)
	same(answerOf[libvirt.DomainSnapshot](), 185, 189)
	return m
}

// holds reports whether a body has all that its lengths announce.
func (s shape) holds(body []byte) bool { return (&walk{body}).through(s.of) }

// walk steps through a body in XDR (RFC 4506).
type walk struct{ rest []byte }

func (w *walk) skip(n int) bool {
	if n < 0 || n > len(w.rest) {
		return false
	}
	w.rest = w.rest[n:]
	return true
}

func (w *walk) word() (n uint32, ok bool) {
	if len(w.rest) < 4 {
		return 0, false
	}
	n = binary.BigEndian.Uint32(w.rest)
	return n, w.skip(4)
}

// opaque skips bytes, which are filled up to words.
func (w *walk) opaque(n int) bool { return w.skip((n + 3) / 4 * 4) }

// text skips a length and as many bytes.
func (w *walk) text() bool {
	n, ok := w.word()
	return ok && uint64(n) <= uint64(len(w.rest)) && w.opaque(int(n))
}

func (w *walk) through(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String:
		return w.text()
	case reflect.Int64, reflect.Uint64, reflect.Float64:
		return w.skip(8)
	case reflect.Struct:
		if t == reflect.TypeFor[libvirt.TypedParamValue]() {
			return w.union()
		}
		for field := range t.Fields() {
			if !w.through(field.Type) {
				return false
			}
		}
		return true
	case reflect.Array:
		return t.Elem().Kind() == reflect.Uint8 && w.opaque(t.Len()) || t.Elem().Kind() != reflect.Uint8 && w.each(t.Len(), t.Elem())
	case reflect.Slice:
		n, ok := w.word()
		if !ok || uint64(n) > uint64(len(w.rest)) {
			return false
		}
		if t.Elem().Kind() == reflect.Uint8 {
			return w.opaque(int(n))
		}
		return w.each(int(n), t.Elem())
	}
	return w.skip(4)
}

// each steps through elements of a type.
func (w *walk) each(n int, of reflect.Type) bool {
	for range n {
		if !w.through(of) {
			return false
		}
	}
	return true
}

// union steps through a value that says its type first: four bytes, eight or text.
func (w *walk) union() bool {
	kind, ok := w.word()
	switch {
	case !ok:
		return false
	case kind >= 3 && kind <= 5:
		return w.skip(8)
	case kind == 7:
		return w.text()
	}
	return w.skip(4)
}
