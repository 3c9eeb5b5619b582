package libvirt

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// qcow2 header, version 2 and 3 (docs/interop/qcow2.txt of QEMU): numbers are big-endian.
const (
	qcow2Magic        = "QFI\xfb"
	qcow2HeaderSize   = 104
	qcow2ExternalData = 1 << 2 // incompatible feature: the data lies in another file
)

// pack finds out what content is by its beginning. A length of -1 is as much as comes.
func pack(content io.Reader, length int64) (*parcel, error) {
	buffered := bufio.NewReaderSize(content, packetSize)
	head, err := buffered.Peek(qcow2HeaderSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	p := &parcel{content: buffered, length: length, format: formatRaw, size: platform.Size(max(length, 0))}
	if len(head) < qcow2HeaderSize || string(head[:4]) != qcow2Magic {
		return p, foreignFormat(head)
	}
	p.format, p.size = formatQcow2, platform.Size(min(binary.BigEndian.Uint64(head[24:]), 1<<62))
	return p, checkQcow2(head)
}

// checkQcow2 refuses images that mean further files: they are elsewhere, or somebody else's on the host.
func checkQcow2(head []byte) error {
	switch version := binary.BigEndian.Uint32(head[4:]); {
	case version != 2 && version != 3:
		return invalid("it is qcow2 of the unknown version %d", version)
	case binary.BigEndian.Uint64(head[8:]) != 0:
		return invalid("it holds only what differs from a backing file: flatten it with `qemu-img convert -O qcow2`")
	case version == 3 && binary.BigEndian.Uint64(head[72:])&qcow2ExternalData != 0:
		return invalid("its data lies in another file: convert it with `qemu-img convert -O qcow2`")
	}
	return nil
}

// foreignFormat refuses content that is neither a raw disk nor qcow2, which no machine would boot from.
func foreignFormat(head []byte) error {
	for magic, name := range map[string]string{
		"KDMV": "VMDK", "# Disk DescriptorFile": "VMDK", "vhdxfile": "VHDX", "conectix": "VHD",
		"\x1f\x8b": "compressed by gzip", "\xfd7zXZ\x00": "compressed by xz", "BZh": "compressed by bzip2", "\x28\xb5\x2f\xfd": "compressed by zstd",
	} {
		if len(head) >= len(magic) && string(head[:len(magic)]) == magic {
			return invalid("its content is %s: convert it to qcow2 or raw first, for instance with `qemu-img convert -O qcow2`", name)
		}
	}
	return nil
}
