package libvirt

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/cloudinit"
)

// fwCfgIgnition is where Ignition looks for its configuration in QEMU's firmware configuration.
const fwCfgIgnition = "opt/com.coreos/config"

// discFile is a small volume whose name holds the hash of what it holds, so that another content is another volume and a
// machine never sees half of one.
type discFile struct {
	spec    volumeSpec
	file    string
	content []byte
}

// drives sets what lies in the CD drives: what the guest is told, and the user's own disc. Every machine has both
// drives from the start, since neither can be added while it runs.
func (c *change) drives(ctx context.Context) error {
	if c.fresh {
		for range 2 {
			c.doc.Devices.Disks = append(c.doc.Devices.Disks, drive(c.doc))
		}
		if driveBus(c.doc) == "scsi" {
			c.addSCSI()
		}
	}
	if disc := pick(c, c.own.CDROM, c.was.CDROM, ""); disc != nil {
		c.insert(c.drive(1, "libvirt.cdrom"), *disc, "libvirt", "cdrom")
	}
	if !c.tells() {
		return nil
	}
	return errors.Join(c.seedDisc(ctx), c.ignition(ctx))
}

// drive gives the n-th CD drive, a new one where the machine has fewer: which it can only get while it is off.
func (c *change) drive(n int, path string) *libvirtxml.DomainDisk {
	for len(drivesOf(c.doc)) <= n {
		c.doc.Devices.Disks = append(c.doc.Devices.Disks, drive(c.doc))
		c.needsOff(path)
	}
	return drivesOf(c.doc)[n]
}

// insert puts a disc into a drive; "" empties it.
func (c *change) insert(drive *libvirtxml.DomainDisk, file string, at ...string) {
	if sourceOf(drive.Source) == file {
		return
	}
	drive.Source = &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{File: file}}
	if file != "" {
		drive.Source = pathSource(file)
	}
	device := *drive
	c.live("change the disc", at, func(ctx context.Context) error {
		text, err := device.Marshal()
		if err != nil {
			return err
		}
		how := libvirt.DomainDeviceModifyFlags(both) | libvirt.DomainDeviceModifyForce
		return do(ctx, c.s.client, func(l *libvirt.Libvirt) error { return l.DomainUpdateDeviceFlags(c.is.rpc, text, how) })
	})
}

// told is all that makes up what a guest is told.
type told struct {
	Hostname, UserData, NetworkData *string
	Login                           *platform.Login
	Metadata                        map[string]string
	NICs                            map[string]platform.NIC
}

func toldBy(m *platform.Machine) told {
	t := told{m.Hostname, m.UserData, m.NetworkData, m.Login, m.Metadata, nil}
	if cloudinit.Static(m) {
		t.NICs = m.NICs
	}
	return t
}

// tells says whether the guest has to be told something else than before.
func (c *change) tells() bool {
	return c.fresh || !reflect.DeepEqual(toldBy(c.prior), toldBy(c.want))
}

// seedDisc makes the NoCloud disc and puts it into the first drive.
func (c *change) seedDisc(ctx context.Context) error {
	earlier, err := c.earlierSeed(ctx)
	if err != nil {
		return err
	}
	disc, err := newSeed(c.want, c.is.id, c.macs(), earlier)
	if err != nil {
		return err
	}
	file := ""
	if disc != (seed{}) {
		image, err := disc.image()
		if err != nil {
			return err
		}
		if file, err = c.load(ctx, "seed", ".iso", image); err != nil {
			return err
		}
	}
	if file != "" || c.rec.Seed != "" {
		c.insert(c.drive(0, "user_data"), file, "user_data")
	}
	c.replaceUpload(&c.rec.Seed, file)
	return nil
}

// earlierSeed is what the guest was told so far; it is asked for only where a password's hash may have to stay.
func (c *change) earlierSeed(ctx context.Context) (seed, error) {
	if c.rec.Seed == "" || c.want.Login == nil || c.want.Login.PasswordWO != nil || c.want.Login.Password != nil {
		return seed{}, nil
	}
	image, err := c.s.downloadVolume(ctx, c.rec.Seed, seedLimit)
	if errors.Is(err, platform.ErrNotFound) {
		return seed{}, nil
	}
	if err != nil {
		return seed{}, err
	}
	return readSeed(bytes.NewReader(image))
}

// ignition passes an Ignition configuration through the firmware.
func (c *change) ignition(ctx context.Context) error {
	file := ""
	if config := ignitionOf(c.want); config != "" {
		var err error
		if file, err = c.load(ctx, "ignition", ".ign", []byte(config)); err != nil {
			return platform.At(err, "user_data")
		}
	}
	if file == c.rec.Config {
		return nil
	}
	c.replaceUpload(&c.rec.Config, file)
	var kept []libvirtxml.DomainSysInfo
	for _, info := range c.doc.SysInfo {
		if info.FWCfg == nil || !holdsIgnition(info.FWCfg) {
			kept = append(kept, info)
		}
	}
	c.doc.SysInfo = kept
	if file != "" {
		entry := libvirtxml.DomainSysInfoEntry{Name: fwCfgIgnition, File: file}
		c.doc.SysInfo = append(kept, libvirtxml.DomainSysInfo{FWCfg: &libvirtxml.DomainSysInfoFWCfg{Entry: []libvirtxml.DomainSysInfoEntry{entry}}})
	}
	return nil
}

func holdsIgnition(info *libvirtxml.DomainSysInfoFWCfg) bool {
	for _, e := range info.Entry {
		if e.Name == fwCfgIgnition {
			return true
		}
	}
	return false
}

// replaceUpload notes another file, and that the one before it goes once nothing refers to it any more.
func (c *change) replaceUpload(at *string, file string) {
	if before := *at; before != "" && before != file {
		c.obsolete = append(c.obsolete, before)
	}
	*at = file
}

// load plans the upload of a small file beside the boot disk.
func (c *change) load(ctx context.Context, key, extension string, content []byte) (string, error) {
	name := c.s.config.String(setPool)
	if b := c.want.BootDisk; b != nil && b.Storage != nil {
		name = *b.Storage
	}
	p, err := c.s.pool(ctx, name)
	if err != nil {
		return "", err
	}
	if p.block() && name != c.s.config.String(setPool) { // block devices hold no small files
		if p, err = c.s.pool(ctx, c.s.config.String(setPool)); err != nil {
			return "", err
		}
	}
	volume := strings.TrimSuffix(fileName(c.want.Name, key, c.is.id, 1), extension) + "-" + seedHash(content)[:12] + extension
	u := discFile{volumeSpec{pool: p.name, name: volume, format: formatRaw}, p.file(volume), content}
	if u.file != c.rec.Seed && u.file != c.rec.Config || c.is.rec.Creating { // an interrupted creation may have left it out
		c.uploads = append(c.uploads, u)
	}
	return u.file, nil
}
