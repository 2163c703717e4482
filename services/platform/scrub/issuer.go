package scrub

// issuer is a range of prefixes and the lengths of the card numbers that begin with them.
type issuer struct {
	low, high int // inclusive, of `width` digits
	width     int
	shortest  int
	longest   int
}

// issuers returns the public ranges of the card networks, by prefix.
func issuers(first byte) []issuer {
	switch first {
	case 2:
		return []issuer{{2200, 2204, 4, 16, 19} /* Mir */, {2221, 2720, 4, 16, 16} /* Mastercard */}
	case 3:
		return []issuer{{34, 34, 2, 15, 15}, {37, 37, 2, 15, 15} /* American Express */, {300, 305, 3, 14, 19}, {3095, 3095, 4, 14, 19},
			{36, 36, 2, 14, 19}, {38, 39, 2, 14, 19} /* Diners Club */, {3528, 3589, 4, 16, 19} /* JCB */}
	case 4:
		return []issuer{{4, 4, 1, 13, 13}, {4, 4, 1, 16, 16}, {4, 4, 1, 18, 19} /* Visa, Switch */}
	case 5:
		return []issuer{{51, 55, 2, 16, 16} /* Mastercard */, {5018, 5020, 4, 13, 19}, {5038, 5038, 4, 13, 19}, {56, 58, 2, 13, 19}, /* Maestro */
			{506, 509, 3, 16, 19} /* Verve, Elo, RuPay */}
	case 6:
		return []issuer{{6011, 6011, 4, 16, 19}, {644, 659, 3, 16, 19} /* Discover */, {62, 62, 2, 16, 19}, /* UnionPay */
			{60, 60, 2, 16, 16} /* RuPay */, {63, 63, 2, 16, 19}, {67, 67, 2, 13, 19} /* Maestro */}
	case 8:
		return []issuer{{81, 82, 2, 16, 19} /* UnionPay, RuPay */}
	case 9:
		return []issuer{{9792, 9792, 4, 16, 16} /* Troy */}
	}
	return nil
}

// card tells whether the digits are a card number of a known issuer.
func card(digits []byte) bool {
	n := len(digits)
	if n < minDigits || n > maxDigits || !luhn(digits) {
		return false
	}
	for _, r := range issuers(digits[0]) {
		prefix := 0
		for _, d := range digits[:r.width] {
			prefix = prefix*10 + int(d)
		}
		if n >= r.shortest && n <= r.longest && prefix >= r.low && prefix <= r.high {
			return true
		}
	}
	return false
}

func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		v := int(d)
		if (len(digits)-i)%2 == 0 {
			v *= 2
			if v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}
