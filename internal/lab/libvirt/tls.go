package libvirt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// TLS is the public key infrastructure of one server: folders with cacert.pem, clientcert.pem and clientkey.pem, as a
// URI's pkipath wants them.
type TLS struct {
	Client   string // the server trusts its certificate, and it trusts the server
	Stranger string // the same authority for the server, but a client certificate of another one
	server   string // of the daemon: cacert.pem, servercert.pem, serverkey.pem
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// newTLS makes authorities and certificates below dir, valid for a day.
func newTLS(dir string) (*TLS, error) {
	t := &TLS{Client: filepath.Join(dir, "client"), Stranger: filepath.Join(dir, "stranger"), server: filepath.Join(dir, "server")}
	own, err := newAuthority("lab")
	if err != nil {
		return nil, err
	}
	foreign, err := newAuthority("elsewhere")
	if err != nil {
		return nil, err
	}
	for _, c := range []struct {
		dir, name string
		signer    *authority
	}{{t.server, "server", own}, {t.Client, "client", own}, {t.Stranger, "client", foreign}} {
		if err := writePEM(filepath.Join(c.dir, "cacert.pem"), "CERTIFICATE", own.certificate.Raw); err != nil {
			return nil, err
		}
		if err := c.signer.issue(c.dir, c.name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// config is the daemon's part.
func (t *TLS) config() string {
	return fmt.Sprintf("ca_file = %q\ncert_file = %q\nkey_file = %q\ncrl_file = \"\"\n",
		filepath.Join(t.server, "cacert.pem"), filepath.Join(t.server, "servercert.pem"), filepath.Join(t.server, "serverkey.pem"))
}

// newAuthority makes one with a self-signed certificate.
func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificate(name)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	return &authority{parsed, key}, err
}

// issue writes <name>cert.pem and <name>key.pem into dir, good for a server on the loopback and for a client.
func (a *authority) issue(dir, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := certificate(name)
	template.DNSNames, template.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment // libvirt insists on both
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, name+"cert.pem"), "CERTIFICATE", der); err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, name+"key.pem"), "PRIVATE KEY", secret)
}

// certificate is what all of them have in common.
func certificate(name string) *x509.Certificate {
	serial := new(big.Int).SetInt64(time.Now().UnixNano())
	subject := pkix.Name{CommonName: name, Organization: []string{"terraform-provider-virt"}}
	return &x509.Certificate{
		SerialNumber: serial, Subject: subject, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 1),
	}
}

// writePEM writes one block for its owner's eyes.
func writePEM(path, kind string, der []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
