package libvirt

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/cloudinit"
)

// seed is what cloud-init's NoCloud data source reads from a disk called cidata: the texts of its files. The zero seed
// says nothing and needs no disk.
type seed struct {
	UserData      string // may be empty: the guest's agent wants the file all the same
	MetaData      string // YAML
	NetworkConfig string // version 2; "" leaves the file out, so that the guest asks by DHCP
}

// newSeed renders what the machine's configuration tells its guest. uuid is the domain's: it names the instance, so that
// a seed that changed does not alone make the guest start afresh. macs are the adapters' addresses by their keys.
// earlier is the seed that the machine has had so far, which holds the hash of a password that is not given again. The
// result is the zero seed when there is nothing to tell but what ignition passes. The error is platform.ErrInvalid.
func newSeed(want *platform.Machine, uuid string, macs map[string]string, earlier seed) (seed, error) {
	told := *want
	if ignitionOf(want) != "" {
		told.UserData = nil
	}
	if !cloudinit.Told(&told) {
		return seed{}, nil
	}
	s := seed{MetaData: cloudinit.MetadataFile(cloudinit.Metadata(&told, uuid))}
	var err error
	if s.UserData, err = cloudinit.UserData(&told, uuid, earlier.UserData); err != nil {
		return seed{}, platform.At(err, "login")
	}
	s.NetworkConfig, err = cloudinit.NetworkFile(&told, macs)
	return s, err
}

// ignitionOf is the machine's user data where that is an Ignition configuration, else "". Ignition reads no seed: it
// takes its configuration from the firmware (fw_cfg, opt/com.coreos/config).
func ignitionOf(want *platform.Machine) string {
	if want.UserData != nil && cloudinit.IsIgnition(*want.UserData) {
		return *want.UserData
	}
	return ""
}

// files are the files by their names; what is left out is not in the map.
func (s seed) files() map[string]string {
	files := map[string]string{seedUserData: s.UserData, seedMetaData: s.MetaData}
	if s.NetworkConfig != "" {
		files[seedNetwork] = s.NetworkConfig
	}
	return files
}

// seedHash is the SHA-256 of an image, in hexadecimal: equal seeds have equal images, so that it can name the volume.
func seedHash(image []byte) string {
	sum := sha256.Sum256(image)
	return hex.EncodeToString(sum[:])
}
