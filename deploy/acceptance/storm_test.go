package acceptance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/shopclient"
	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// storming is how many requests with one key come at once.
const storming = 50

// moving are the routes that move money or stock; every storm must meet each of them.
var moving = []string{
	"POST /v1/carts/{cart_id}/checkout", "POST /admin/v1/stock/set", "POST /admin/v1/stock/adjust", "POST /admin/v1/gift-cards",
	"POST /admin/v1/orders/{order_id}/shipments", "POST /admin/v1/orders/{order_id}/refunds", "POST /admin/v1/orders/{order_id}/cancel",
}

// going are the routes that answer with an order, which goes on by itself between two answers.
var going = regexp.MustCompile(`^/v1/carts/.*/checkout$|/orders/.*/(resume|cancel|refunds|shipments)$`)

// changes says whether a request of the corpus changes something in one call.
func (s valid) changes() bool {
	return s.verb != http.MethodGet && !s.csv && !strings.HasSuffix(s.route, "/search") && !strings.HasSuffix(s.route, "/lookup")
}

// withBody is the request with a body and a key.
func (s valid) withBody(body, key string) shopclient.Call {
	call := raw(s.verb, s.path, body)
	call.Key = key
	return call
}

// storm sends every body at once with one key and returns the answers in order, when no request is in flight any more.
func (s valid) storm(bodies []string) []*shopclient.Answer {
	key := id.New()
	answers := make([]*shopclient.Answer, len(bodies))
	var all sync.WaitGroup
	for i, body := range bodies {
		all.Go(func() {
			deadline := time.Now().Add(2 * time.Minute)
			for {
				answer, err := s.as.client.Send(s.as.t.Context(), s.withBody(body, key))
				if err != nil {
					answer = &shopclient.Answer{Body: []byte(err.Error())}
				}
				answers[i] = answer
				if !again(answers[i]) || time.Now().After(deadline) {
					return
				}
				select {
				case <-s.as.t.Context().Done():
					return
				case <-time.After(200 * time.Millisecond):
				}
			}
		})
	}
	all.Wait()
	return answers
}

// again says whether the shop asked for a later try, which is no answer yet: the first request is in flight, or this client
// sends too many.
func again(answer *shopclient.Answer) bool {
	switch refusalOf(answer) {
	case "IDEMPOTENCY_IN_PROGRESS", "CONFLICT", "TOO_MANY_REQUESTS", "OVERLOADED":
		return answer.Header.Get("Retry-After") != ""
	default:
		return false
	}
}

func refusalOf(answer *shopclient.Answer) string {
	if answer.Status/100 == 2 {
		return ""
	}
	refusal := shopclient.Problem{}
	_ = json.Unmarshal(answer.Body, &refusal)
	return refusal.Reason
}

// told is what one effect tells every caller: all of the answer, or of an order that goes on, which order and which part.
func (s valid) told(t *testing.T, answer *shopclient.Answer) string {
	t.Helper()
	require.Equal(t, 2, answer.Status/100, "%s %s: %d %s", s.verb, s.path, answer.Status, answer.Body)
	if !going.MatchString(s.route) {
		return string(answer.Body)
	}
	var parts map[string]struct{ ID string }
	require.NoError(t, json.Unmarshal(answer.Body, &parts))
	require.NotEmpty(t, parts["order"].ID, "%s", answer.Body)
	return fmt.Sprint(parts)
}

// When this fails a client that repeats itself, because a connection broke or a thumb slipped, changes the shop more than
// once, or is told different things. Every route that changes something gets the same request fifty times at once.
func TestEveryRouteActsOncePerKey(t *testing.T) {
	t.Parallel()
	var met []string
	for _, s := range newCorpus(t, theShop).seeds {
		if !s.changes() {
			continue
		}
		answers := s.storm(slices.Repeat([]string{s.body}, storming))
		first := s.told(t, answers[0])
		for _, answer := range answers {
			require.Equal(t, first, s.told(t, answer), "%s %s", s.verb, s.route)
		}
		met = append(met, s.verb+" "+s.route)
	}
	require.Subset(t, met, moving)
}

