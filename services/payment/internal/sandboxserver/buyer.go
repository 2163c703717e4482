package sandboxserver

import (
	"html/template"
	"net/http"
	"time"

	"go.uber.org/zap"
)

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sandbox payment</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px system-ui;max-width:28rem;margin:3rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1.2rem;margin-right:.5rem}</style>
</head><body><h1>Sandbox payment</h1>
<p>Order <code>{{.Op.OrderReference}}</code>: {{.Op.Amount}} {{.Op.Currency}} (minor units) by {{.Op.Method}}.</p>
{{if .Open}}{{if .Op.NextAction.Data}}<p>Code: <code>{{.Op.NextAction.Data}}</code></p>{{end}}
<form method="post" action="{{.Path}}/approve"><button>Approve</button></form>
<form method="post" action="{{.Path}}/deny"><button>Deny</button></form>
{{else}}<p>This payment is <strong>{{.Op.Status}}</strong>.</p>{{end}}
{{if .Op.ReturnURL}}<p><a href="{{.Op.ReturnURL}}">Back to the shop</a></p>{{end}}
</body></html>
`))

// showPage shows a buyer what to approve.
func (s *Server) showPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	op, ok := s.operations[r.PathValue("id")]
	if ok {
		op = op.clone()
	}
	s.mu.Unlock()
	if !ok || op.Kind != KindAuthorize {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Cache-Control", "no-store")
	view := map[string]any{"Op": op, "Open": op.Status == StatusRequiresAction, "Path": r.URL.Path}
	if err := pageTemplate.Execute(w, view); err != nil {
		s.cfg.Log.Warn("page not written", zap.Error(err))
	}
}

// decide carries out what the buyer clicked and sends the browser back to the return URL of the payment, and to no other
// place. Clicking again changes nothing.
func (s *Server) decide(approve bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		op, found, err := s.buyerDecides(r.PathValue("id"), approve)
		switch {
		case err != nil:
			writeError(w, s.broken(err))
		case !found:
			http.NotFound(w, r)
		case op.ReturnURL != "":
			http.Redirect(w, r, op.ReturnURL, http.StatusSeeOther)
		default:
			writeJSON(w, http.StatusOK, map[string]string{"id": op.ID, "status": op.Status, "reason": op.Reason})
		}
	}
}

func (s *Server) buyerDecides(operation string, approve bool) (op *Operation, found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, ok := s.operations[operation]
	if !ok || stored.Kind != KindAuthorize {
		return nil, false, nil
	}
	if stored.Status != StatusRequiresAction {
		return stored.clone(), true, nil
	}
	now := s.cfg.Now()
	changed := stored.clone()
	switch {
	case !now.Before(changed.NextAction.ExpiresAt):
		changed.fail(ReasonExpired)
	case !approve:
		changed.fail(ReasonCanceledByBuyer)
	case changed.Method == "voucher":
		at := now.Add(s.cfg.ConfirmDelay)
		changed.Status, changed.NextAction, changed.ConfirmAt = StatusPending, nil, &at
	default:
		changed.succeed()
	}
	if err := s.change(changed, nil, now); err != nil {
		return nil, true, err
	}
	return changed.clone(), true, nil
}

// change stores an operation that changed without a request of the merchant, who is told by an event.
func (s *Server) change(op, parent *Operation, now time.Time) error {
	op.UpdatedAt = now
	if err := s.commit(record{At: now, Type: recordChange, Operation: op, Parent: parent}); err != nil {
		return err
	}
	s.emit(op)
	return nil
}

// schedule plans what time will do to an operation.
func (s *Server) schedule(op *Operation) {
	switch {
	case op.ConfirmAt != nil:
		s.agenda.add(task{at: *op.ConfirmAt, settle: op.ID})
	case op.Status == StatusRequiresAction && op.NextAction != nil:
		s.agenda.add(task{at: op.NextAction.ExpiresAt, settle: op.ID})
	}
}

// settle confirms or expires an operation whose time has come.
func (s *Server) settle(due task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	op, now := s.operations[due.settle].clone(), s.cfg.Now()
	var parent *Operation
	switch {
	case op.ConfirmAt != nil && !now.Before(*op.ConfirmAt):
		if op.Kind == KindAuthorize {
			op.succeed()
		} else {
			parent = s.operations[op.Authorization].clone()
			carry(op, parent, now)
		}
	case op.Status == StatusRequiresAction && op.NextAction != nil && !now.Before(op.NextAction.ExpiresAt):
		op.fail(ReasonExpired)
	default:
		return
	}
	if err := s.change(op, parent, now); err != nil {
		s.cfg.Log.Error("journal failed", zap.Error(err))
	}
}
