package sandboxserver

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// request is the body of every mutating call of the merchant API; each kind uses some of it.
type request struct {
	MerchantReference string `json:"merchant_reference"`
	OrderReference    string `json:"order_reference"`
	Method            string `json:"method"`
	Token             string `json:"token"`
	Amount            int64  `json:"amount"`
	Currency          string `json:"currency"`
	ReturnURL         string `json:"return_url"`
	Final             bool   `json:"final"`
}

// call is one mutating request under way.
type call struct {
	kind string
	key  string
	auth string // the authorization it is about; empty for authorize
	body request
}

func (c call) attempt() Attempt {
	return Attempt{
		Kind: c.kind, Key: c.key, Amount: c.body.Amount, Currency: c.body.Currency,
		MerchantReference: c.body.MerchantReference, OrderReference: c.body.OrderReference,
	}
}

// refusal is an answer that made no operation.
type refusal struct {
	status int
	code   string
	text   string
}

// Error is the code.
func (r *refusal) Error() string { return r.code }

var currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)

// merchant lets a handler run only for the holder of the API key.
func (s *Server) merchant(next http.HandlerFunc) http.HandlerFunc {
	want := []byte("Bearer " + s.cfg.APIKey)
	return func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			writeError(w, &refusal{http.StatusUnauthorized, "unauthorized", "The API key is wrong."})
			return
		}
		next(w, r)
	}
}

func (s *Server) authorize(w http.ResponseWriter, r *http.Request) { s.mutate(w, r, KindAuthorize) }
func (s *Server) capture(w http.ResponseWriter, r *http.Request)   { s.mutate(w, r, KindCapture) }
func (s *Server) void(w http.ResponseWriter, r *http.Request)      { s.mutate(w, r, KindVoid) }
func (s *Server) refund(w http.ResponseWriter, r *http.Request)    { s.mutate(w, r, KindRefund) }

// mutate runs one request of a merchant: faults asked for by the test in charge come before and after the work.
func (s *Server) mutate(w http.ResponseWriter, r *http.Request, kind string) {
	c := call{kind: kind, key: r.Header.Get("Idempotency-Key"), auth: r.PathValue("id")}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c.body); err != nil {
		writeError(w, &refusal{http.StatusBadRequest, "malformed", "The body is not the JSON object expected."})
		return
	}
	if refused := s.check(c); refused != nil {
		writeError(w, s.refuse(s.cfg.Now(), c.attempt(), refused))
		return
	}
	fault := s.takeFault(c)
	if !s.before(w, r, fault) {
		return
	}
	op, refused := s.perform(c, &fault)
	switch {
	case fault.Action == FaultDropReply:
		panic(http.ErrAbortHandler)
	case fault.Action == FaultErrorAfter:
		writeError(w, &refusal{http.StatusBadGateway, "fault", "The answer was replaced on purpose."})
	case refused != nil:
		writeError(w, refused)
	default:
		if fault.Action == FaultLieAmount {
			op.Amount++
		}
		writeJSON(w, http.StatusOK, op)
	}
}

// before applies what a fault does before the work; it answers false when there is nothing more to do.
func (s *Server) before(w http.ResponseWriter, r *http.Request, fault Fault) bool {
	if fault.Action != "" {
		s.cfg.Log.Info("fault injected", zap.String("action", fault.Action), zap.String("path", r.URL.Path))
	}
	if wait := time.Duration(fault.DelayMS) * time.Millisecond; wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.agenda.stopped():
			return false
		}
	}
	switch fault.Action {
	case FaultDropRequest:
		panic(http.ErrAbortHandler)
	case FaultError:
		writeError(w, &refusal{http.StatusServiceUnavailable, "fault", "Refused on purpose before any work."})
		return false
	}
	return true
}

func (s *Server) check(c call) *refusal {
	b := c.body
	switch {
	case c.key == "" || len(c.key) > 255:
		return &refusal{http.StatusBadRequest, "key_required", "Idempotency-Key of 1 to 255 characters is required."}
	case b.MerchantReference == "" || len(b.MerchantReference) > 255:
		return &refusal{http.StatusBadRequest, "reference_required", "merchant_reference is required."}
	case c.kind != KindVoid && (b.Amount <= 0 || !currencyPattern.MatchString(b.Currency)):
		return &refusal{http.StatusBadRequest, "amount_invalid", "amount must be above 0 and currency an ISO 4217 code."}
	}
	if c.kind != KindAuthorize {
		return nil
	}
	switch b.Method {
	case "card":
		if tokenKind(b.Token) == "" {
			return &refusal{http.StatusUnprocessableEntity, ReasonTokenRejected, "The token is not one of this account."}
		}
	case "wallet", "qr", "voucher":
	default:
		return &refusal{http.StatusBadRequest, "method_unknown", "There is no such method."}
	}
	return nil
}

