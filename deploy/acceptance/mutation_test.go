package acceptance_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// mutationsByDefault is how many broken requests a run of the suite tries.
const mutationsByDefault = 2000

// mutants is how many mutations use one corpus, so that what they break does not make the later ones dull.
const mutants = 500

func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	given := os.Getenv(name)
	if given == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(given, 10, 63)
	require.NoError(t, err, name)
	return n
}

// When this fails some request that nobody thought of breaks the shop: valid requests are mutated at random, and every one
// must be accepted or refused by a well-formed problem document. The seed repeats a run.
func TestRandomMutations(t *testing.T) {
	t.Parallel()
	count := number(t, "MUTATIONS", mutationsByDefault)
	start := number(t, "MUTATION_SEED", uint64(time.Now().UnixNano()))
	t.Logf("%d mutations, MUTATION_SEED=%d", count, start)
	reasons := knownReasons(t)
	statuses := map[int]int{}
	var complaints []string
	for from := uint64(0); from < count && len(complaints) < maxComplaints; from += mutants {
		seeds := newCorpus(t, theShop).seeds
		var mu sync.Mutex
		var workers sync.WaitGroup
		for worker := range uint64(4) {
			workers.Go(func() {
				for n := from + worker; n < min(from+mutants, count); n += 4 {
					random := rand.New(rand.NewPCG(start, n))
					mutant := mutate(random, seeds[random.IntN(len(seeds))])
					status, complaint := mutant.judge(t, reasons)
					mu.Lock()
					statuses[status]++
					if complaint != "" {
						complaints = append(complaints, fmt.Sprintf("mutation %d (%s): %s", n, mutant, complaint))
					}
					mu.Unlock()
				}
			})
		}
		workers.Wait()
	}
	t.Logf("answers by status: %v", statuses)
	for _, complaint := range complaints {
		t.Error(complaint)
	}
	require.False(t, t.Failed(), "MUTATION_SEED=%d repeats it", start)
}

// mutant is a seed with something wrong.
type mutant struct {
	valid
	header http.Header
	key    string
	format string
	done   []string // what was changed
}

func (m mutant) String() string {
	body := m.body
	if len(body) > 1500 {
		body = body[:1500] + "…"
	}
	return fmt.Sprintf("%s %.1500s %s key %.40q %v: %s", m.verb, m.path, m.format, m.key, m.done, body)
}

// judge sends the mutant and says what is wrong with the answer. Status 0 is a request that no client can send.
func (m mutant) judge(t *testing.T, reasons map[string]bool) (status int, complaint string) {
	call := shopclient.Call{Verb: m.verb, Path: m.path, Key: m.key, Header: m.header}
	for range 3 {
		call.Raw, call.ContentType = nil, ""
		if m.body != "" {
			call.Raw, call.ContentType = strings.NewReader(m.body), m.format
		}
		answer, err := m.as.client.Send(t.Context(), call)
		switch {
		case err != nil && strings.Contains(err.Error(), "invalid"):
			return 0, ""
		case err != nil:
			return 0, err.Error()
		case answer.Status == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") != "":
			continue // busy, as it may be; the client comes back
		case answer.Status >= 500:
			return answer.Status, fmt.Sprintf("status %d: %s", answer.Status, answer.Body)
		case answer.Status >= 400:
			return answer.Status, wellFormed(answer, reasons)
		}
		return answer.Status, ""
	}
	return http.StatusServiceUnavailable, "busy three times"
}

var reasonPattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)

// wellFormed says what is wrong with a refusal.
func wellFormed(answer *shopclient.Answer, reasons map[string]bool) string {
	var p struct {
		Type, Title, Reason, Detail, Instance string
		Status                                int
		Errors                                []struct{ Path, Reason, Message string }
	}
	if err := json.Unmarshal(answer.Body, &p); err != nil {
		return fmt.Sprintf("not JSON: %.300s", answer.Body)
	}
	switch {
	case answer.Header.Get("Content-Type") != "application/problem+json":
		return "content type " + answer.Header.Get("Content-Type")
	case p.Status != answer.Status, !reasonPattern.MatchString(p.Reason), p.Type != "/docs#"+p.Reason, p.Title == "", p.Instance != answer.Header.Get("X-Request-Id"):
		return fmt.Sprintf("not a whole problem document: %s", answer.Body)
	case reasons != nil && !reasons[p.Reason]:
		return "reason " + p.Reason + " is not in the table of reasons"
	case p.Status == http.StatusTooManyRequests && answer.Header.Get("Retry-After") == "":
		return "429 without Retry-After"
	}
	for _, field := range p.Errors {
		if !reasonPattern.MatchString(field.Reason) || field.Message == "" {
			return fmt.Sprintf("a field without reason or message: %s", answer.Body)
		}
	}
	for _, secret := range []string{"SQLSTATE", "pgx", "goroutine ", "runtime error", ".go:", "grpc: "} {
		if strings.Contains(string(answer.Body), secret) {
			return fmt.Sprintf("tells of the inside: %s", answer.Body)
		}
	}
	return ""
}

