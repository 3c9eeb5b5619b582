package libvirt

import (
	"context"
	"iter"
	"slices"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// disks are the volumes of all active pools. Their stable id is the volume's path.
type disks struct{ s *session }

var (
	_ platform.Resource[platform.Disk] = (*disks)(nil)
	_ platform.Lister[platform.Disk]   = (*disks)(nil)
	_ platform.Finder[platform.Disk]   = (*disks)(nil)
)

// Read fills have.
func (d *disks) Read(ctx context.Context, have *platform.Disk) error {
	v, err := d.s.volume(ctx, value(have.ID))
	if err != nil {
		return err
	}
	v.fillDisk(have)
	return nil
}

// fillDisk is the one translation from a volume to a disk. What a full copy was made from is known to nobody.
func (v *volume) fillDisk(have *platform.Disk) {
	*have = platform.Disk{Meta: have.Meta, Name: v.name, Size: &v.capacity, Type: new(v.diskType()), Storage: &v.pool}
	have.ID = &v.key
	have.Native = v.native()
	have.Libvirt = &platform.LibvirtDisk{LinkedClone: new(v.backing != "")}
}

// native is what libvirt calls a volume.
func (v *volume) native() map[string]string {
	return map[string]string{"path": v.key, "pool": v.pool, "key": v.rpc.Key}
}

// diskType is the format as a machine sees the disk. For a raw one libvirt tells what a guest wrote to its beginning.
func (v *volume) diskType() string {
	if slices.Contains([]string{formatQcow2, "qcow", "qed", "vmdk", "vdi", "vpc", "parallels"}, v.format) {
		return v.format
	}
	return formatRaw
}

// List gives every volume: which of them are disks, only their users know.
func (d *disks) List(ctx context.Context) iter.Seq2[platform.Entry[platform.Disk], error] {
	return entries(ctx, d.s, (*volume).fillDisk)
}

// Find resolves a path, pool/name or a name that is unique.
func (d *disks) Find(ctx context.Context, ref string) (string, error) {
	return d.s.findVolume(ctx, "disk", ref)
}