// perform does the work of a request once: a repeated key answers what the first request led to.
func (s *Server) perform(c call, fault *Fault) (*Operation, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	attempt := c.attempt()
	attempt.Fault = fault.Action
	if s.running[c.key] {
		return nil, s.refuse(now, attempt, &refusal{http.StatusConflict, "key_in_use", "The first request with this key is still at work."})
	}
	if use, ok := s.byKey[c.key]; ok && now.Sub(use.at) < s.cfg.KeyWindow {
		op := s.operations[use.operation]
		if !sameRequest(op, c) {
			return nil, s.refuse(now, attempt, &refusal{http.StatusUnprocessableEntity, "key_reused", "The key was used for another request."})
		}
		attempt.Replayed, attempt.OperationID, attempt.Result, attempt.Reason = true, op.ID, op.Status, op.Reason
		if err := s.journal.append(record{At: now, Type: recordAttempt, Attempt: &attempt}); err != nil {
			return nil, s.broken(err)
		}
		return op.clone(), nil
	}
	if c.kind == KindAuthorize && tokenKind(c.body.Token) == "slow" && c.body.Method == "card" {
		s.wait(c.key)
		now = s.cfg.Now()
	}
	op, parent, refused := s.build(c, fault, now)
	if refused != nil {
		return nil, s.refuse(now, attempt, refused)
	}
	attempt.OperationID, attempt.Result, attempt.Reason = op.ID, op.Status, op.Reason
	attempt.OrderReference, attempt.Amount, attempt.Currency = op.OrderReference, op.Amount, op.Currency
	if err := s.commit(record{At: now, Type: recordAttempt, Attempt: &attempt, Operation: op, Parent: parent}); err != nil {
		return nil, s.broken(err)
	}
	s.byKey[c.key] = keyUse{operation: op.ID, at: now}
	if c.kind == KindAuthorize && tokenKind(c.body.Token) == "reply_lost" && c.body.Method == "card" {
		fault.Action = FaultDropReply
	}
	if s.cfg.AllEvents || fault.Action == FaultDropReply || fault.Action == FaultErrorAfter {
		s.emit(op)
	}
	return op.clone(), nil
}

// wait is the time a slow card takes. The key is marked as in use meanwhile and the lock is given up.
func (s *Server) wait(key string) {
	s.running[key] = true
	s.mu.Unlock()
	timer := time.NewTimer(s.cfg.SlowDelay)
	select {
	case <-timer.C:
	case <-s.agenda.stopped():
	}
	timer.Stop()
	s.mu.Lock()
	delete(s.running, key)
}

// build makes the operation and, for all but authorize, the changed authorization. Nothing is stored yet.
func (s *Server) build(c call, fault *Fault, now time.Time) (op, parent *Operation, refused *refusal) {
	op = &Operation{
		ID: "sbx_" + id.Secret(), Kind: c.kind, Status: StatusPending, Merchant: s.cfg.Merchant, Mode: "sandbox",
		Key: c.key, MerchantReference: c.body.MerchantReference, OrderReference: c.body.OrderReference,
		Method: c.body.Method, Amount: c.body.Amount, Currency: c.body.Currency, Final: c.body.Final,
		ReturnURL: c.body.ReturnURL, CreatedAt: now, UpdatedAt: now,
	}
	if c.kind == KindAuthorize {
		s.open(op, c.body.Token, now)
	} else {
		auth, ok := s.operations[c.auth]
		if !ok || auth.Kind != KindAuthorize {
			return nil, nil, &refusal{http.StatusNotFound, "authorization_not_found", "There is no such authorization."}
		}
		if c.kind == KindVoid {
			op.Currency = auth.Currency
		}
		if op.Currency != auth.Currency {
			return nil, nil, &refusal{http.StatusUnprocessableEntity, "currency_mismatch", "The authorization has another currency."}
		}
		op.Authorization, op.Method, op.OrderReference = auth.ID, auth.Method, auth.OrderReference
		if fault.Action != FaultPending && fault.Action != FaultRefuse {
			parent = auth.clone()
			carry(op, parent, now)
			parent.UpdatedAt = now
		}
	}
	switch fault.Action {
	case FaultRefuse:
		op.fail(ReasonRefused)
	case FaultPending:
		at := now.Add(s.cfg.ConfirmDelay)
		op.Status, op.ConfirmAt, op.NextAction = StatusPending, &at, nil
	}
	return op, parent, nil
}

