// Package authority makes the public key infrastructure of a lab's server: authorities and certificates for a server on
// the loopback and its clients, valid for a day.
package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Folders is the infrastructure of one server: each folder has a certificate, its key and the authority that a peer is
// checked against.
type Folders struct {
	Server   string // of the server itself
	Client   string // the server trusts its certificate, and it trusts the server
	Stranger string // the same authority for the server, but a client certificate of another one
}

// Files are the names of the PEM files in a folder.
type Files struct {
	CA, Certificate, Key string
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// Make writes authorities and certificates below dir. The files of the server and of its clients have the given names.
func Make(dir string, server, client Files) (Folders, error) {
	f := Folders{Server: filepath.Join(dir, "server"), Client: filepath.Join(dir, "client"), Stranger: filepath.Join(dir, "stranger")}
	own, err := newAuthority("lab")
	if err != nil {
		return f, err
	}
	foreign, err := newAuthority("elsewhere")
	if err != nil {
		return f, err
	}
	for _, c := range []struct {
		dir, name string
		files     Files
		signer    *authority
	}{{f.Server, "server", server, own}, {f.Client, "client", client, own}, {f.Stranger, "client", client, foreign}} {
		if err := writePEM(filepath.Join(c.dir, c.files.CA), "CERTIFICATE", own.certificate.Raw); err != nil {
			return f, err
		}
		if err := c.signer.issue(c.dir, c.name, c.files); err != nil {
			return f, err
		}
	}
	return f, nil
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

// issue writes a certificate and its key into dir, good for a server on the loopback and for a client of that name.
func (a *authority) issue(dir, name string, files Files) error {
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
	if err := writePEM(filepath.Join(dir, files.Certificate), "CERTIFICATE", der); err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, files.Key), "PRIVATE KEY", secret)
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
