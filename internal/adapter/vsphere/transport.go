package vsphere

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/vmware/govmomi/vim25/soap"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// newClient makes the SOAP client of a connection: address, proxy and TLS. It does not connect.
func newClient(c platform.Config) (*soap.Client, error) {
	address, err := serverURL(c)
	if err != nil {
		return nil, err
	}
	client := soap.NewClient(address, c.Bool(setInsecure))
	client.UserAgent = "terraform-provider-virt"
	transport := client.DefaultTransport()
	// The client's own dialer ignores the context and the proxy's CA; the standard one honours both.
	transport.DialTLSContext = nil
	transport.DialContext = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	transport.MaxIdleConnsPerHost = int(c.Int(setParallel)) + 1
	if transport.TLSClientConfig, err = tlsConfig(c); err != nil {
		return nil, err
	}
	if err := setProxyOf(transport, c.String(setProxy)); err != nil {
		return nil, err
	}
	client.Transport = &statusTransport{transport}
	return client, nil
}

// serverURL reads the setting server: a name, a name and port, or a URL.
func serverURL(c platform.Config) (*url.URL, error) {
	address, err := soap.ParseURL(c.String(setServer))
	if err != nil || address == nil || address.Host == "" {
		return nil, platform.As(platform.ErrInvalid, errors.New("the setting server must be a name or an address, with its port where it is not 443"))
	}
	if address.Scheme != "https" && !c.Bool(setInsecure) {
		return nil, platform.As(platform.ErrInvalid, errors.New("the setting server names no https address: the password would go in the clear"))
	}
	address.User = nil
	return address, nil
}

func tlsConfig(c platform.Config) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.Bool(setInsecure)} //nolint:gosec // the user's own choice, for labs
	if file := c.String(setCAFile); file != "" {
		pool, err := caPool(file)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	if c.String(setCert) == "" {
		return config, nil
	}
	cert, err := tls.LoadX509KeyPair(c.String(setCert), c.String(setKey))
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("the settings client_certificate and client_key: %w", err))
	}
	config.Certificates = []tls.Certificate{cert}
	return config, nil
}

func caPool(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("the setting ca_file: %w", err))
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("the setting ca_file: %s holds no PEM certificate", file))
	}
	return pool, nil
}

func setProxyOf(t *http.Transport, proxy string) error {
	if proxy == "" {
		t.Proxy = http.ProxyFromEnvironment
		return nil
	}
	address, err := url.Parse(proxy)
	if err != nil || address.Host == "" {
		return platform.As(platform.ErrInvalid, errors.New("the setting proxy must be a URL such as http://proxy.example.net:3128"))
	}
	t.Proxy = http.ProxyURL(address)
	return nil
}

// statusTransport turns HTTP answers that are no SOAP envelopes into errors that can be told apart.
type statusTransport struct{ next http.RoundTripper }

// RoundTrip sends one request. A fault comes with status 500 and has an envelope.
func (s *statusTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if r.Header.Get("SOAPAction") == "" || res.StatusCode == http.StatusOK || res.StatusCode == http.StatusInternalServerError {
		return res, nil
	}
	_ = res.Body.Close()
	seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
	return nil, &statusError{code: res.StatusCode, status: res.Status, after: time.Duration(seconds) * time.Second}
}
