package mtls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// Files are PEM files.
type Files struct {
	// Cert is the certificate, followed by those of its intermediate authorities.
	Cert string
	// Key is the private key of the certificate.
	Key string
	// CA is all authorities that are believed. While one takes over from another it has both.
	CA string
}

// Check tells what is wrong with the files of a service, nil when nothing is.
func (f Files) Check(service string) error {
	_, err := f.read().parse(service, time.Now())
	return err
}

// content is what the files held at one moment. It can be compared.
type content struct{ cert, key, ca, problem string }

func (f Files) read() (c content) {
	if f.Cert == "" || f.Key == "" || f.CA == "" {
		return content{problem: "set all three or none"}
	}
	for path, into := range map[string]*string{f.Cert: &c.cert, f.Key: &c.key, f.CA: &c.ca} {
		text, err := os.ReadFile(path)
		if err != nil {
			return content{problem: err.Error()}
		}
		*into = string(text)
	}
	return c
}

// material is content that is good.
type material struct {
	content   content
	own       tls.Certificate
	leaf      *x509.Certificate
	authority *x509.Certificate // which the chain of leaf ends at
	roots     *x509.CertPool
	domain    string
}

// parse checks all that others will check: that key, name, time, use and authority of the certificate are right.
func (c content) parse(service string, now time.Time) (*material, error) {
	if c.problem != "" {
		return nil, errors.New(c.problem)
	}
	m := &material{content: c, roots: x509.NewCertPool()}
	var err error
	if m.own, err = tls.X509KeyPair([]byte(c.cert), []byte(c.key)); err != nil {
		return nil, fmt.Errorf("certificate and key: %w", err)
	}
	m.leaf = m.own.Leaf
	if !m.roots.AppendCertsFromPEM([]byte(c.ca)) {
		return nil, errors.New("the file of authorities has no certificate in it")
	}
	if m.domain, err = nameOf(m.leaf, service); err != nil {
		return nil, err
	}
	between := x509.NewCertPool()
	between.AppendCertsFromPEM([]byte(c.cert))
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		paths, err := m.leaf.Verify(x509.VerifyOptions{Roots: m.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}})
		if err != nil {
			return nil, fmt.Errorf("the certificate would not be believed: %w", err)
		}
		m.authority = paths[0][len(paths[0])-1]
	}
	return m, nil
}

const (
	scheme     = "spiffe"
	pathPrefix = "/service/"
)

var errName = errors.New("the certificate does not name the right service")

// nameOf reads the trust domain from the one URI that a certificate must have; want is the service in it, empty for any.
func nameOf(c *x509.Certificate, want string) (domain string, err error) {
	if len(c.URIs) != 1 {
		return "", fmt.Errorf("%w: it has %d URIs instead of one", errName, len(c.URIs))
	}
	uri := c.URIs[0]
	service, ok := strings.CutPrefix(uri.Path, pathPrefix)
	plain := url.URL{Scheme: scheme, Host: uri.Host, Path: uri.Path}
	switch {
	case !ok || service == "" || strings.Contains(service, "/") || uri.Host == "" || *uri != plain:
		return "", fmt.Errorf("%w: %q is not %s://<trust domain>%s<name>", errName, uri, scheme, pathPrefix)
	case want != "" && service != want:
		return "", fmt.Errorf("%w: it is for %s, wanted is %s", errName, service, want)
	}
	return uri.Host, nil
}
