// Package sandboxserver is a payment provider for development and tests: a real HTTP server with an account of its own
// of what it did.
//
// It behaves as providers do: idempotency keys that it honours only for a while, one-time tokens, pages for the buyer,
// signed webhooks that may come twice or out of order, answers that get lost. Every attempt is appended to a journal on
// disk before it is answered, so the journal is the outside truth that audits compare a shop's books with. It keeps no
// other state: a restart reads the journal again.
package sandboxserver

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Config says how the provider behaves. Zero durations get the defaults of New.
type Config struct {
	// JournalPath is the file that keeps every attempt.
	JournalPath string
	// Sync flushes the journal to the disk before each answer.
	Sync bool
	// Merchant is the account that the API key belongs to.
	Merchant string
	// APIKey is what a merchant sends as bearer token.
	APIKey string
	// PublicURL is where buyers reach the provider's pages, without a slash at the end.
	PublicURL string
	// WebhookURL is where events are sent; none are sent when it is empty.
	WebhookURL string
	// WebhookSecret signs events.
	WebhookSecret string
	// AllEvents sends an event for every change; otherwise only for those the merchant did not see in an answer.
	AllEvents bool
	// KeyWindow is how long an idempotency key is honoured.
	KeyWindow time.Duration
	// ActionTTL is how long a buyer has for a challenge, an approval or a QR code.
	ActionTTL time.Duration
	// VoucherTTL is how long a voucher can be paid.
	VoucherTTL time.Duration
	// AuthorizationTTL is how long an authorization can be captured.
	AuthorizationTTL time.Duration
	// ConfirmDelay is how long a paid voucher takes to be confirmed.
	ConfirmDelay time.Duration
	// SlowDelay is how long a slow card takes.
	SlowDelay time.Duration
	// Now is the time; nil means the machine's clock.
	Now func() time.Time
	// Log gets one line per fault injected and per webhook that failed.
	Log *zap.Logger
}

func (c Config) withDefaults() Config {
	for field, def := range map[*time.Duration]time.Duration{
		&c.KeyWindow: 24 * time.Hour, &c.ActionTTL: 15 * time.Minute, &c.VoucherTTL: 7 * 24 * time.Hour,
		&c.AuthorizationTTL: 7 * 24 * time.Hour, &c.ConfirmDelay: 500 * time.Millisecond, &c.SlowDelay: 3 * time.Second,
	} {
		if *field == 0 {
			*field = def
		}
	}
	if c.Merchant == "" {
		c.Merchant = "cartwright-demo"
	}
	if c.Now == nil {
		c.Now = func() time.Time { return time.Now().UTC() }
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	return c
}

// Server is the provider. Make it with New, serve Handler, run Run beside it, and Close it at the end.
type Server struct {
	cfg     Config
	journal *journal
	agenda  *agenda
	client  *http.Client

	mu         sync.Mutex // guards all below, and the order of the journal
	operations map[string]*Operation
	order      []string // ids of the operations, oldest first
	byKey      map[string]keyUse
	byMerchant map[string]string // merchant reference → id of the newest operation
	running    map[string]bool   // keys whose first request is still at work
	faults     []Fault
	webhooks   WebhookMode
	events     map[string]*pendingEvent // not delivered yet
}

type keyUse struct {
	operation string
	at        time.Time
}

// New opens the journal and rebuilds what it tells.
func New(cfg Config) (*Server, error) {
	s := &Server{
		cfg:        cfg.withDefaults(),
		agenda:     newAgenda(),
		client:     &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		operations: map[string]*Operation{},
		byKey:      map[string]keyUse{},
		byMerchant: map[string]string{},
		running:    map[string]bool{},
		events:     map[string]*pendingEvent{},
	}
	var err error
	if s.journal, err = openJournal(cfg.JournalPath, cfg.Sync, s.restore); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	for _, op := range s.operations {
		s.schedule(op)
	}
	for id := range s.events {
		s.agenda.add(task{at: s.cfg.Now(), deliver: id})
	}
	return s, nil
}

// restore applies one journal line at start.
func (s *Server) restore(r record) {
	for _, op := range []*Operation{r.Parent, r.Operation} {
		if op != nil {
			s.keep(op)
		}
	}
	if r.Type == recordAttempt && r.Operation != nil && !r.Attempt.Replayed {
		s.byKey[r.Attempt.Key] = keyUse{operation: r.Operation.ID, at: r.At}
	}
	switch {
	case r.Type == recordEvent && s.cfg.WebhookURL != "":
		s.events[r.EventID] = &pendingEvent{id: r.EventID, body: r.EventBody}
	case r.Type == recordDelivered:
		delete(s.events, r.EventID)
	}
}

// SetURLs tells the provider its own address and the receiver of events, for callers that learn them after New.
func (s *Server) SetURLs(public, webhook string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.PublicURL = strings.TrimSuffix(public, "/")
	s.cfg.WebhookURL = webhook
}

// Run sends webhooks, confirms vouchers and expires what buyers left, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	var working sync.WaitGroup
	defer working.Wait()
	defer s.agenda.stop()
	slots := make(chan struct{}, 8)
	for {
		due, ok := s.agenda.next(ctx, s.cfg.Now)
		if !ok {
			return nil
		}
		if due.deliver == "" {
			s.settle(due)
			continue
		}
		slots <- struct{}{}
		working.Go(func() {
			defer func() { <-slots }()
			s.deliver(ctx, due.deliver)
		})
	}
}

// Close closes the journal.
func (s *Server) Close() error { return s.journal.close() }

// Handler serves the merchant API under /v1, the buyers' pages, and the controls.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/authorizations", s.merchant(s.authorize))
	mux.HandleFunc("POST /v1/authorizations/{id}/captures", s.merchant(s.capture))
	mux.HandleFunc("POST /v1/authorizations/{id}/voids", s.merchant(s.void))
	mux.HandleFunc("POST /v1/authorizations/{id}/refunds", s.merchant(s.refund))
	mux.HandleFunc("GET /v1/operations", s.merchant(s.query))
	mux.HandleFunc("GET /v1/report", s.merchant(s.showReport))
	for _, page := range []string{pageChallenge, pageWallet, pageQR, pageVoucher} {
		mux.HandleFunc("GET /"+page+"/{id}", s.showPage)
		mux.HandleFunc("POST /"+page+"/{id}/approve", s.decide(true))
		mux.HandleFunc("POST /"+page+"/{id}/deny", s.decide(false))
	}
	mux.HandleFunc("POST /"+pageVoucher+"/{id}/pay", s.decide(true))
	mux.HandleFunc("GET /log", s.showLog)
	mux.HandleFunc("GET /summary", s.showSummary)
	mux.HandleFunc("GET /control", s.showControl)
	mux.HandleFunc("POST /control", s.setControl)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return http.MaxBytesHandler(mux, 64<<10)
}
