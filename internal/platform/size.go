package platform

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, written with a binary unit: 512MiB, 4GiB.
type Size int64

// Binary units of Size.
const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
	TiB Size = 1 << 40
)

type unit struct {
	name  string
	bytes Size
}

// sizeUnits is ordered from large to small; "B" has to come last because it ends every other name.
func sizeUnits() [5]unit {
	return [5]unit{{"TiB", TiB}, {"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}, {"B", 1}}
}

// ParseSize reads a whole number followed by B, KiB, MiB, GiB or TiB.
func ParseSize(s string) (Size, error) {
	for _, u := range sizeUnits() {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n > math.MaxInt64/int64(u.bytes) {
			return 0, fmt.Errorf("the size %q is larger than the largest one, 8388607TiB", s)
		}
		return Size(n) * u.bytes, nil
	}
	return 0, sizeError(s)
}

// sizeError names the spelling that was probably meant: of units people also write, or of a bare number.
func sizeError(s string) error {
	digits := s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
	given := strings.ToLower(strings.TrimSpace(s[len(digits):]))
	meant := map[string]string{
		"k": "KiB", "kb": "KiB", "kib": "KiB", "m": "MiB", "mb": "MiB", "mib": "MiB",
		"g": "GiB", "gb": "GiB", "gib": "GiB", "t": "TiB", "tb": "TiB", "tib": "TiB", "b": "B",
	}[given]
	if digits == "" || meant == "" {
		return fmt.Errorf("%q is not a size: write a whole number with a binary unit, such as 512MiB or 4GiB", s)
	}
	return fmt.Errorf("%q is not a size: write %s%s", s, digits, meant)
}

// UnmarshalText reads a size; the error says how to write it.
func (s *Size) UnmarshalText(b []byte) error {
	n, err := ParseSize(string(b))
	if err == nil {
		*s = n
	}
	return err
}

// MarshalText writes the size with the largest unit that divides it.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String writes the size with the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits() {
		if s >= u.bytes && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.name
		}
	}
	return "0B"
}

// CeilMiB is the size in MiB, rounded up.
func (s Size) CeilMiB() int64 {
	n := int64(s / MiB)
	if s%MiB > 0 {
		n++
	}
	return n
}
