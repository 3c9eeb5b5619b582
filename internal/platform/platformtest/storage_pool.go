package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func storagePoolSubject() *subject {
	k := newSubject(kind.StoragePool())
	path := func(b *Bench) any { return "/srv/" + b.Name() }
	k.values = Values{
		"type":    {Old: "dir", New: "nfs", NewWith: Config{"server": "nas-1.invalid", "export": "/srv/one"}},
		"path":    Of(path, path),
		"server":  {Old: "nas-1.invalid", New: "nas-2.invalid", With: Config{"type": "nfs", "export": "/srv/one"}, Gone: Config{"type": "dir", "export": nil}, Alone: true},
		"export":  {Old: "/srv/one", New: "/srv/two", With: Config{"type": "nfs", "server": "nas-1.invalid"}, Gone: Config{"type": "dir", "server": nil}, Alone: true},
		"devices": {Old: []any{"/dev/vdb"}, New: []any{"/dev/vdb", "/dev/vdc"}, With: Config{"type": "logical"}, Alone: true},

		"libvirt.autostart": Of(true, false),
		"libvirt.build":     Of(true, false),
	}
	k.minimal = func(*Bench) Config { return Config{"type": "dir"} }
	k.update = []string{"name", "libvirt.autostart"}
	k.byHand = []string{"name", "libvirt.autostart"}
	k.volatile = []string{"available"}
	return k
}
