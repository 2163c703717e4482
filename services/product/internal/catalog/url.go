package catalog

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"
)

const maxURLLength = 2048

// CheckURL refuses every URL that is not plainly absolute http(s) on a public host. It only looks at the text: the URL is
// never fetched and no name is resolved.
func CheckURL(path, raw string) error {
	if why := badURL(raw); why != "" {
		return ErrURLNotAllowed.At(path, "The URL %s.", why)
	}
	return nil
}

func badURL(raw string) string {
	if len(raw) > maxURLLength || !utf8.ValidString(raw) {
		return "is too long or not UTF-8"
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return "must not have spaces, control characters or backslashes"
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "is not well formed"
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return "must start with https:// or http://"
	case u.User != nil:
		return "must not name a user"
	case u.Opaque != "" || u.Host == "":
		return "must name a host"
	}
	if port := u.Port(); port != "" && port != "443" && port != "80" && port != "8443" && port != "8080" {
		return "must not use an unusual port"
	}
	return badHost(u.Hostname())
}

func badHost(host string) string {
	const private = "must be on a public host"
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap()
		if addr.Zone() != "" || !addr.IsGlobalUnicast() || addr.IsPrivate() || reserved(addr) {
			return private
		}
		return ""
	}
	// Forms that resolvers read as addresses though they are no dotted quad: 127.1, 2130706433, 0x7f.1.
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	if len(labels) < 2 || last == "" || last[0] >= '0' && last[0] <= '9' {
		return private
	}
	for _, suffix := range []string{"local", "localhost", "internal", "intranet", "lan", "home", "corp", "arpa", "test", "invalid", "onion"} {
		if last == suffix {
			return private
		}
	}
	for _, label := range labels {
		if !validLabel(label) {
			return "has a host name that is not well formed"
		}
	}
	return ""
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, r := range label {
		if r < utf8.RuneSelf && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

func reserved(addr netip.Addr) bool {
	for _, block := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "64:ff9b::/96", "2001:db8::/32", "2002::/16",
	} {
		if netip.MustParsePrefix(block).Contains(addr) {
			return true
		}
	}
	return false
}
