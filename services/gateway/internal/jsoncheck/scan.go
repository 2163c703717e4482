package jsoncheck

import "strconv"

func tooDeep() error { return ErrTooDeep.New("The body nests deeper than %d levels.", maxDepth) }

// deeper tells whether objects and lists nest deeper than limit. It runs before anything is decoded, whatever the names of
// the fields, and needs no stack.
func deeper(body []byte, limit int) bool {
	depth, inText := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// hasLoneSurrogate finds a \uD800–\uDFFF escape that is not half of a pair, which the decoder would replace in silence.
func hasLoneSurrogate(body []byte) bool {
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		if body[i+1] != 'u' {
			i++
			continue
		}
		unit, ok := hex4(body, i+2)
		if !ok || unit < 0xD800 || unit > 0xDFFF {
			i += 5
			continue
		}
		low, ok := hex4(body, i+8)
		paired := unit < 0xDC00 && ok && body[i+6] == '\\' && body[i+7] == 'u' && low >= 0xDC00 && low <= 0xDFFF
		if !paired {
			return true
		}
		i += 11
	}
	return false
}

func hex4(body []byte, at int) (uint64, bool) {
	if at+4 > len(body) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(body[at:at+4]), 16, 32)
	return n, err == nil
}
