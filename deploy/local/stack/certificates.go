package stack

import (
	"fmt"
	"path/filepath"

	"github.com/cartwright-shop/cartwright/services/platform/mtls"
	"github.com/cartwright-shop/cartwright/services/platform/mtls/mtlstest"
)

// RenewCertificates gives every service a new certificate, as a renewal in production does: the running processes find it in
// their files. Its authority lives as long as the Shop.
func (s *Shop) RenewCertificates() error {
	for _, service := range ServiceNames {
		if err := s.issueCertificate(service); err != nil {
			return fmt.Errorf("certificate of %s: %w", service, err)
		}
	}
	return nil
}

func (s *Shop) issueCertificate(service string) error {
	if s.authority == nil {
		var err error
		if s.authority, err = mtlstest.NewAuthority("cartwright on this machine"); err != nil {
			return err
		}
	}
	cert, key, err := s.authority.Issue(mtlstest.Request{Service: service})
	if err != nil {
		return err
	}
	return mtlstest.Mount(s.certificates(service), cert, key, s.authority.PEM())
}

// Certificate is the files of a service's certificate. There are none unless the shop was started with MTLS.
func (s *Shop) Certificate(service string) mtls.Files {
	return mtlstest.FilesIn(s.certificates(service))
}

func (s *Shop) certificates(service string) string {
	return filepath.Join(s.options.Dir, "mtls", service)
}

// certificateEnvironment is the settings that switch certificates on.
func (s *Shop) certificateEnvironment(service string) []string {
	if !s.options.MTLS {
		return nil
	}
	files := s.Certificate(service)
	return []string{"MTLS_CERT_FILE=" + files.Cert, "MTLS_KEY_FILE=" + files.Key, "MTLS_CA_FILE=" + files.CA}
}
