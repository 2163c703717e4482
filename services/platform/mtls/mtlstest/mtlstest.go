// Package mtlstest is a certificate authority for tests and for a shop on one machine.
package mtlstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/platform/mtls"
)

// Domain is the trust domain of certificates that ask for no other.
const Domain = "cartwright.local"

// Authority signs certificates.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pem  []byte
}

// Request is what a certificate shall be. Zero values mean the default given at each field.
type Request struct {
	// Service is the service to name.
	Service string
	// Domain is the trust domain. Default: Domain.
	Domain string
	// URIs are named instead of the service.
	URIs []string
	// From and Until are when it is valid. Default: an hour ago to in 30 days.
	From, Until time.Time
	// Usages are what it may be used for. Default: server and client.
	Usages []x509.ExtKeyUsage
}

// NewAuthority makes an authority that is valid for ten years.
func NewAuthority(name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of an authority: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	return &Authority{cert: cert, key: key, pem: encode("CERTIFICATE", der)}, nil
}

// Load makes an authority of a certificate and its key, whether it may sign or not.
func Load(cert, key []byte) (*Authority, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read an authority: %w", err)
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key of the authority cannot sign")
	}
	return &Authority{cert: pair.Leaf, key: signer, pem: cert}, nil
}

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte { return a.pem }

// Issue signs a certificate for a key that it makes, both as PEM.
func (a *Authority) Issue(r Request) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	template, err := r.template()
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("issue a certificate: %w", err)
	}
	plain, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, fmt.Errorf("encode a key: %w", err)
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", plain), nil
}

func (r Request) template() (*x509.Certificate, error) {
	if r.Domain == "" {
		r.Domain = Domain
	}
	if r.From.IsZero() {
		r.From = time.Now().Add(-time.Hour)
	}
	if r.Until.IsZero() {
		r.Until = time.Now().AddDate(0, 0, 30)
	}
	if r.URIs == nil {
		r.URIs = []string{"spiffe://" + r.Domain + "/service/" + r.Service}
	}
	if r.Usages == nil {
		r.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	template := &x509.Certificate{
		SerialNumber: serial(), NotBefore: r.From, NotAfter: r.Until, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: r.Usages,
	}
	for _, text := range r.URIs {
		uri, err := url.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("name in a certificate: %w", err)
		}
		template.URIs = append(template.URIs, uri)
	}
	return template, nil
}

// FilesIn are the files of a folder that is laid out as Kubernetes mounts a secret of cert-manager.
func FilesIn(dir string) mtls.Files {
	return mtls.Files{Cert: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key"), CA: filepath.Join(dir, "ca.crt")}
}

// Open reads the identity of a service that nobody watches.
func Open(files mtls.Files, service string) (*mtls.Identity, error) {
	return mtls.Open(mtls.Config{Files: files, Service: service, Log: zap.NewNop(), Metrics: prometheus.NewRegistry()})
}

// Mount writes certificate, key and authorities into dir the way a kubelet does: into a new folder that a symbolic link then
// points at, so that all three change at one moment.
func Mount(dir string, cert, key, authorities []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	version, err := os.MkdirTemp(dir, "..")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": authorities} {
		if err := os.WriteFile(filepath.Join(version, name), content, 0o600); err != nil {
			return err
		}
		if err := link(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return link(filepath.Base(version), filepath.Join(dir, "..data"))
}

// link points name at target in one step, whatever it pointed at before.
func link(target, name string) error {
	if err := os.Symlink(target, name+".new"); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

func serial() *big.Int {
	var random [16]byte
	rand.Read(random[:])
	return new(big.Int).SetBytes(random[:])
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
