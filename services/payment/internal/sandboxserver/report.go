package sandboxserver

import (
	"net/http"
	"sort"
	"strconv"
	"time"
)

const reportPage = 1000

// showReport lists the merchant's operations of a time as they stand now, oldest first, for reconciliation:
// ?from=&until= in RFC 3339, until not included, and ?after= as the page before said.
func (s *Server) showReport(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	from, fromErr := time.Parse(time.RFC3339Nano, query.Get("from"))
	until, untilErr := time.Parse(time.RFC3339Nano, query.Get("until"))
	if fromErr != nil || untilErr != nil {
		writeError(w, &refusal{http.StatusBadRequest, "window_invalid", "from and until must be times in RFC 3339."})
		return
	}
	after, _ := strconv.Atoi(query.Get("after"))
	rows, next := s.report(from, until, after)
	writeJSON(w, http.StatusOK, map[string]any{"operations": rows, "next": next})
}

func (s *Server) report(from, until time.Time, after int) (rows []*Operation, next string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	start := sort.Search(len(s.order), func(i int) bool { return !s.operations[s.order[i]].CreatedAt.Before(from) })
	rows = []*Operation{}
	for i := max(start, after); i < len(s.order); i++ {
		op := s.operations[s.order[i]]
		switch {
		case !op.CreatedAt.Before(until):
			return rows, ""
		case len(rows) == reportPage:
			return rows, strconv.Itoa(i)
		}
		rows = append(rows, op.clone())
	}
	return rows, ""
}
