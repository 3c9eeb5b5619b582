package docker

import (
	"path/filepath"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/authority"
)

// TLS is the public key infrastructure of one server: folders with ca.pem, cert.pem and key.pem, as DOCKER_CERT_PATH
// wants them.
type TLS struct {
	Client   string // the server trusts its certificate, and it trusts the server
	Stranger string // the same authority for the server, but a client certificate of another one
	server   string // of the server itself
}

// newTLS makes authorities and certificates below dir, valid for a day.
func newTLS(dir string) (*TLS, error) {
	files := authority.Files{CA: "ca.pem", Certificate: "cert.pem", Key: "key.pem"}
	made, err := authority.Make(dir, files, files)
	if err != nil {
		return nil, err
	}
	return &TLS{Client: made.Client, Stranger: made.Stranger, server: made.Server}, nil
}

// args are dockerd's.
func (t *TLS) args() []string {
	return []string{
		"--tlsverify", "--tlscacert", filepath.Join(t.server, "ca.pem"), "--tlscert", filepath.Join(t.server, "cert.pem"),
		"--tlskey", filepath.Join(t.server, "key.pem"),
	}
}
