package libvirt

import (
	"fmt"
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// Kinds of disk devices.
const (
	deviceDisk  = "disk"
	deviceCDROM = "cdrom"
)

// sourceOf is the path that a disk device reads: of a file or of a block device; "" is an empty drive, or a source
// that has no path on the host.
func sourceOf(source *libvirtxml.DomainDiskSource) string {
	switch {
	case source == nil:
		return ""
	case source.File != nil:
		return source.File.File
	case source.Block != nil:
		return source.Block.Dev
	}
	return ""
}

// chain lists what a disk device is made of, from the file that is written to down to the first one.
func chain(d *libvirtxml.DomainDisk) []string {
	paths := []string{sourceOf(d.Source)}
	for below := d.BackingStore; below != nil; below = below.BackingStore {
		if path := sourceOf(below.Source); path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

// identity is the native id of a disk: the path it was bound by, even when a snapshot has put another file on top of it.
func identity(d *libvirtxml.DomainDisk, bound map[string]bool) string {
	paths := chain(d)
	for _, path := range paths {
		if bound[path] {
			return path
		}
	}
	return paths[0]
}

// disksOf lists the disks of a document that are no drives for other media.
func disksOf(doc *libvirtxml.Domain) []*libvirtxml.DomainDisk {
	var list []*libvirtxml.DomainDisk
	for i := range devicesOf(doc).Disks {
		d := &doc.Devices.Disks[i]
		if (d.Device == deviceDisk || d.Device == "" || d.Device == "lun") && d.Target != nil {
			list = append(list, d)
		}
	}
	return list
}

// drivesOf lists the CD drives.
func drivesOf(doc *libvirtxml.Domain) []*libvirtxml.DomainDisk {
	var list []*libvirtxml.DomainDisk
	for i := range devicesOf(doc).Disks {
		if d := &doc.Devices.Disks[i]; d.Device == deviceCDROM && d.Target != nil {
			list = append(list, d)
		}
	}
	return list
}

func devicesOf(doc *libvirtxml.Domain) *libvirtxml.DomainDeviceList {
	if doc == nil || doc.Devices == nil {
		return &libvirtxml.DomainDeviceList{}
	}
	return doc.Devices
}

// findDisk finds a disk by its identity.
func findDisk(doc *libvirtxml.Domain, path string) *libvirtxml.DomainDisk {
	if path == "" {
		return nil
	}
	for _, d := range disksOf(doc) {
		if slices.Contains(chain(d), path) {
			return d
		}
	}
	return nil
}

// dropDisk takes a disk out of a document.
func dropDisk(doc *libvirtxml.Domain, path string) {
	if found := findDisk(doc, path); found != nil {
		target := found.Target.Dev
		doc.Devices.Disks = slices.DeleteFunc(doc.Devices.Disks, func(d libvirtxml.DomainDisk) bool {
			return d.Target != nil && d.Target.Dev == target
		})
	}
}

// findNIC finds an adapter by its address.
func findNIC(doc *libvirtxml.Domain, mac string) *libvirtxml.DomainInterface {
	if mac == "" {
		return nil
	}
	for i := range devicesOf(doc).Interfaces {
		if n := &doc.Devices.Interfaces[i]; macOf(n) == strings.ToLower(mac) {
			return n
		}
	}
	return nil
}

func dropNIC(doc *libvirtxml.Domain, mac string) {
	doc.Devices.Interfaces = slices.DeleteFunc(doc.Devices.Interfaces, func(n libvirtxml.DomainInterface) bool {
		return macOf(&n) == strings.ToLower(mac)
	})
}

// macOf is an adapter's address in lower case.
func macOf(n *libvirtxml.DomainInterface) string {
	if n.MAC == nil {
		return ""
	}
	return strings.ToLower(n.MAC.Address)
}

// busPrefix is how the names of the devices on a bus begin.
func busPrefix(bus string) string {
	switch bus {
	case "virtio":
		return "vd"
	case "ide":
		return "hd"
	}
	return "sd"
}

// nextTarget is the name behind the last one in use on a bus, so that a new disk comes after those that are there.
func nextTarget(bus string, docs ...*libvirtxml.Domain) string {
	last := -1
	for _, doc := range docs {
		for _, d := range devicesOf(doc).Disks {
			if d.Target != nil && strings.HasPrefix(d.Target.Dev, busPrefix(bus)) {
				last = max(last, targetNumber(strings.TrimPrefix(d.Target.Dev, busPrefix(bus))))
			}
		}
	}
	return busPrefix(bus) + targetLetters(last+1)
}

// targetLetters counts a … z, aa … as Linux does.
func targetLetters(n int) string {
	letters := string(rune('a' + n%26))
	if n >= 26 {
		return targetLetters(n/26-1) + letters
	}
	return letters
}

func targetNumber(letters string) int {
	n := 0
	for _, r := range letters {
		n = n*26 + int(r-'a') + 1
	}
	return n - 1
}

// pathSource is the source of a device: a file, or a block device.
func pathSource(path string) *libvirtxml.DomainDiskSource {
	if strings.HasPrefix(path, "/dev/") {
		return &libvirtxml.DomainDiskSource{Block: &libvirtxml.DomainDiskSourceBlock{Dev: path}}
	}
	return &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{File: path}}
}

// Network ids that name no libvirt network.
const (
	onBridge  = "bridge:"
	onMacvtap = "macvtap:"
)

// nicSource connects an adapter to what network_id names; names are the libvirt networks by UUID.
func nicSource(id string, names map[string]string) (*libvirtxml.DomainInterfaceSource, error) {
	if bridge, ok := strings.CutPrefix(id, onBridge); ok {
		return &libvirtxml.DomainInterfaceSource{Bridge: &libvirtxml.DomainInterfaceSourceBridge{Bridge: bridge}}, nil
	}
	if device, ok := strings.CutPrefix(id, onMacvtap); ok {
		dev, mode, _ := strings.Cut(device, "/")
		return &libvirtxml.DomainInterfaceSource{Direct: &libvirtxml.DomainInterfaceSourceDirect{Dev: dev, Mode: either(mode, "bridge")}}, nil
	}
	name, ok := names[id]
	if !ok {
		return nil, fmt.Errorf("there is no network %q: give the id of a virt_network, %s<host bridge> or %s<host device>", id, onBridge, onMacvtap)
	}
	return &libvirtxml.DomainInterfaceSource{Network: &libvirtxml.DomainInterfaceSourceNetwork{Network: name}}, nil
}

// networkOf is the network_id of an adapter; ids are the UUIDs of libvirt's networks by name. "" is a source of
// another kind.
func networkOf(n *libvirtxml.DomainInterface, ids map[string]string) string {
	switch s := n.Source; {
	case s == nil:
		return ""
	case s.Network != nil:
		return ids[s.Network.Network]
	case s.Bridge != nil:
		return onBridge + s.Bridge.Bridge
	case s.Direct != nil && either(s.Direct.Mode, "bridge") != "bridge":
		return onMacvtap + s.Direct.Dev + "/" + s.Direct.Mode
	case s.Direct != nil:
		return onMacvtap + s.Direct.Dev
	}
	return ""
}
