package acceptance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// watch sees every answer of the shop and holds it to what is promised for all of them: a request id, an end in time, no
// failure of the shop itself except a 503 that says when to try again.
type watch struct {
	mu       sync.Mutex
	answers  int
	longest  time.Duration
	longPath string
	wrong    []string
	byStatus map[int]int
	reasons  map[string]bool // of refusals
}

func newWatch() *watch { return &watch{byStatus: map[int]int{}, reasons: map[string]bool{}} }

// maxComplaints bounds the list: what is wrong everywhere need not be read a thousand times.
const maxComplaints = 20

type watchedTransport struct {
	*watch
	next http.RoundTripper
}

func (w *watch) wrap(next http.RoundTripper) http.RoundTripper { return watchedTransport{w, next} }

// RoundTrip implements http.RoundTripper.
func (w watchedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body := &watchedBody{ReadCloser: response.Body, refusal: response.StatusCode >= 400}
	body.ended = func() { w.see(r, response, time.Since(start), body.text.Bytes()) }
	response.Body = body
	return response, nil
}

// watchedBody tells when an answer has been read whole.
type watchedBody struct {
	io.ReadCloser
	once    sync.Once
	ended   func()
	refusal bool
	text    bytes.Buffer // of a refusal
}

// Read implements io.Reader.
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.refusal {
		b.text.Write(p[:n])
	}
	return n, err
}

// Close implements io.Closer.
func (b *watchedBody) Close() error {
	b.once.Do(b.ended)
	return b.ReadCloser.Close()
}

func (w *watch) see(r *http.Request, response *http.Response, took time.Duration, refusal []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers++
	var problem struct{ Reason string }
	if json.Unmarshal(refusal, &problem) == nil && problem.Reason != "" {
		w.reasons[problem.Reason] = true
	}
	w.byStatus[response.StatusCode]++
	what := fmt.Sprintf("%s %.200s: %d", r.Method, r.URL.RequestURI(), response.StatusCode)
	transfer := strings.HasSuffix(r.URL.Path, "/import") || strings.HasSuffix(r.URL.Path, "/export")
	if took > w.longest && !transfer {
		w.longest, w.longPath = took, what
	}
	switch {
	case response.Header.Get("X-Request-Id") == "":
		w.complain(what + " has no X-Request-Id")
	case response.StatusCode >= 500 && (response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == ""):
		w.complain(what + " (request " + response.Header.Get("X-Request-Id") + ")")
	case took > slowest && !transfer:
		w.complain(what + " took " + took.String())
	}
}

func (w *watch) complain(text string) {
	if len(w.wrong) < maxComplaints {
		w.wrong = append(w.wrong, text)
	}
}

func (w *watch) complaints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrong
}

func (w *watch) figures() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("%d answers, by status %v, %d different reasons of refusals, the slowest after %s: %s",
		w.answers, w.byStatus, len(w.reasons), w.longest.Round(time.Millisecond), w.longPath)
}
