package libvirt

import (
	"context"

	"github.com/digitalocean/go-libvirt"
)

// Find resolves a UUID or a name, which libvirt keeps unique, to the UUID.
func (m *machines) Find(ctx context.Context, ref string) (string, error) {
	if _, ok := parseUUID(ref); ok {
		dom, err := m.s.lookup(ctx, ref)
		if err == nil {
			return spellUUID(dom.UUID), nil
		}
		if !isNotFound(err) {
			return "", err
		}
	}
	dom, err := ask(ctx, m.s.client, func(l *libvirt.Libvirt) (libvirt.Domain, error) { return l.DomainLookupByName(ref) })
	if is(err, libvirt.ErrNoDomain) {
		return "", noMachine(ref, m.s.uri.where())
	}
	if err != nil {
		return "", failed("find the machine", ref, err)
	}
	return spellUUID(dom.UUID), nil
}
