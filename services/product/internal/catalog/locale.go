package catalog

import (
	"regexp"
	"strings"
)

const maxLocaleLength = 35

var localePattern = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// CanonicalLocale writes a BCP 47 tag in its usual case (de-AT, zh-Hant-TW) and reports whether it is well formed.
func CanonicalLocale(tag string) (string, bool) {
	if len(tag) > maxLocaleLength || !localePattern.MatchString(tag) {
		return "", false
	}
	parts := strings.Split(tag, "-")
	parts[0] = strings.ToLower(parts[0])
	for i := 1; i < len(parts); i++ {
		switch {
		case len(parts[i]) == 2:
			parts[i] = strings.ToUpper(parts[i])
		case len(parts[i]) == 4 && parts[i][0] > '9':
			parts[i] = strings.ToUpper(parts[i][:1]) + strings.ToLower(parts[i][1:])
		default:
			parts[i] = strings.ToLower(parts[i])
		}
	}
	return strings.Join(parts, "-"), true
}

// withParents appends tag and its shorter forms: de-AT gives de-AT, de.
func withParents(chain []string, tag string) []string {
	for tag != "" {
		seen := false
		for _, t := range chain {
			seen = seen || t == tag
		}
		if !seen {
			chain = append(chain, tag)
		}
		cut := strings.LastIndexByte(tag, '-')
		if cut < 0 {
			break
		}
		tag = tag[:cut]
	}
	return chain
}

// localeChain is the order in which translations are tried before the base text.
func localeChain(locale, fallback string) []string {
	return withParents(withParents(nil, locale), fallback)
}

// Resolve picks the channel's locale that serves a requested one: itself, its nearest parent, another region of the same
// language, else the channel's default.
func (ch Channel) Resolve(requested string) string {
	canonical, ok := CanonicalLocale(requested)
	if !ok {
		return ch.DefaultLocale
	}
	for _, tag := range withParents(nil, canonical) {
		for _, l := range ch.Locales {
			if l == tag {
				return l
			}
		}
	}
	language, _, _ := strings.Cut(canonical, "-")
	if base, _, _ := strings.Cut(ch.DefaultLocale, "-"); base == language {
		return ch.DefaultLocale
	}
	for _, l := range ch.Locales {
		if base, _, _ := strings.Cut(l, "-"); base == language {
			return l
		}
	}
	return ch.DefaultLocale
}
