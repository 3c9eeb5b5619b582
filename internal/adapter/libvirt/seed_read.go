package libvirt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// What we read of an image that anybody may have written.
const (
	isoVolumes   = 16      // descriptors
	isoDirectory = 1 << 16 // bytes
	isoRecord    = 33      // bytes of a directory's entry before the name
)

// errNoSeed says that an image is something else than a seed.
var errNoSeed = errors.New("it is no NoCloud seed")

// seedView is a view of an image that is read.
type seedView struct {
	joliet bool
	root   seedEntry
}

// seedEntry is a file or directory: its name and where it lies, in bytes.
type seedEntry struct {
	name     string
	at, size int64
	plain    bool // a file in one piece
}

// readSeed undoes image, and reads the seeds of other makers, too, be their names plain, Rock Ridge's or Joliet's. It
// reads a bounded amount. An image that is no seed gives errNoSeed.
func readSeed(r io.ReaderAt) (seed, error) {
	volumes, err := readSeedViews(r)
	if err != nil {
		return seed{}, fmt.Errorf("read the image of the seed: %w", err)
	}
	files := map[string]string{}
	for _, v := range volumes {
		if err := v.read(r, files); err != nil {
			return seed{}, fmt.Errorf("read the image of the seed: %w", err)
		}
	}
	s := seed{UserData: files[seedUserData], MetaData: files[seedMetaData], NetworkConfig: files[seedNetwork]}
	if s == (seed{}) {
		return s, fmt.Errorf("read the image of the seed: %w: it has none of the files", errNoSeed)
	}
	return s, nil
}

// readSeedViews finds the views of the image.
func readSeedViews(r io.ReaderAt) ([]seedView, error) {
	var found []seedView
	for i := range int64(isoVolumes) {
		sector := make([]byte, isoSector)
		if _, err := r.ReadAt(sector, (isoFirst+i)*isoSector); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if string(sector[1:6]) != "CD001" {
			break
		}
		if v, ok, err := readSeedView(sector); err != nil {
			return nil, err
		} else if ok {
			found = append(found, v)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: it is not an ISO 9660 image", errNoSeed)
	}
	return found, nil
}

// readSeedView reads a descriptor; what is neither plain nor Joliet is passed over.
func readSeedView(sector []byte) (seedView, bool, error) {
	escape := sector[88:91]
	v := seedView{joliet: sector[0] == 2 && bytes.HasPrefix(escape, []byte("%/"))}
	if sector[0] != 1 && !v.joliet {
		return v, false, nil
	}
	if size := binary.LittleEndian.Uint16(sector[128:]); size != isoSector {
		return v, false, fmt.Errorf("%w: its blocks have %d bytes", errNoSeed, size)
	}
	if label := strings.TrimRight(string(sector[40:72]), " \x00"); !v.joliet && !strings.EqualFold(label, seedVolume) {
		return v, false, fmt.Errorf("%w: the volume is called %q, not %q", errNoSeed, label, seedVolume)
	}
	v.root = seedPlace(sector[156:190])
	return v, true, nil
}

// read adds the volume's files that belong to a seed and are not known yet.
func (v seedView) read(r io.ReaderAt, files map[string]string) error {
	data, err := seedContents(r, v.root, isoDirectory)
	if err != nil {
		return fmt.Errorf("its directory: %w", err)
	}
	for _, e := range v.entries(data) {
		_, known := files[e.name]
		if known || !e.plain || (e.name != seedUserData && e.name != seedMetaData && e.name != seedNetwork) {
			continue
		}
		text, err := seedContents(r, e, seedLimit)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		files[e.name] = string(text)
	}
	return nil
}

// seedContents reads what lies at an entry. An image that ends before is an error, as is one that claims too much.
func seedContents(r io.ReaderAt, e seedEntry, limit int64) ([]byte, error) {
	if e.size > limit {
		return nil, fmt.Errorf("it has %d bytes, which is too much for a seed (%d)", e.size, limit)
	}
	data, err := io.ReadAll(io.NewSectionReader(r, e.at, e.size)) // grows with what is there, not with what is claimed
	if err == nil && int64(len(data)) < e.size {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}

// entries splits a directory. What makes no sense ends its sector.
func (v seedView) entries(data []byte) []seedEntry {
	var found []seedEntry
	for len(data) > 0 {
		sector := data[:min(isoSector, len(data))]
		data = data[len(sector):]
		for len(sector) > isoRecord {
			length := int(sector[0])
			if length <= isoRecord || length > len(sector) || isoRecord+int(sector[32]) > length {
				break
			}
			e := seedPlace(sector[:length])
			e.name = v.name(sector[:length])
			found, sector = append(found, e), sector[length:]
		}
	}
	return found
}

// seedPlace says where the entry of a record lies. The record has at least its head.
func seedPlace(record []byte) seedEntry {
	const directory, continued = 2, 0x80
	first := binary.LittleEndian.Uint32(record[2:])
	return seedEntry{
		at:    (int64(first) + int64(record[1])) * isoSector, // past its extended attributes
		size:  int64(binary.LittleEndian.Uint32(record[10:])),
		plain: record[25]&(directory|continued) == 0,
	}
}

// name is how Linux shows a record's name. The record is as long as its head and the name say.
func (v seedView) name(record []byte) string {
	end := isoRecord + int(record[32])
	name := string(record[isoRecord:end])
	if v.joliet {
		name = decodeJoliet(name)
	} else if long := rockRidge(record[min(end+end&1, len(record)):]); long != "" {
		return long
	}
	name, _, _ = strings.Cut(name, ";")
	if !v.joliet {
		name = strings.ToLower(name)
	}
	return strings.TrimSuffix(name, ".")
}

// rockRidge finds the long name among the extensions of a record. A name that goes on elsewhere is none of a seed's.
func rockRidge(extensions []byte) string {
	for len(extensions) > 5 {
		length := int(extensions[2])
		if length < 4 || length > len(extensions) {
			return ""
		}
		if string(extensions[:2]) == "NM" && length > 5 && extensions[4] == 0 {
			return string(extensions[5:length])
		}
		extensions = extensions[length:]
	}
	return ""
}

// decodeJoliet reads big-endian UCS-2.
func decodeJoliet(text string) string {
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16([]byte(text[2*i:]))
	}
	return string(utf16.Decode(units))
}
