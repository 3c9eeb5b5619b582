package docker

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

// TLS is the public key infrastructure of one server: folders with ca.pem, cert.pem and key.pem, as DOCKER_CERT_PATH
// wants them.
type TLS struct {
	Client   string // the server trusts its certificate, and it trusts the server
	Stranger string // the same authority for the server, but a client certificate of another one
	server   string // of the server itself
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
		if err := writePEM(filepath.Join(c.dir, "ca.pem"), "CERTIFICATE", own.certificate.Raw); err != nil {
			return nil, err
		}
		if err := c.signer.issue(c.dir, c.name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// args are dockerd's.
func (t *TLS) args() []string {
	return []string{
		"--tlsverify", "--tlscacert", filepath.Join(t.server, "ca.pem"), "--tlscert", filepath.Join(t.server, "cert.pem"),
		"--tlskey", filepath.Join(t.server, "key.pem"),
	}
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

// issue writes cert.pem and key.pem into dir, good for a server on the loopback and for a client of that name.
func (a *authority) issue(dir, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := certificate(name)
	template.DNSNames, template.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "cert.pem"), "CERTIFICATE", der); err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, "key.pem"), "PRIVATE KEY", secret)
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
