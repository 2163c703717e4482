package image

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"runtime/debug"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// rootsModule brings the certificates of public authorities, from the list that Mozilla keeps. Its version in go.mod, and not the
// day or the machine of the build, decides which they are.
const rootsModule = "golang.org/x/crypto/x509roots/fallback"

// rootsHeader starts the file of certificates and tells where they are from.
const rootsHeader = "# Certificates of public authorities: " + rootsModule + " "

// roots is the file of certificates. An authority that may vouch only for certificates of the past is not in it: a file cannot
// say so, and without saying so it would be trusted with everything.
func roots() ([]byte, error) {
	var file bytes.Buffer
	fmt.Fprintln(&file, rootsHeader+rootsVersion())
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		certificate, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, fmt.Errorf("certificate of an authority: %w", err)
		}
		fmt.Fprintf(&file, "\n# %s\n", certificate.Subject)
		if err := pem.Encode(&file, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	return file.Bytes(), nil
}

// rootsVersion is the version of the module in this binary; a test binary does not know it.
func rootsVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == rootsModule {
				return d.Version
			}
		}
	}
	return "unknown"
}

// rootsVersionIn reads the version back from a file of certificates.
func rootsVersionIn(file []byte) string {
	line, _, _ := strings.Cut(string(file), "\n")
	return strings.TrimPrefix(line, rootsHeader)
}
