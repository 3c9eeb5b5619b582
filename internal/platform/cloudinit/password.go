package cloudinit

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// cryptRounds is the default work factor of SHA-512 crypt.
const cryptRounds = 5000

// saltOf gives a machine's salt. It depends on the machine alone, so that an unchanged password stays unchanged.
func saltOf(instance string) string {
	sum := sha256.Sum256([]byte("virt login " + instance))
	return hex.EncodeToString(sum[:])[:16]
}

// hashPassword is SHA-512 crypt as in glibc's crypt(3) ("$6$"): anybody who may read a machine's configuration sees
// what the guest is told, so that it must not hold the password.
// Source: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6.
func hashPassword(password, salt string) (string, error) {
	if strings.ContainsAny(password, "\x00") {
		return "", platform.As(platform.ErrInvalid, errors.New("the password of login holds a zero byte"))
	}
	p, s := []byte(password), []byte(salt)
	digest := firstDigest(p, s)
	ps := stretch(repeatedDigest(p, len(p)), len(p))
	ss := stretch(repeatedDigest(s, 16+int(digest[0])), len(s))
	for round := range cryptRounds {
		h := sha512.New()
		h.Write(either(round%2 == 1, ps, digest))
		if round%3 != 0 {
			h.Write(ss)
		}
		if round%7 != 0 {
			h.Write(ps)
		}
		h.Write(either(round%2 == 1, digest, ps))
		digest = h.Sum(nil)
	}
	return "$6$" + salt + "$" + cryptEncode(digest), nil
}

func firstDigest(p, s []byte) []byte {
	b := sha512.New()
	for _, part := range [][]byte{p, s, p} {
		b.Write(part)
	}
	a := sha512.New()
	a.Write(p)
	a.Write(s)
	inner := b.Sum(nil)
	a.Write(stretch(inner, len(p)))
	for n := len(p); n > 0; n >>= 1 {
		a.Write(either(n&1 == 1, inner, p))
	}
	return a.Sum(nil)
}

// repeatedDigest hashes text so many times over.
func repeatedDigest(text []byte, times int) []byte {
	h := sha512.New()
	for range times {
		h.Write(text)
	}
	return h.Sum(nil)
}

// stretch repeats a digest to n bytes.
func stretch(digest []byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = digest[i%len(digest)]
	}
	return out
}

func either(first bool, a, b []byte) []byte {
	if first {
		return a
	}
	return b
}

// cryptEncode spells a digest in crypt's own base 64 and order.
func cryptEncode(d []byte) string {
	const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	write := func(x, y, z byte, n int) {
		for v := uint(x)<<16 | uint(y)<<8 | uint(z); n > 0; n-- {
			b.WriteByte(alphabet[v&63])
			v >>= 6
		}
	}
	x, y, z := 0, 21, 42
	for range 21 {
		write(d[x], d[y], d[z], 4)
		x, y, z = y+1, z+1, x+1
	}
	write(0, 0, d[63], 2)
	return b.String()
}
