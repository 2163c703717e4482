package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode"
)

const (
	maxHandleLength = 200
	maxSKULength    = 64
)

var (
	handlePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,198}[a-z0-9])?$`)
	skuPattern    = regexp.MustCompile(`^[!-~]([ -~]{0,62}[!-~])?$`)
)

// ValidHandle reports whether s can name a product, category or collection in a URL.
func ValidHandle(s string) bool { return handlePattern.MatchString(s) }

// ValidSKU reports whether s can be a SKU.
func ValidSKU(s string) bool { return skuPattern.MatchString(s) }

// Slug makes a handle of any text: accents folded, everything but letters and digits turned into single hyphens. It is
// empty when the text has no Latin letter or digit.
func Slug(text string) string {
	var b strings.Builder
	gap := false
	for _, r := range Fold(text) {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		if r != '\'' && r != '’' {
			gap = true
		}
	}
	s := b.String()
	if len(s) > maxHandleLength {
		s = strings.TrimRight(s[:maxHandleLength], "-")
	}
	return s
}

// HandleFor is the handle of a text that may have no Latin letter at all: then, or where folding loses letters, a hash of
// the text keeps different texts apart.
func HandleFor(text string) string {
	slug := Slug(text)
	if slug != "" {
		return slug
	}
	return "item-" + shortHash(text)
}

// DeriveSKU makes the SKU of a variant that came without one. It depends only on the product's handle and the option values,
// so the same variant gets the same SKU each time it is imported.
func DeriveSKU(handle string, values []string) string {
	parts := []string{handle}
	exact := true
	for _, v := range values {
		slug := Slug(v)
		exact = exact && slug == strings.ToLower(strings.ReplaceAll(v, " ", "-"))
		if slug != "" {
			parts = append(parts, slug)
		}
	}
	sku := strings.ToUpper(strings.Join(parts, "."))
	if exact && len(sku) <= maxSKULength {
		return sku
	}
	return hashedSKU(sku, handle, values)
}

// DeriveSKUApart is a second choice for a variant whose derived SKU another variant has.
func DeriveSKUApart(handle string, values []string) string {
	return hashedSKU(DeriveSKU(handle, values), handle+"\x00", values)
}

func hashedSKU(readable, handle string, values []string) string {
	const hashed = 13 // "." and 12 hex digits
	if len(readable) > maxSKULength-hashed {
		readable = strings.TrimRight(readable[:maxSKULength-hashed], ".-_")
	}
	return readable + "." + strings.ToUpper(shortHash(handle+"\x00"+strings.Join(values, "\x00")))
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
