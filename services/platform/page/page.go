// Package page makes and reads the tokens of keyset paging.
//
// A token carries the keys of the last row of a page and is bound to the list it was made for, so that a token used with
// another filter or order is refused instead of skipping rows. It is opaque to clients but no secret and no permission:
// whoever forges one gets a page they could have asked for anyway.
package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

const (
	sumSize  = 9 // bytes; a multiple of 3 keeps the encoding free of padding in the middle
	maxToken = 4096
)

// Encode returns the token that continues a list after cursor. Scope is the list's filter and order in canonical text;
// the page size does not belong to it.
func Encode(scope string, cursor any) (string, error) {
	body, err := json.Marshal(cursor)
	if err != nil {
		return "", fmt.Errorf("encode page token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(checksum(scope, body), body...)), nil
}

// Decode reads a token into the cursor that into points to. The empty token is the first page: it leaves into untouched.
// A token that was damaged or made for another scope fails with PAGE_TOKEN_INVALID.
func Decode(scope, token string, into any) error {
	if token == "" {
		return nil
	}
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // line breaks are skipped by the decoder
		return invalid()
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < sumSize {
		return invalid()
	}
	body := raw[sumSize:]
	if !bytes.Equal(raw[:sumSize], checksum(scope, body)) {
		return invalid()
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return invalid()
	}
	return nil
}

// Size returns how many rows a page has: def when none was requested, at most limit. A negative size fails with
// PAGE_SIZE_INVALID.
func Size(requested int32, def, limit int) (int, error) {
	switch {
	case requested < 0:
		return 0, errs.PageSizeInvalid.At("pageSize", "The page size must not be negative.")
	case requested == 0:
		return def, nil
	default:
		return min(int(requested), limit), nil
	}
}

func checksum(scope string, body []byte) []byte {
	hash := sha256.New()
	hash.Write([]byte("page/1\x00" + strconv.Itoa(len(scope)) + "\x00" + scope))
	hash.Write(body)
	return hash.Sum(nil)[:sumSize]
}

func invalid() error {
	return errs.PageTokenInvalid.At("pageToken", "The page token is damaged or belongs to another list.")
}
