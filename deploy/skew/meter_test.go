package skew

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// When it fails, a migration that made buyers wait, or that turned them away, passes for one that nobody noticed.
func TestWhatAMigrationCostsIsMeasured(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	m := &meter{migrated: at(10_000), ended: at(14_000)}
	for n := range 1_000 { // 100 in a second for ten seconds, none slower than 20 ms
		m.asked = append(m.asked, asked{began: at(10 * n), ended: at(10*n + 20), failed: n == 7})
	}
	for n := range 1_000 { // the migration holds 20 of them up for a second, and one fails
		took := 20
		if n < 20 {
			took = 1_000
		}
		m.asked = append(m.asked, asked{began: at(10_000 + 10*n), ended: at(10_000 + 10*n + took), failed: n == 3 || n == 999})
	}
	s := m.strain()
	require.InDelta(t, 100, s.Rate, 1)
	require.InDelta(t, 4, s.Took, 0.001)
	require.InDelta(t, 20, s.Before, 0.001)
	require.InDelta(t, 1_000, s.During, 0.001)
	require.Equal(t, 1, s.Failed, "before the migration and long after it is nothing that it did")
	result := Result{}
	s.judge(&result, false)
	require.Equal(t, []string{"1 requests failed while the schema was migrated"}, result.Red)
	s.Failed = 0
	result = Result{}
	s.judge(&result, false)
	require.True(t, result.Green(), "on a busy machine time is not judged")
	require.False(t, result.Quiet, "and the result does not claim it")
	s.judge(&result, true)
	require.True(t, result.Quiet)
	require.Equal(t, []string{"99 of 100 requests took up to 20 ms before the migration and 1000 ms during it"}, result.Red)
	result, s.During = Result{}, 12_000
	s.judge(&result, false)
	require.False(t, result.Green(), "nothing but the migration makes so many wait so long")
	m.reset()
	require.Nil(t, m.strain())
	m.strain().judge(&result, true)
	require.Equal(t, "-", m.strain().String())
}

// When it fails, requests that were turned away count as served because a later try was.
func TestEveryTryCounts(t *testing.T) {
	t.Parallel()
	m := &meter{}
	answers := []int{http.StatusServiceUnavailable, http.StatusConflict, 0, http.StatusOK}
	for _, status := range answers {
		web := m.wrap(answering(func(r *http.Request) (*http.Response, error) {
			if status == 0 {
				return nil, errors.New("the connection was cut")
			}
			return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
		}))
		response, err := web.RoundTrip(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/products", http.NoBody))
		if err == nil {
			require.NoError(t, response.Body.Close())
		}
	}
	require.Len(t, m.asked, len(answers))
	for n, failed := range []bool{true, false, true, false} {
		require.Equal(t, failed, m.asked[n].failed, n)
	}
}

// When it fails, the slowness of a bank passes for that of a migration.
func TestWhoWaitsForABankIsNotMeasured(t *testing.T) {
	t.Parallel()
	for body, measured := range map[string]int{`{"token": "tok_ok_1"}`: 1, `{"token": "tok_slow_1"}`: 0, `{"token": "tok_reply_lost_1"}`: 0} {
		m := &meter{}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/carts/a/checkout", strings.NewReader(body))
		require.NoError(t, err)
		for _, status := range []int{http.StatusOK, http.StatusInternalServerError} {
			response, err := m.wrap(answering(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
			})).RoundTrip(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
		}
		require.Len(t, m.asked, measured+1, "%s: what fails counts", body)
	}
}

type answering func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (a answering) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }
