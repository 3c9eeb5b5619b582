package platform

// SSHKey is a public key that the platform puts into new machines.
type SSHKey struct {
	Meta
	Name        string            `tfsdk:"name"`
	PublicKey   string            `tfsdk:"public_key"`  // as in authorized_keys: ssh-ed25519 AAAA… comment
	Fingerprint *string           `tfsdk:"fingerprint"` // in the platform's way
	Native      map[string]string `tfsdk:"native"`
}
