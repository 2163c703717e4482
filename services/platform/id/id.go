// Package id makes identifiers in Go, so that a caller knows the id of a thing before it is written.
//
// New is for what only authorized callers can name, Secret for what anyone who knows it may open, Code for what people type.
package id

import (
	"crypto/rand"
	"encoding/base32"
	"strings"

	"github.com/google/uuid"
)

// alphabet leaves out I, L, O and U: what is read aloud or typed from paper stays unambiguous.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// New returns a UUIDv7 in canonical text. Ids made by one process ascend, which keeps indexes dense.
func New() string { return uuid.Must(uuid.NewV7()).String() }

// Valid says whether s is a UUID in canonical lower-case text.
func Valid(s string) bool {
	if len(s) != 36 || strings.ToLower(s) != s {
		return false
	}
	_, err := uuid.Parse(s)
	return err == nil
}

// Secret returns 128 random bits as 26 characters of lower-case base32. Whoever knows it may use what it names.
func Secret() string {
	var bytes [16]byte
	_, _ = rand.Read(bytes[:]) // never fails: crypto/rand ends the process instead
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(bytes[:]))
}

// Code returns a random code for people: groups of length characters joined by hyphens, 5 random bits a character.
func Code(groups, length int) string {
	random := make([]byte, groups*length)
	_, _ = rand.Read(random)
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%length == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(alphabet[r%32])
	}
	return b.String()
}
