package audit

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/platform/scrub"
)

// secrets knows what must not be written down in clear.
type secrets struct {
	code, field, token *regexp.Regexp
	// last4 are the ends of the gift card codes that exist.
	last4 map[string]bool
}

func newSecrets(last4 map[string]bool) *secrets {
	return &secrets{
		code:  regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}(?:-?[0-9A-HJKMNP-TV-Z]{4}){4}\b`),
		field: regexp.MustCompile(`(?i)"?\b(cvv2?|cvc2?|card_?number|security_?code|card_?code|pan)"? *[:=] *"?[0-9]{3,19}\b`),
		token: regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`),
		last4: last4,
	}
}

// find says what a text has in it that it must not have. It never repeats the secret.
func (s *secrets) find(text string) (what string, found bool) {
	switch {
	case scrub.PAN(text):
		return "a payment card number", true
	case mayNameField(text) && s.field.MatchString(text):
		return "a field with a card number or security code", true
	case strings.Contains(text, "eyJ") && s.token.MatchString(text):
		return "an access token", true
	case !mayHoldCode(text):
		return "", false
	}
	for _, word := range s.code.FindAllString(text, -1) {
		// Digits alone are a part of some other id: a code of twenty has letters.
		if s.last4[word[len(word)-4:]] && strings.ContainsAny(word, "ABCDEFGHJKMNPQRSTVWXYZ") {
			return "a gift card code in clear", true
		}
	}
	return "", false
}

// mayNameField is the cheap way out for texts without the name of a field of a card.
func mayNameField(text string) bool {
	lower := strings.ToLower(text)
	for _, name := range []string{"cvv", "cvc", "number", "code", "pan"} {
		if strings.Contains(lower, name) {
			return true
		}
	}
	return false
}

// mayHoldCode is the cheap way out for texts without twenty characters of a code in a row.
func mayHoldCode(text string) bool {
	run := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z':
			if run++; run == 20 {
				return true
			}
		case c != '-':
			run = 0
		}
	}
	return false
}

// table is a table with columns that can hold text.
type table struct {
	schema, name string
	size         int64
	columns      []string
	binary       []bool
}

// tables lists every table of the shop that can hold text.
func (s *session) tables() ([]table, error) {
	rows, err := s.tx.Query(s.ctx, ask("tables"), pgx.QueryExecModeExec)
	if err != nil {
		return nil, err
	}
	var list []table
	var t table
	_, err = pgx.ForEachRow(rows, []any{&t.schema, &t.name, &t.size, &t.columns, &t.binary}, func() error { list = append(list, t); return nil })
	return list, err
}

// endings reads the ends of all gift card codes.
func (s *session) endings() (map[string]bool, error) {
	rows, err := s.tx.Query(s.ctx, ask("last4"))
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	ends := make(map[string]bool, len(list))
	for _, last4 := range list {
		ends[last4] = true
	}
	return ends, err
}

// searchTable searches a table's texts. Of one that is larger than the budget, in bytes, a random part is read; 0 reads all.
func searchTable(s *session, t table, budget int64, secret *secrets) (answer, error) {
	found := answer{}
	name := pgx.Identifier{t.schema, t.name}.Sanitize()
	sample := ""
	if budget > 0 && t.size > budget {
		percent := math.Max(0.01, 100*float64(budget)/float64(t.size))
		sample = fmt.Sprintf("TABLESAMPLE SYSTEM (%.4f)", percent)
		found.notes = append(found.notes, fmt.Sprintf("%s.%s: %.1f %% of its pages, chosen at random", t.schema, t.name, percent))
	}
	var texts []string
	for i, column := range t.columns {
		column = "t." + pgx.Identifier{column}.Sanitize()
		if t.binary[i] {
			texts = append(texts, "encode("+column+", 'escape')")
		} else {
			texts = append(texts, column+"::text")
		}
	}
	sql := strings.NewReplacer("{table}", name, "{sample}", sample, "{texts}", strings.Join(texts, ", ")).Replace(ask("texts"))
	rows, err := s.tx.Query(s.ctx, sql, pgx.QueryExecModeExec)
	if err != nil {
		return found, err
	}
	var place, body string
	_, err = pgx.ForEachRow(rows, []any{&place, &body}, func() error {
		found.checked++
		if what, is := secret.find(unescape(body)); is {
			found.add(Violation{ID: t.schema + "." + t.name + " " + place, What: what})
		}
		return nil
	})
	return found, err
}

// unescape parts what stood beside bytes that are no text, whose octal form would read as digits, and takes ids and hashes out: in
// stored messages the marks of fields stand right beside them, so that they would not be known for what they are. Every row of a
// shop passes here, which is why it is no regular expression.
func unescape(body string) string {
	clean := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		if n := octal(body[i:]); n > 0 {
			clean = append(clean, '\n')
			i += n
			continue
		}
		digits := run(body[i:])
		switch before := digits - 8; {
		case digits == 0:
			clean = append(clean, body[i])
			i++
		case digits >= 32:
			clean = append(clean, '\n')
			i += digits
		case before >= 0 && uuid(body[i+before:]):
			clean = append(append(clean, body[i:i+before]...), '\n')
			i += before + uuidLength
		default:
			clean = append(clean, body[i:i+digits]...)
			i += digits
		}
	}
	return string(clean)
}

// octal is the length of a byte as Postgres writes one that is no text, such as \001, at the beginning of a text; 0 without.
func octal(text string) int {
	if len(text) < 4 || text[0] != '\\' {
		return 0
	}
	for _, c := range []byte(text[1:4]) {
		if c < '0' || c > '7' {
			return 0
		}
	}
	return 4
}

// run is how many hexadecimal digits a text begins with.
func run(text string) int {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return i
		}
	}
	return len(text)
}

const uuidLength = 36

// uuid tells whether a text begins with one.
func uuid(text string) bool {
	if len(text) < uuidLength {
		return false
	}
	for _, digits := range []int{8, 4, 4, 4} {
		if run(text) != digits || text[digits] != '-' {
			return false
		}
		text = text[digits+1:]
	}
	return run(text) >= 12
}

// searchFile searches a log file line by line.
func searchFile(path string, secret *secrets) (answer, error) {
	found := answer{}
	file, err := os.Open(path)
	if err != nil {
		return found, err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		found.checked++
		if what, is := secret.find(lines.Text()); is {
			found.add(Violation{ID: fmt.Sprintf("%s:%d", path, found.checked), What: what})
		}
	}
	return found, lines.Err()
}
