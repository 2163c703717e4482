package payment

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"
)

// MethodSetting says where a method is offered.
type MethodSetting struct {
	// Channel is a channel's key; empty is the default for all channels.
	Channel string
	// Method is the method's key.
	Method string
	// Title is shown to buyers.
	Title string
	// Enabled offers it at all.
	Enabled bool
	// Countries and Currencies limit it; empty means all.
	Countries  []string
	Currencies []string
	// Minimums are the smallest amounts by currency, in minor units.
	Minimums map[string]int64
	// Position orders methods.
	Position int
	// Version rises with every change; 0 is a setting not stored yet.
	Version int64
	// UpdatedAt is a time of the store.
	UpdatedAt time.Time
}

// Takes tells whether the setting offers the method to a buyer. Without a country it answers for methods without limits
// on countries only.
func (m MethodSetting) Takes(country, currency string) bool {
	return m.Enabled && (len(m.Countries) == 0 || slices.Contains(m.Countries, country)) &&
		(len(m.Currencies) == 0 || slices.Contains(m.Currencies, currency))
}

// Method is a way to pay that a buyer can be offered.
type Method struct {
	// MethodSetting is the setting that offers it.
	MethodSetting
	// Capabilities are the provider's.
	Capabilities
}

// effective keeps, for each method, the channel's own setting or else the default.
func effective(settings []MethodSetting) []MethodSetting {
	own := map[string]MethodSetting{}
	for _, s := range settings {
		if known, ok := own[s.Method]; !ok || known.Channel == "" {
			own[s.Method] = s
		}
	}
	chosen := make([]MethodSetting, 0, len(own))
	for _, s := range own {
		chosen = append(chosen, s)
	}
	slices.SortFunc(chosen, func(a, b MethodSetting) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Method, b.Method))
	})
	return chosen
}

// checkReturnURL lets buyers be sent back only to http(s) pages of the allowed hosts. A host that starts with a dot stands
// for all its subdomains; a port in the URL does not matter.
func checkReturnURL(raw string, allowed []string) error {
	if raw == "" {
		return nil
	}
	refused := ErrURL.At("returnUrl", "Buyers may be sent back only to http(s) pages of this shop's hosts.")
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return refused
	}
	parsed, err := url.Parse(raw)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.User != nil {
		return refused
	}
	host := strings.ToLower(parsed.Hostname())
	for _, pattern := range allowed {
		if host == pattern && host != "" || strings.HasPrefix(pattern, ".") && strings.HasSuffix(host, pattern) {
			return nil
		}
	}
	return refused
}