// knownReasons reads the table that documents every reason; nil where the repository is not at hand.
func knownReasons(t *testing.T) map[string]bool {
	t.Helper()
	table, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		return nil
	}
	reasons := map[string]bool{}
	for _, found := range regexp.MustCompile("(?m)^\\| `([A-Z0-9_]+)`").FindAllStringSubmatch(string(table), -1) {
		reasons[found[1]] = true
	}
	require.NotEmpty(t, reasons)
	return reasons
}

// mutate changes one to three things.
func mutate(random *rand.Rand, s valid) mutant {
	m := mutant{valid: s, header: http.Header{}, key: id.New(), format: "application/json"}
	if s.csv {
		m.format = "text/csv"
	}
	ways := []func(*rand.Rand){m.changePath, m.changeQuery, m.changeHeader}
	if len(s.parameters) > 1 {
		ways = append(ways, m.changeQuery, m.changeQuery, m.changeQuery, m.changeQuery)
	}
	if s.body != "" {
		ways = append(ways, m.changeBytes)
		if !s.csv {
			ways = append(ways, m.changeValue, m.changeValue, m.changeValue, m.changeValue, m.changeValue)
		}
	}
	for range 1 + random.IntN(3) {
		ways[random.IntN(len(ways))](random)
	}
	return m
}

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// oddTexts are texts that broke something somewhere. None of them is a key that a shop could have: what is not the corpus's own
// must not be hit.
func oddTexts() []string {
	return []string{
		"", " ", "\x00", "a\u0000b", "\u202e", "\ufeff", "\ufffd", "é", "e\u0301", "🛒", "𝕏", "ﷺ", "'; DROP TABLE cart; --", "\"", "\\", "%", "%s%n", "{{7*7}}", "<script>",
		"../../../etc/passwd", "..\\..", "null", "undefined", "NaN", "true", "-1", "0", "1e309", "0x10", "٣", "2026-02-30", "2026-01-01T25:00:00Z", "9999-12-31T23:59:59.999999999Z",
		"0001-01-01T00:00:00Z", "+10000-01-01T00:00:00Z", "4242424242424242", "=cmd()", "http://127.0.0.1/", "javascript:alert(1)", "a@b", "a\r\nb: c", strings.Repeat("a", 64),
		strings.Repeat("a", 65), strings.Repeat("a", 256), strings.Repeat("é", 2100), strings.Repeat("(", 300), "(a+)+$", "[", "GBP", "XXX", "00000000-0000-0000-0000-000000000000",
		"aaaaaaaaaaaaaaaaaaaaaaaaaa", "99999999999999999999.99", "-0.01", "0.001", "1,000.00", "-9223372036854775808", "18446744073709551616",
	}
}

// oddValues are JSON values that fit nowhere or only just.
func oddValues() []string {
	return []string{
		"null", "true", "false", "0", "-1", "1", "1.5", "-0", "1e3", "1e400", "1e-400", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
		"1000000001", "[]", "{}", "[[]]", "[null]", "[{}]", `{"":""}`, `{"a":1}`, `[1,"a",{}]`, `"1"`, `"1.0"`, `"\ud800"`, `"\u0000"`,
	}
}

func (m *mutant) changePath(random *rand.Rand) {
	parts := strings.Split(m.path, "?")
	segments := strings.Split(parts[0], "/")
	at := 1 + random.IntN(len(segments)-1)
	switch random.IntN(4) {
	case 0:
		segments = slices.Delete(segments, at, at+1)
	case 1:
		segments = slices.Insert(segments, at, url.PathEscape(pick(random, oddTexts())))
	default:
		segments[at] = url.PathEscape(pick(random, oddTexts()))
	}
	parts[0] = "/" + strings.TrimPrefix(strings.Join(segments, "/"), "/")
	m.path = strings.Join(parts, "?")
	m.done = append(m.done, "path")
}

