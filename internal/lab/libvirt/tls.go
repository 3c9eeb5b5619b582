package libvirt

import (
	"fmt"
	"path/filepath"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/authority"
)

// TLS is the public key infrastructure of one server: folders with cacert.pem, clientcert.pem and clientkey.pem, as a
// URI's pkipath wants them.
type TLS struct {
	Client   string // the server trusts its certificate, and it trusts the server
	Stranger string // the same authority for the server, but a client certificate of another one
	server   string // of the daemon: cacert.pem, servercert.pem, serverkey.pem
}

// newTLS makes authorities and certificates below dir, valid for a day.
func newTLS(dir string) (*TLS, error) {
	made, err := authority.Make(dir, pemFiles("server"), pemFiles("client"))
	if err != nil {
		return nil, err
	}
	return &TLS{Client: made.Client, Stranger: made.Stranger, server: made.Server}, nil
}

// pemFiles are libvirt's names for the files of a server or a client.
func pemFiles(name string) authority.Files {
	return authority.Files{CA: "cacert.pem", Certificate: name + "cert.pem", Key: name + "key.pem"}
}

// config is the daemon's part.
func (t *TLS) config() string {
	files := pemFiles("server")
	return fmt.Sprintf("ca_file = %q\ncert_file = %q\nkey_file = %q\ncrl_file = \"\"\n",
		filepath.Join(t.server, files.CA), filepath.Join(t.server, files.Certificate), filepath.Join(t.server, files.Key))
}
