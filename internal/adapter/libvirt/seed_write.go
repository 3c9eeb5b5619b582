package libvirt

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/kdomanski/iso9660"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Names on the image, as the NoCloud data source wants them.
const (
	seedVolume   = "cidata"
	seedUserData = "user-data"
	seedMetaData = "meta-data"
	seedNetwork  = "network-config"
)

// seedLimit bounds an image that we write, and a file that we read, in bytes: a guest reads it into memory, and we a
// stranger's.
const seedLimit = 16 << 20

// Where things lie on the image, in sectors. Everything before the files takes one sector each.
const (
	isoSector = 2048
	isoFirst  = 16 // what comes before belongs to no one
	isoEnd    = 18 // after the two volume descriptors
	isoPaths  = 19 // two path tables per volume
	isoRoots  = 23 // one directory per volume
	isoFiles  = 25
)

// seedTree is one of the two views of the image: the plain one, which everything but Windows reads, and Joliet.
type seedTree struct {
	kind        byte   // of the volume descriptor: 1 or 2
	escape      string // names the character set
	encode      func(string) string
	paths, root int32 // sectors of the two path tables and the directory
}

func seedTrees() []seedTree {
	plain := func(text string) string { return text }
	return []seedTree{
		{kind: 1, encode: plain, paths: isoPaths, root: isoRoots},
		{kind: 2, escape: jolietEscape, encode: encodeJoliet, paths: isoPaths + 2, root: isoRoots + 1},
	}
}

// image is the seed as an ISO 9660 image, made in memory since it may hold secrets: it never touches our disk. It holds
// no time and nothing of the machine that made it, so that equal seeds give equal images. It has seedLimit bytes at
// most; the error of a longer one is platform.ErrInvalid, at the attribute that the longest text comes from.
func (s seed) image() ([]byte, error) {
	files := s.files()
	names := slices.Sorted(maps.Keys(files))
	if err := s.tooLong(); err != nil {
		return nil, err
	}
	image, entries := make([]byte, isoFiles*isoSector), []iso9660.DirectoryEntry{}
	for _, name := range names {
		size := int32(len(files[name])) //nolint:gosec // at most seedLimit
		entries = append(entries, seedExtent(name+";1", seedSectors(image), size, 0))
		image = append(image, files[name]...)
		image = append(image, make([]byte, -len(image)&(isoSector-1))...)
	}
	for i, t := range seedTrees() {
		if err := t.write(image, isoFirst+i, entries); err != nil {
			return nil, fmt.Errorf("make the image of the seed: %w", err)
		}
	}
	copy(sectorOf(image, isoEnd), "\xffCD001\x01")
	return image, nil
}

// write puts the tree's descriptor, its path tables and its directory into the image.
func (t seedTree) write(image []byte, sector int, files []iso9660.DirectoryEntry) error {
	descriptor, err := t.descriptor(seedSectors(image)).MarshalBinary()
	if err != nil {
		return err
	}
	header := sectorOf(image, sector)
	copy(header, descriptor)
	copy(header, append([]byte{t.kind}, "CD001\x01"...))
	copy(header[88:], t.escape)
	for i, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		path := order.AppendUint32([]byte{1, 0}, uint32(t.root)) //nolint:gosec // the number of a sector
		copy(sectorOf(image, t.paths+int32(i)), order.AppendUint16(path, 1))
	}
	return t.directory(sectorOf(image, t.root), files)
}

// isoPathTable is the length of a path table that names the root alone.
const isoPathTable = 10

// directory writes the entries of the root: itself twice, then the files in the order of their names.
func (t seedTree) directory(sector []byte, files []iso9660.DirectoryEntry) error {
	const flagDirectory = 2
	entries := []iso9660.DirectoryEntry{
		seedExtent("\x00", t.root, isoSector, flagDirectory), seedExtent("\x01", t.root, isoSector, flagDirectory),
	}
	for _, f := range files {
		f.Identifier = t.encode(f.Identifier)
		entries = append(entries, f)
	}
	for _, e := range entries {
		record, err := e.MarshalBinary()
		if err != nil {
			return err
		}
		sector = sector[copy(sector, record):]
	}
	return nil
}

func (t seedTree) descriptor(size int32) iso9660.PrimaryVolumeDescriptorBody {
	root := seedExtent("\x00", t.root, isoSector, 2)
	text := func(text string, width int) string { return t.encode(text + strings.Repeat(" ", width))[:width] }
	return iso9660.PrimaryVolumeDescriptorBody{
		SystemIdentifier: text("", 32), VolumeIdentifier: text(seedVolume, 32), VolumeSetIdentifier: text("", 128),
		PublisherIdentifier: text("", 128), DataPreparerIdentifier: text("", 128), ApplicationIdentifier: text("", 128),
		CopyrightFileIdentifier: text("", 37), AbstractFileIdentifier: text("", 37), BibliographicFileIdentifier: text("", 37),
		VolumeSpaceSize: size, VolumeSetSize: 1, VolumeSequenceNumber: 1, LogicalBlockSize: isoSector,
		PathTableSize: isoPathTable, TypeLPathTableLoc: t.paths, TypeMPathTableLoc: t.paths + 1,
		RootDirectoryEntry: &root, FileStructureVersion: 1,
	}
}

// seedExtent describes a file or directory. Its time is always the same.
func seedExtent(name string, sector, size int32, flags byte) iso9660.DirectoryEntry {
	return iso9660.DirectoryEntry{
		Identifier: name, ExtentLocation: sector, ExtentLength: uint32(size), FileFlags: flags, //nolint:gosec // below seedLimit
		RecordingDateTime: iso9660.RecordingTimestamp(time.Unix(0, 0).UTC()), VolumeSequenceNumber: 1,
	}
}

// sectorOf is what lies in one sector.
func sectorOf[N int | int32](image []byte, sector N) []byte {
	return image[int(sector)*isoSector:][:isoSector]
}

// seedSectors counts those of an image.
func seedSectors(image []byte) int32 {
	return int32(len(image) / isoSector) //nolint:gosec // three files of seedLimit at most
}

// jolietEscape says UCS-2, level 3.
const jolietEscape = "%/E"

// encodeJoliet spells a text in big-endian UCS-2.
func encodeJoliet(text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.BigEndian.AppendUint16(b, unit)
	}
	return string(b)
}

// tooLong refuses texts that no image takes.
func (s seed) tooLong() error {
	const most = seedLimit - (isoFiles+3)*isoSector // each of the three files may leave most of a sector empty
	size := len(s.UserData) + len(s.MetaData) + len(s.NetworkConfig)
	if size <= most {
		return nil
	}
	longest := "user_data"
	switch max(len(s.UserData), len(s.MetaData), len(s.NetworkConfig)) {
	case len(s.UserData):
	case len(s.MetaData):
		longest = "metadata"
	default:
		longest = "network_data"
	}
	err := fmt.Errorf("user_data, metadata and network_data together have %d bytes, and a guest can be told %d at most", size, most)
	return platform.At(platform.As(platform.ErrInvalid, err), longest)
}
