package checkout

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// customerKey is whom purchase limits are counted for: the account of a buyer who has signed in, else the mailbox of the e-mail
// address. It is a digest, so that inventory keeps no name and no address; who has it and an address can tell whether they
// belong together.
func customerKey(customerID, email string) string {
	switch {
	case customerID != "":
		return "c." + keyDigest("customer", customerID)
	case email != "":
		return "e." + keyDigest("email", mailbox(email))
	}
	return ""
}

func keyDigest(kind, text string) string {
	sum := sha256.Sum256([]byte("purchase limit/1\x00" + kind + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// mailbox gives ways to write an address that reach the same mailbox one form: case does not matter, nor does what stands
// behind a plus sign, nor do dots at the provider that is known to ignore them.
func mailbox(email string) string {
	email = strings.ToLower(strings.TrimSpace(email))
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return email
	}
	name, domain := email[:at], strings.TrimSuffix(email[at+1:], ".")
	if plus := strings.IndexByte(name, '+'); plus > 0 {
		name = name[:plus]
	}
	if domain == "gmail.com" || domain == "googlemail.com" {
		name, domain = strings.ReplaceAll(name, ".", ""), "gmail.com"
	}
	return name + "@" + domain
}