// open decides what an authorization starts as.
func (s *Server) open(op *Operation, token string, now time.Time) {
	before := now.Add(s.cfg.AuthorizationTTL).Truncate(time.Millisecond)
	action := func(kind, page string, ttl time.Duration, data string) {
		op.Status = StatusRequiresAction
		op.NextAction = &NextAction{Type: kind, URL: s.cfg.PublicURL + "/" + page + "/" + op.ID, Data: data, ExpiresAt: now.Add(ttl).Truncate(time.Millisecond)}
	}
	switch op.Method {
	case "card":
		op.CaptureBefore = &before
		switch tokenKind(token) {
		case "declined":
			op.fail(ReasonDeclined)
		case "insufficient":
			op.fail(ReasonInsufficientFunds)
		case "3ds":
			action("redirect", pageChallenge, s.cfg.ActionTTL, "")
		default:
			op.succeed()
		}
	case "wallet":
		op.CaptureBefore = &before
		action("redirect", pageWallet, s.cfg.ActionTTL, "")
	case "qr":
		op.CapturesAtOnce = true
		action("qr", pageQR, s.cfg.ActionTTL, "")
		op.NextAction.Data = op.NextAction.URL
	case "voucher":
		op.CapturesAtOnce = true
		action("voucher", pageVoucher, s.cfg.VoucherTTL, "V-"+strings.ToUpper(op.ID[4:16]))
	}
}

// commit writes a record and makes it the state. Callers hold the lock.
func (s *Server) commit(r record) error {
	if err := s.journal.append(r); err != nil {
		return err
	}
	for _, op := range []*Operation{r.Parent, r.Operation} {
		if op != nil {
			s.keep(op)
			s.schedule(op)
		}
	}
	return nil
}

// keep makes an operation the state. Callers hold the lock.
func (s *Server) keep(op *Operation) {
	if _, known := s.operations[op.ID]; !known {
		s.order = append(s.order, op.ID)
		s.byMerchant[op.MerchantReference] = op.ID
	}
	s.operations[op.ID] = op
}

// refuse writes down an attempt that made nothing.
func (s *Server) refuse(now time.Time, attempt Attempt, r *refusal) *refusal {
	attempt.Result = r.code
	if err := s.journal.append(record{At: now, Type: recordAttempt, Attempt: &attempt}); err != nil {
		return s.broken(err)
	}
	return r
}

func (s *Server) broken(err error) *refusal {
	s.cfg.Log.Error("journal failed", zap.Error(err))
	return &refusal{http.StatusInternalServerError, "journal", "The journal cannot be written."}
}

// query finds an operation by the merchant's reference, whatever became of its key.
func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	if fault := s.takeFault(call{kind: "query"}); !s.before(w, r, fault) {
		return
	}
	s.mu.Lock()
	op, ok := s.operations[s.byMerchant[r.URL.Query().Get("merchant_reference")]]
	if ok {
		op = op.clone()
	}
	s.mu.Unlock()
	if !ok {
		writeError(w, &refusal{http.StatusNotFound, "operation_not_found", "There is no such operation."})
		return
	}
	writeJSON(w, http.StatusOK, op)
}

func sameRequest(op *Operation, c call) bool {
	b := c.body
	if op.Kind != c.kind || op.Authorization != c.auth || op.MerchantReference != b.MerchantReference {
		return false
	}
	return c.kind == KindVoid || op.Amount == b.Amount && op.Currency == b.Currency && op.Final == b.Final && (c.kind != KindAuthorize || op.Method == b.Method)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, fmt.Sprintf("encode answer: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

func writeError(w http.ResponseWriter, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{http.StatusInternalServerError, "internal", err.Error()}
	}
	writeJSON(w, r.status, map[string]any{"error": map[string]string{"code": r.code, "message": r.text}})
}
