package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// settleSSHKey computes the fingerprint as ssh-keygen writes it.
func settleSSHKey(_ context.Context, _ *store, _ string, _, now, _ *platform.SSHKey) error {
	fields := strings.Fields(now.PublicKey)
	if len(fields) < 2 {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("a public key is a type and text in base64: ssh-ed25519 AAAA…")), "public_key")
	}
	key, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return platform.At(platform.As(platform.ErrInvalid, err), "public_key")
	}
	sum := sha256.Sum256(key)
	now.Fingerprint = new("SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]))
	return nil
}
