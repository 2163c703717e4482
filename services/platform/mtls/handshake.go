package mtls

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"go.uber.org/zap"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
)

// Server lets in who shows a certificate of a service of the same trust domain.
func (i *Identity) Server() credentials.TransportCredentials {
	return &handshake{identity: i, side: "server", TransportCredentials: credentials.NewTLS(&tls.Config{
		MinVersion:             tls.VersionTLS13,
		ClientAuth:             tls.RequireAnyClientCert, // VerifyConnection asks the authorities that are believed now
		SessionTicketsDisabled: true,                     // a resumed session would skip what has changed since
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &i.inUse.Load().own, nil },
		VerifyConnection:       func(s tls.ConnectionState) error { return i.believe(s, x509.ExtKeyUsageClientAuth, "") },
	})}
}

// Client connects to nobody but the service named. The name of the host does not matter. Without an identity it is plaintext.
func (i *Identity) Client(service string) credentials.TransportCredentials {
	if i == nil {
		return insecure.NewCredentials()
	}
	return &handshake{identity: i, side: "client", TransportCredentials: credentials.NewTLS(&tls.Config{
		MinVersion:           tls.VersionTLS13,
		InsecureSkipVerify:   true, //nolint:gosec // VerifyConnection checks the chain, and the service in place of the host
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &i.inUse.Load().own, nil },
		VerifyConnection:     func(s tls.ConnectionState) error { return i.believe(s, x509.ExtKeyUsageServerAuth, service) },
	})}
}

// believe checks the other side's certificate; want is its service, empty for any.
func (i *Identity) believe(s tls.ConnectionState, usage x509.ExtKeyUsage, want string) error {
	m := i.inUse.Load()
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	options := x509.VerifyOptions{Roots: m.roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{usage}}
	if _, err := s.PeerCertificates[0].Verify(options); err != nil {
		return err
	}
	domain, err := nameOf(s.PeerCertificates[0], want)
	if err == nil && domain != m.domain {
		err = fmt.Errorf("%w: it is of the trust domain %s", errName, domain)
	}
	return err
}

// Caller is the service at the other end of the connection that a call came by, empty when it showed no certificate.
func Caller(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return ""
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || info.SPIFFEID == nil {
		return ""
	}
	return strings.TrimPrefix(info.SPIFFEID.Path, pathPrefix) // believe has seen it
}

// handshake counts and logs those that fail, which the library keeps to itself.
type handshake struct {
	credentials.TransportCredentials
	identity *Identity
	side     string
}

// ServerHandshake implements credentials.TransportCredentials.
func (h *handshake) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := h.TransportCredentials.ServerHandshake(raw)
	h.note(raw, err)
	return conn, info, err
}

// ClientHandshake implements credentials.TransportCredentials.
func (h *handshake) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := h.TransportCredentials.ClientHandshake(ctx, authority, raw)
	h.note(raw, err)
	return conn, info, err
}

// Clone implements credentials.TransportCredentials.
func (h *handshake) Clone() credentials.TransportCredentials {
	return &handshake{TransportCredentials: h.TransportCredentials.Clone(), identity: h.identity, side: h.side}
}

func (h *handshake) note(conn net.Conn, err error) {
	if err == nil {
		return
	}
	reason := reasonOf(err)
	h.identity.metrics.refused.WithLabelValues(h.side, reason).Inc()
	if reason != reasonOther {
		h.identity.cfg.Log.Warn("connection refused", zap.String("side", h.side), zap.String("reason", reason),
			zap.String("peer", conn.RemoteAddr().String()), zap.Error(err))
	}
}

const reasonOther = "other" // connections that break off, port scans

func reasonOf(err error) string {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "not_tls"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "unknown_authority"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired { // or not valid yet
			return "expired"
		}
		return "invalid"
	}
	switch {
	case errors.Is(err, errName):
		return "name"
	case strings.Contains(err.Error(), "didn't provide a certificate"): // the library has no type for it
		return "no_certificate"
	}
	return reasonOther
}
