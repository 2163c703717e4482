package giftcard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
)

// alphabet has no I, L, O and U: what is read aloud or typed from paper stays unambiguous.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	codeLength  = 20 // characters of 5 bits: 100 bits
	groupLength = 4
	minKey      = 32 // bytes
)

// Codes makes and recognises codes with one secret key.
//
// A code is derived, not stored: it is a keyed hash of the card's random id and of the request that made it, so repeating
// that request answers the same code, and the database alone tells nobody any code. Codes are looked up by another keyed
// hash of theirs.
type Codes struct {
	key      []byte
	encoding *base32.Encoding
}

// NewCodes takes the secret key, of 32 bytes or more.
func NewCodes(key []byte) (*Codes, error) {
	if len(key) < minKey {
		return nil, errors.New("the gift card key must have 32 bytes or more")
	}
	return &Codes{key: key, encoding: base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)}, nil
}

// Derive gives the code of a card, without hyphens.
func (c *Codes) Derive(cardID, issuer, requestID string) string {
	return c.encoding.EncodeToString(c.sum("code", cardID, issuer, requestID))[:codeLength]
}

// Hash is what a code is stored and found by.
func (c *Codes) Hash(code string) []byte { return c.sum("hash", code) }

// sum is a keyed hash of parts that cannot run into each other: none contains a NUL.
func (c *Codes) sum(parts ...string) []byte {
	mac := hmac.New(sha256.New, c.key)
	for _, part := range parts {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	return mac.Sum(nil)
}

// Format writes a code in groups for people.
func Format(code string) string {
	var groups []string
	for len(code) > groupLength {
		groups, code = append(groups, code[:groupLength]), code[groupLength:]
	}
	return strings.Join(append(groups, code), "-")
}

// Canonical undoes what people do to codes when they type them: case, spaces, hyphens, and the letters that look like
// digits. It answers false for what cannot be a code.
func Canonical(typed string) (string, bool) {
	var b strings.Builder
	for _, r := range typed {
		if 'a' <= r && r <= 'z' {
			r += 'A' - 'a'
		}
		switch r {
		case '-', ' ':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if !strings.ContainsRune(alphabet, r) {
			return "", false
		}
		b.WriteRune(r)
	}
	return b.String(), b.Len() == codeLength
}
