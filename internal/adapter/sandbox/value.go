package sandbox

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// deref gives what p points to, or the zero value.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// or gives what p points to, or d.
func or[T any](p *T, d T) T {
	if p == nil {
		return d
	}
	return *p
}

// some points to a copy of v, or is nil for the zero value.
func some[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// set gives an attribute its new value: what is wanted, the default when it was removed, else what it is.
func set[T any](at *T, prior, want *T, reset T) {
	switch {
	case want != nil:
		*at = *want
	case prior != nil:
		*at = reset
	}
}

// setMap is set for maps of text, which are managed as a whole.
func setMap(at *map[string]string, prior, want map[string]string) {
	switch {
	case want != nil:
		*at = maps.Clone(want)
	case prior != nil:
		*at = nil
	}
}

// now is a time that changes from one call to the next and survives being written.
func now() time.Time { return time.Now().UTC().Round(0) }

// mib is a size in the unit of the files, rounded up.
func mib(s platform.Size) int64 { return s.CeilMiB() }

// size is a number of MiB as the contract has it; nothing for 0.
func size(mib int64) *platform.Size {
	if mib == 0 {
		return nil
	}
	s := platform.Size(mib) * platform.MiB
	return &s
}

// fingerprint tells two texts apart without keeping them.
func fingerprint(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// hashed is a password as an operating system would keep it.
func hashed(password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	key, err := pbkdf2.Key(sha256.New, password, salt, 10_000, 32)
	return "pbkdf2-sha256:" + hex.EncodeToString(salt) + ":" + hex.EncodeToString(key), err
}
