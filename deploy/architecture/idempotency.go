package architecture

import (
	"fmt"
	"go/ast"
	"regexp"
	"strings"
)

// repeatable methods change state and need no key, for a reason of their own.
var repeatable = map[string]string{
	"cart CheckoutService/NotifyPayment":    "event_id is its key",
	"payment PaymentService/ResolvePayment": "asks the provider how an operation ended; the answer is the same however often",
	"payment PaymentService/ReceiveWebhook": "the provider's event id is its key",
	"pricing PricingService/Quote":          "computes and stores nothing",
	"product ProductService/ImportProducts": "the same file twice changes nothing",
}

// readers are the first words of methods that change nothing.
var readers = regexp.MustCompile(`^(Get|List|BatchGet|Search|Lookup|Check|Export)`)

func checkIdempotency(t *Tree) (breaches []string) {
	sent := t.requestMessages()
	t.methods(func(f *protoFile, service string, rpc *element) {
		if readers.MatchString(rpc.name) || repeatable[method(f, service, rpc)] != "" {
			return
		}
		place := fmt.Sprintf("%s:%d: %s/%s", f.path, rpc.line, service, rpc.name)
		if public(f.pkg) {
			if !strings.Contains(rpc.options, "KEY_RULE_") {
				breaches = append(breaches, place+" has no rule for its idempotency key")
			}
			return
		}
		for _, field := range fields(sent[resolve(sent, f.pkg, rpc.request)]) {
			if strings.HasSuffix(field.name, "request_id") {
				return
			}
		}
		breaches = append(breaches, place+" has no request_id")
	})
	return breaches
}

// named methods take a request_id for the audit trail only; what they make or change is named by the caller, and a repeated
// call finds it.
var named = map[string]string{
	"cart CheckoutService/ResumeCheckout":           "the order's machine goes on from where it is, however often it is asked",
	"inventory InventoryService/Reserve":            "reservation_id is its key, with a fingerprint of its own",
	"inventory InventoryService/CreateShipment":     "shipment_id is its key, with a fingerprint of its own",
	"inventory InventoryService/ReceiveReturn":      "return_id is its key, with a fingerprint of its own",
	"inventory InventoryService/ReleaseAllocation":  "release_id is its key, with a fingerprint of its own",
	"inventory InventoryService/CommitReservation":  "a reservation is committed once; saying so again finds it committed",
	"inventory InventoryService/ReleaseReservation": "a reservation is released once, also before it was made",
	"payment PaymentService/AuthorizePayment":       "payment_id is its key, compared with what was asked for",
	"payment PaymentService/CapturePayment":         "operation_id is its key, compared with what was asked for",
	"payment PaymentService/RefundPayment":          "operation_id is its key, compared with what was asked for",
	"payment PaymentService/VoidPayment":            "a payment is voided once; saying so again finds it void",
	"payment PaymentService/IssueGiftCard":          "request_id is unique among gift cards, compared with what was asked for",
	"payment PaymentService/DisableGiftCard":        "a disabled card stays disabled",
	"payment PaymentService/HoldGiftCard":           "hold_id is its key, compared with what was asked for",
	"payment PaymentService/PostGiftCardHold":       "a hold is posted once; saying so again finds it posted",
	"payment PaymentService/ReleaseGiftCardHold":    "a hold is released once, also before it was made",
	"payment PaymentService/RunReconciliation":      "request_id is unique among comparisons, compared with what was asked for",
	"payment PaymentService/ReplayWebhookEvent":     "an event is revived once; saying so again finds it alive",
	"payment PaymentService/RefundToGiftCard":       "refund_id is its key, compared with what was asked for",
}

// storing are the calls that begin a handler whose answer is stored.
var storing = regexp.MustCompile(`\b(idempotency\.NewCall|once|actOnce|cartCall)\(`)

func checkStoredAnswers(t *Tree) (breaches []string) {
	t.methods(func(f *protoFile, service string, rpc *element) {
		if public(f.pkg) || readers.MatchString(rpc.name) || repeatable[method(f, service, rpc)] != "" || named[method(f, service, rpc)] != "" {
			return
		}
		name := "services/" + strings.Split(f.pkg, ".")[1] + "/internal/rpc/" + snake(rpc.name) + ".go"
		if code := t.files[name]; code != nil && !storing.MatchString(code.text) {
			breaches = append(breaches, fmt.Sprintf("%s: stores no answer, and deploy/architecture/idempotency.go does not say why", name))
		}
	})
	return breaches
}

// checkWholeRequests wants the request itself behind every key, as the function that takes it got it.
func checkWholeRequests(t *Tree) (breaches []string) {
	for _, f := range t.source(false) {
		if service(f.path) == "" || !strings.Contains(f.path, "/internal/rpc/") {
			continue
		}
		for _, declaration := range f.ast.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(function, func(node ast.Node) bool {
				if call, ok := node.(*ast.CallExpr); ok && isNewCall(call) && !endsWithParameter(call, function) {
					breaches = append(breaches, t.at(call)+": the call is not made of the whole request")
				}
				return true
			})
		}
	}
	return breaches
}

func isNewCall(call *ast.CallExpr) bool {
	s, ok := call.Fun.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "NewCall" && selectsFrom(s, "idempotency")
}

// endsWithParameter says whether a call has one field behind the key, and it is a parameter of the function as it came.
func endsWithParameter(call *ast.CallExpr, function *ast.FuncDecl) bool {
	if len(call.Args) != 4 {
		return false
	}
	field, ok := call.Args[3].(*ast.Ident)
	if !ok {
		return false
	}
	for _, parameter := range function.Type.Params.List {
		for _, name := range parameter.Names {
			if name.Name == field.Name {
				return true
			}
		}
	}
	return false
}
