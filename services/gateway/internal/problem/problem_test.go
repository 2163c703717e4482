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