func (m *mutant) changeQuery(random *rand.Rand) {
	path, query, _ := strings.Cut(m.path, "?")
	values, _ := url.ParseQuery(query)
	name := pick(random, []string{"pageSize", "foo", "", "filter.tags", "page_size"})
	if len(m.parameters) > 0 && random.IntN(8) > 0 {
		name = pick(random, m.parameters)
	}
	if random.IntN(4) == 0 {
		values.Add(name, pick(random, oddTexts()))
	} else {
		values.Set(name, pick(random, oddTexts()))
	}
	m.path = path + "?" + values.Encode()
	m.done = append(m.done, "query "+name)
}

func (m *mutant) changeHeader(random *rand.Rand) {
	switch random.IntN(6) {
	case 0:
		m.key = pick(random, []string{"", strings.Repeat("k", 255), strings.Repeat("k", 256), "é", "key with spaces"})
	case 1:
		m.format = pick(random, []string{"", "text/plain", "application/xml", "application/json; charset=latin1", "multipart/form-data", "application/grpc", "/"})
	case 2:
		m.header.Set("Accept", pick(random, []string{"", "text/html", "application/grpc", "*/*;q=0", ",,,"}))
	case 3:
		m.header.Set("X-Request-Id", pick(random, []string{"", strings.Repeat("r", 300), "é", "a b"}))
	case 4:
		m.header.Set("If-None-Match", pick(random, []string{"*", `W/"`, strings.Repeat(`"a",`, 500)}))
	case 5:
		m.header.Set(pick(random, []string{"Cartwright-Principal", "Grpc-Metadata-Cartwright-Principal", "X-Forwarded-For", "X-Http-Method-Override", "Grpc-Timeout"}), pick(random, []string{"1n", "DELETE", "staff:eve", "10.0.0.1"}))
	}
	m.done = append(m.done, "header")
}

// changeBytes breaks the text itself.
func (m *mutant) changeBytes(random *rand.Rand) {
	body := []byte(m.body)
	if len(body) == 0 {
		return
	}
	at := random.IntN(len(body))
	switch random.IntN(5) {
	case 0:
		body = body[:at]
	case 1:
		body[at] = byte(random.IntN(256))
	case 2:
		body = slices.Insert(body, at, byte(random.IntN(256)))
	case 3:
		body = append(body, body[at:]...)
	case 4:
		body = slices.Insert(body, at, []byte(pick(random, oddValues()))...)
	}
	m.body = string(body)
	m.done = append(m.done, "bytes")
}

// changeValue puts something odd in the place of one value, or takes a field away, or adds one.
func (m *mutant) changeValue(random *rand.Rand) {
	tokens := tokensOf(m.body)
	if len(tokens) == 0 {
		m.changeBytes(random)
		return
	}
	token := tokens[random.IntN(len(tokens))]
	replacement := pick(random, oddValues())
	if random.IntN(2) == 0 {
		text, _ := json.Marshal(pick(random, oddTexts()))
		replacement = string(text)
	}
	if random.IntN(8) == 0 {
		replacement = m.body[token.from:token.to] + `,"foo":` + replacement
	}
	if random.IntN(12) == 0 {
		replacement = "[" + strings.Repeat(m.body[token.from:token.to]+",", 300) + m.body[token.from:token.to] + "]"
	}
	m.done = append(m.done, fmt.Sprintf("value %.60s → %.60s", m.body[token.from:token.to], replacement))
	m.body = m.body[:token.from] + replacement + m.body[token.to:]
}

// span is where a value stands in a text.
type span struct{ from, to int }

// tokensOf finds the texts, numbers and words of a JSON text, names of fields among them; none when it is broken already.
func tokensOf(body string) []span {
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var found []span
	for {
		before := int(decoder.InputOffset())
		token, err := decoder.Token()
		if err == io.EOF {
			return found
		}
		if err != nil {
			return nil
		}
		if _, bracket := token.(json.Delim); bracket {
			continue
		}
		to := int(decoder.InputOffset())
		from := before + strings.IndexFunc(body[before:to], func(r rune) bool { return !strings.ContainsRune(" ,:\n\t", r) })
		found = append(found, span{from, to})
	}
}
