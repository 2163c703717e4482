// Package caller finds the network address of a public caller, also behind proxies, and carries it to handlers that limit
// attempts by it.
package caller

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// sitePrefix is the part of an IPv6 address that one customer of a network usually gets: limits go by it, since its
// holder has as many addresses below it as he likes.
const sitePrefix = 64

type contextKey struct{}

// With returns a context whose caller has an address as Proxies.Client gives it.
func With(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, contextKey{}, address)
}

// Address returns the caller's address, empty when it is not known.
func Address(ctx context.Context) string {
	address, _ := ctx.Value(contextKey{}).(string)
	return address
}

// Proxies are the networks of the proxies in front of the gateway. Only what they say about a client's address counts.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks such as "10.0.0.0/8".
func ParseProxies(list []string) (Proxies, error) {
	var proxies Proxies
	for _, text := range list {
		text = strings.TrimSpace(text)
		if address, err := netip.ParseAddr(text); err == nil {
			proxies = append(proxies, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network", text)
		}
		proxies = append(proxies, prefix.Masked())
	}
	return proxies, nil
}

// Client returns the address of whoever sent the request: the peer of the connection or, when that is a proxy of ours,
// the last address in X-Forwarded-For that is not one. What stands before it was written by strangers. IPv4 addresses are
// whole, of IPv6 addresses the site's prefix.
func (p Proxies) Client(r *http.Request) string {
	peer, ok := parse(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	if !p.has(peer) {
		return scope(peer)
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, ok := parse(strings.TrimSpace(hop))
		if !ok {
			break
		}
		peer = address
		if !p.has(address) {
			break
		}
	}
	return scope(peer)
}

func (p Proxies) has(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

func parse(text string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	address, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return address.Unmap().WithZone(""), err == nil
}

func scope(address netip.Addr) string {
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(sitePrefix)
	if err != nil {
		return address.String()
	}
	return prefix.String()
}
