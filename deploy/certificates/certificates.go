// Package certificates makes the certificates by which the services of a shop know each other, as Secrets for Kubernetes: for
// clusters where nothing else issues any. The authority stays with whoever runs it; its key is in no Secret.
package certificates

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Services are those that get a certificate.
func Services() []string {
	return []string{"cart", "gateway", "inventory", "payment", "pricing", "product"}
}

// Request says for which shop certificates shall be.
type Request struct {
	// Domain is the trust domain: one per environment, whose services refuse those of another one.
	Domain string
	// Namespace is where the Secrets go. Prefix is what the shop's services have before their names, such as "blue-".
	Namespace, Prefix string
	// Days is how long the certificates are good.
	Days int
	// Believe is more authorities, as PEM: the one to come or the one that goes, while one takes over from another.
	Believe []byte
}

// secret is the part of Kubernetes' type that is used.
type secret struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   metadata          `json:"metadata"`
	Type       string            `json:"type"`
	Data       map[string][]byte `json:"data"`
}

type metadata struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
}

// Secrets issues a certificate to every service and returns what `kubectl apply -f -` takes: for each one the Secret that its
// chart mounts.
func (a *Authority) Secrets(r Request) ([]byte, error) {
	if r.Namespace == "" || r.Days < 1 {
		return nil, errors.New("a namespace and a number of days are needed")
	}
	if !regexp.MustCompile(`^[a-z0-9._-]+$`).MatchString(r.Domain) {
		return nil, fmt.Errorf("trust domain %q: wanted are small letters, digits, dots and dashes", r.Domain)
	}
	believed, err := together(a.cert, r.Believe)
	if err != nil {
		return nil, err
	}
	var items []secret
	for _, service := range Services() {
		cert, key, err := a.issue(r.Domain, service, time.Duration(r.Days)*24*time.Hour)
		if err != nil {
			return nil, fmt.Errorf("certificate of %s: %w", service, err)
		}
		items = append(items, secret{
			APIVersion: "v1", Kind: "Secret", Type: "kubernetes.io/tls",
			Metadata: metadata{
				Name: r.Prefix + service + "-tls", Namespace: r.Namespace,
				Labels: map[string]string{"app.kubernetes.io/name": service, "app.kubernetes.io/component": "certificate"},
			},
			Data: map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": believed},
		})
	}
	text, err := json.MarshalIndent(map[string]any{"apiVersion": "v1", "kind": "List", "items": items}, "", "  ")
	return append(text, '\n'), err
}

// together puts authorities into one file; what is no certificate in PEM is an error, since services would refuse the whole file.
func together(own, more []byte) ([]byte, error) {
	if len(more) == 0 {
		return own, nil
	}
	if _, err := parse(more); err != nil {
		return nil, fmt.Errorf("more authorities: %w", err)
	}
	return slices.Concat(own, more), nil
}
