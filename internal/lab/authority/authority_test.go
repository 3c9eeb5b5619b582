package authority_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/authority"
)

// configuration reads a folder as a peer with that certificate would.
func configuration(t *testing.T, dir string, files authority.Files) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, files.Certificate), filepath.Join(dir, files.Key))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, files.CA))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("no certificate in %s", text)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, RootCAs: pool, ServerName: "localhost",
		ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}
}

// shake shakes hands and returns what either side says of the other.
func shake(t *testing.T, server, client *tls.Config) (ofClient, ofServer error) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	heard := make(chan error, 1)
	go func() {
		defer far.Close()
		heard <- tls.Server(far, server).HandshakeContext(t.Context())
	}()
	conn := tls.Client(near, client)
	ofServer = conn.HandshakeContext(t.Context())
	if ofServer == nil { // the server judges last: its alert, or the end, comes with the first byte
		_, _ = conn.Read(make([]byte, 1))
	}
	return <-heard, ofServer
}

func TestMake(t *testing.T) {
	ofServer := authority.Files{CA: "ca.pem", Certificate: "servercert.pem", Key: "serverkey.pem"}
	ofClient := authority.Files{CA: "ca.pem", Certificate: "clientcert.pem", Key: "clientkey.pem"}
	f, err := authority.Make(t.TempDir(), ofServer, ofClient)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dir     string
		trusted bool
	}{
		"client":   {dir: f.Client, trusted: true},
		"stranger": {dir: f.Stranger},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := shake(t, configuration(t, f.Server, ofServer), configuration(t, c.dir, ofClient))
			if server != nil {
				t.Errorf("it does not trust the server: %v", server)
			}
			if (client == nil) != c.trusted {
				t.Errorf("the server trusts it: %t, want %t (%v)", client == nil, c.trusted, client)
			}
		})
	}
}
