// Package scrub finds payment card numbers in text, so that they can be refused at the door and kept out of the logs.
//
// A card number is 13 to 19 digits with a known issuer prefix of that length and a right Luhn digit. Groups may be parted
// by spaces, dashes and the like, and digits may be full-width. Barcodes, hexadecimal ids, phone numbers and lists of sizes
// look alike; what tells them apart is stated at each rule.
package scrub

import (
	"strings"
	"unicode/utf8"
)

const (
	minDigits = 13
	maxDigits = 19
	maxGap    = 2 // separator characters between two groups
)

// PAN tells whether s has a payment card number in it.
func PAN(s string) bool {
	if !enoughDigits(s) {
		return false
	}
	_, found := find(s, 0)
	return found
}

// Mask replaces every card number in s, so that a text can be logged.
func Mask(s string) string {
	if !enoughDigits(s) {
		return s
	}
	var b strings.Builder
	from := 0
	for {
		at, found := find(s, from)
		if !found {
			break
		}
		b.WriteString(s[from:at.start])
		b.WriteString("[card number]")
		from = at.end
	}
	b.WriteString(s[from:])
	return b.String()
}

// enoughDigits is the cheap way out for nearly every text: no 13 digits stand in a row that letters do not break.
func enoughDigits(s string) bool {
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == 0xBC, c == 0xD9, c == 0xDB:
			// 0xBC is the second byte of a full-width digit, 0xD9 and 0xDB begin the Arabic ones.
			if n++; n == minDigits {
				return true
			}
		case letter(c):
			n = 0
		}
	}
	return false
}

type span struct{ start, end int }

// token is a maximal run of letters and digits.
type token struct {
	span
	digits    []byte
	onlyDigit bool
	hexLetter bool // has letters, all of them hexadecimal
	plus      bool // stands after a plus sign
	gap       int  // separators between this token and the one before, -1 when anything else is between
}

func find(s string, from int) (span, bool) {
	tokens := tokenize(s, from)
	for i := range tokens {
		if at, ok := inside(s, tokens[i]); ok {
			return at, true
		}
		if at, ok := grouped(tokens[i:]); ok {
			return at, true
		}
	}
	return span{}, false
}

// inside looks for a run of digits within a token that has letters, such as "card4242...". Hexadecimal tokens are ids
// and fingerprints, in which long runs of digits are common.
func inside(s string, t token) (span, bool) {
	if t.onlyDigit || t.hexLetter || len(t.digits) < minDigits {
		return span{}, false
	}
	var run []byte
	start := t.start
	for i := t.start; i <= t.end; {
		d, size := byte(0xFF), 1
		if i < t.end {
			d, size = digit(s[i:])
		}
		if d != 0xFF {
			if len(run) == 0 {
				start = i
			}
			run = append(run, d)
		} else {
			if card(run) {
				return span{start, i}, true
			}
			run = run[:0]
		}
		i += size
	}
	return span{}, false
}

// grouped looks for a card number that begins with the first token. Printed card numbers have a first group of four or
// more digits and no inner group under three, which lists of sizes have.
func grouped(tokens []token) (span, bool) {
	first := tokens[0]
	if !first.onlyDigit || len(first.digits) < 4 || len(first.digits) > maxDigits {
		return span{}, false
	}
	digits := make([]byte, 0, maxDigits)
	for i, t := range tokens {
		if !t.onlyDigit || (i > 0 && (t.gap < 0 || t.gap > maxGap)) || len(digits)+len(t.digits) > maxDigits {
			break
		}
		digits = append(digits, t.digits...)
		if card(digits) && !phoneOrBarcode(first, digits, i > 0) {
			return span{first.start, t.end}, true
		}
		if i > 0 && len(t.digits) < 3 {
			break
		}
	}
	return span{}, false
}

// phoneOrBarcode keeps international phone numbers (a plus sign and at most 15 digits) and barcodes (13 digits with a right
// GTIN check digit) out. Cards of 13 digits have not been issued for decades, so they are only taken when unbroken.
func phoneOrBarcode(first token, digits []byte, parted bool) bool {
	if first.plus && len(digits) <= 15 {
		return true
	}
	return len(digits) == minDigits && (parted || gtin(digits))
}

func gtin(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		weight := 1
		if (len(digits)-i)%2 == 0 {
			weight = 3
		}
		sum += weight * int(d)
	}
	return sum%10 == 0
}

func tokenize(s string, from int) []token {
	var tokens []token
	gap := 0
	for i := from; i < len(s); {
		if d, _ := digit(s[i:]); d != 0xFF || letter(s[i]) {
			t := scan(s, i)
			if end := i + uuidLength; startsUUID(s[i:]) && (end == len(s) || !alphanumeric(s[end:])) {
				t = token{span: span{i, end}, hexLetter: true}
			}
			t.gap = gap
			t.plus = i > 0 && s[i-1] == '+'
			tokens = append(tokens, t)
			gap, i = 0, t.end
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if gap >= 0 && separator(r) {
			gap++
		} else {
			gap = -1
		}
		i += size
	}
	return tokens
}

func scan(s string, start int) token {
	t := token{span: span{start, start}, onlyDigit: true, hexLetter: true}
	letters := false
	for t.end < len(s) {
		d, size := digit(s[t.end:])
		switch c := s[t.end]; {
		case d != 0xFF:
			t.digits = append(t.digits, d)
		case letter(c):
			letters, t.onlyDigit = true, false
			t.hexLetter = t.hexLetter && (c|0x20) <= 'f'
		default:
			t.hexLetter = t.hexLetter && letters
			return t
		}
		t.end += size
	}
	t.hexLetter = t.hexLetter && letters
	return t
}

const uuidLength = 36

// startsUUID tells whether s begins with a UUID as everybody writes them. Some have groups of digits alone that are right for
// a card; whoever has such an id must be able to use it. Nobody parts a card number like this.
func startsUUID(s string) bool {
	if len(s) < uuidLength || s[14] < '1' || s[14] > '8' || strings.IndexByte("89abAB", s[19]) < 0 {
		return false
	}
	for i := range uuidLength {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && ((c|0x20) < 'a' || (c|0x20) > 'f') {
			return false
		}
	}
	return true
}

func alphanumeric(s string) bool {
	d, _ := digit(s)
	return d != 0xFF || letter(s[0])
}

func letter(c byte) bool { return (c|0x20) >= 'a' && (c|0x20) <= 'z' }

func separator(r rune) bool {
	switch r {
	case ' ', '-', '.', '_', '/', '\t', '\u00A0', '\u2007', '\u200B', '\u2009', '\u2010', '\u2011', '\u2012', '\u2013', '\u202F', '\u3000', '\uFF0D':
		return true
	}
	return false
}

// digit is the value of the digit at the head of s and its size in bytes, or 0xFF.
func digit(s string) (value byte, size int) {
	c := s[0]
	if c < utf8.RuneSelf {
		if c >= '0' && c <= '9' {
			return c - '0', 1
		}
		return 0xFF, 1
	}
	r, size := utf8.DecodeRuneInString(s)
	for _, zero := range [...]rune{'\uFF10', '\u0660', '\u06F0'} {
		if r >= zero && r <= zero+9 {
			return byte(r - zero), size
		}
	}
	return 0xFF, size
}
