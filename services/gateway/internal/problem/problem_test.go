package problem_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/gateway/internal/problem"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// A client whose call lost against another one is told when to repeat it, wherever the refusal was made; one that has to read
// again first is not.
func TestRetryAfterOfAClash(t *testing.T) {
	t.Parallel()
	for want, refusal := range map[string]*errs.Error{
		"1": errs.Conflict.New("Clashed."), "5": errs.Conflict.New("Clashed.").RetryAfter(5 * time.Second), "": errs.VersionConflict.New("Changed."),
	} {
		for _, err := range []error{refusal, errs.ToGRPC(refusal)} {
			w := httptest.NewRecorder()
			problem.Write(w, err, "request")
			require.Equal(t, http.StatusConflict, w.Code)
			require.Equal(t, want, w.Header().Get("Retry-After"), "%v", err)
		}
	}
}

// A client that repeats a checkout while the first try still runs is told when to ask again; without it clients hammer.
func TestRetryAfterOfARefusalThatCameOverGRPC(t *testing.T) {
	t.Parallel()
	refusal := errs.IdempotencyInProgress.New("The checkout is still being worked on.").RetryAfter(1500 * time.Millisecond)
	for name, err := range map[string]error{"as an error": refusal, "as a status": errs.ToGRPC(refusal)} {
		w := httptest.NewRecorder()
		problem.Write(w, err, "request")
		require.Equal(t, http.StatusConflict, w.Code, name)
		require.Equal(t, "2", w.Header().Get("Retry-After"), name)
	}
}
