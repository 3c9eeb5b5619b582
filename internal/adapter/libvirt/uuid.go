package libvirt

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/digitalocean/go-libvirt"
)

// newUUID makes a random UUID, version 4.
func newUUID() libvirt.UUID {
	var b libvirt.UUID
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return b
}

// spellUUID writes a UUID as libvirt does.
func spellUUID(b libvirt.UUID) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// parseUUID reads what spellUUID writes; ok is false for anything else.
func parseUUID(text string) (id libvirt.UUID, ok bool) {
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != len(id) || len(text) != 36 {
		return id, false
	}
	return libvirt.UUID(raw), true
}