// When this fails a key that is used for two different requests at once lets both of them act, or answers one with what the
// other did.
func TestOneOfTwoBodiesActsPerKey(t *testing.T) {
	t.Parallel()
	var met, lost []string
	for _, s := range newCorpus(t, theShop).seeds {
		marks := []string{mark(), mark()}
		one, other := s.marked(marks[0], 0), s.marked(marks[1], 1)
		if !s.changes() {
			continue
		}
		if one == other || s.unnamed() { // later requests build on it
			s.told(t, s.as.send(s.call()))
			continue
		}
		bodies := slices.Repeat([]string{one, other}, storming/2)
		answers := s.storm(bodies)
		winner := slices.IndexFunc(answers, func(a *shopclient.Answer) bool { return a.Status/100 == 2 })
		require.GreaterOrEqual(t, winner, 0, "%s %s: %d %s", s.verb, s.path, answers[0].Status, answers[0].Body)
		told := s.told(t, answers[winner])
		for i, answer := range answers {
			if bodies[i] == bodies[winner] {
				require.Equal(t, told, s.told(t, answer), "%s %s", s.verb, s.route)
				continue
			}
			require.Equal(t, http.StatusUnprocessableEntity, answer.Status, "%s %s: %s", s.verb, s.path, answer.Body)
			require.Equal(t, "IDEMPOTENCY_KEY_REUSED", refusalOf(answer))
		}
		met, lost = append(met, s.verb+" "+s.route), append(lost, marks[(winner+1)%2])
	}
	require.Subset(t, met, moving)
	require.Greater(t, len(met), 25)
	theShop.holdsNone(t, lost)
}

// unnamed are requests that say the same with any body of theirs: the route names all there is to change.
func (s valid) unnamed() bool {
	return strings.HasSuffix(s.route, "/orders/{order_id}/resume") || strings.HasSuffix(s.route, "/disable")
}

// mark is a word that nothing else in the shop contains.
func mark() string { return "mark" + strings.ToLower(id.Secret()[:12]) }

// textFields are fields of bodies that take any words.
var textFields = regexp.MustCompile(`"(name|title|note|reason|label|returnUrl)":"([^"]*)"`)

// numberFields are fields of bodies of which another number is as good.
var numberFields = regexp.MustCompile(`"(quantity|position|priority)":(\d+)`)

// marked is the body with a mark in its first text, else with another number. A body that has neither stays as it is.
func (s valid) marked(mark string, more int) string {
	if at := textFields.FindStringSubmatchIndex(s.body); at != nil {
		glue := " "
		if s.body[at[2]:at[3]] == "returnUrl" {
			glue = "?at="
		}
		return s.body[:at[5]] + glue + mark + s.body[at[5]:]
	}
	if at := numberFields.FindStringSubmatchIndex(s.body); at != nil {
		return s.body[:at[4]] + fmt.Sprint(1+more) + s.body[at[5]:]
	}
	return s.body
}

// holdsNone looks for words in every row of every service.
func (s *shop) holdsNone(t *testing.T, words []string) {
	t.Helper()
	if s.own == nil {
		s.leaveOut(t, "rows of refused requests: the database is somebody else's")
		return
	}
	var patterns []string
	for _, word := range words {
		patterns = append(patterns, word, fmt.Sprintf("%x", word)) // bytes are shown in hex
	}
	conn, err := pgx.Connect(t.Context(), s.own.DatabaseURL())
	require.NoError(t, err)
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('product', 'pricing', 'inventory', 'payment', 'cart')`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Greater(t, len(tables), 40)
	for _, table := range tables {
		var found bytes.Buffer
		rows, err := conn.Query(t.Context(), `SELECT line::text FROM `+table+` AS line WHERE line::text ~ $1 LIMIT 3`, strings.Join(patterns, "|"))
		require.NoError(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		for _, line := range lines {
			fmt.Fprintln(&found, line)
		}
		require.Empty(t, found.String(), "%s has something of a request that was refused", table)
	}
}
