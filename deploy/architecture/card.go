package architecture

import (
	"fmt"
	"regexp"
)

// cardData are names of fields for what only a payment provider may have: numbers of cards, what is printed on them, what is on their
// stripe.
var cardData = regexp.MustCompile(`(?i)(^|_)(pan|cvv2?|cvc2?|csc|card_?(number|holder|code)|security_?code|verification_?(code|value)|expiry_?(month|year)|exp_(month|year)|track_?(1|2|data)|mag_?stripe|pin_?block)($|_)`)

// checkCardData looks at every field of every contract.
func checkCardData(t *Tree) (breaches []string) {
	for _, f := range t.protos {
		f.walk(func(scope string, e *element) {
			if e.kind == kindField && cardData.MatchString(e.name) {
				breaches = append(breaches, fmt.Sprintf("%s:%d: %s.%s has a place for card data", f.path, e.line, scope, e.name))
			}
		})
	}
	return breaches
}
