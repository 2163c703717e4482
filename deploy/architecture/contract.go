package architecture

import (
	"fmt"
	"go/ast"
	"regexp"
	"strings"
)

func contractRules() []Rule {
	return []Rule{
		{"contracts explain every name", "callers would have to ask what a field means, in which unit and range", checkContractComments},
		{"contracts have no floating point", "money and counts would be rounded by chance", checkFloats},
		{"no contract has a place for card data", "what belongs to the payment provider would be ours to guard, and the shop in full scope of PCI DSS", checkCardData},
		{"every public method has a policy and a route", "a method would be open to anyone, or out of reach of HTTP", checkPublicMethods},
		{"every public method is shown by example", "a newcomer would have to guess what to send and what comes", checkExamples},
		{"every RPC has its file", "a reader could not go from a contract to its code by name", checkRPCFiles},
		{"every text from outside is checked", "a caller could store or search texts of any size and content", checkTextFields},
		{"lists have pages", "an answer would grow with the shop until it fails", checkPages},
		{"what changes state takes an idempotency key", "a repeated request would act twice", checkIdempotency},
		{"what takes an idempotency key stores its answer", "a key would be taken and forgotten", checkStoredAnswers},
		{"a key stands for the whole request", "a request with a new field would be taken for the old one, or an old one refused after a deploy", checkWholeRequests},
	}
}

func public(pkg string) bool {
	return strings.HasPrefix(pkg, "cartwright.storefront.") || strings.HasPrefix(pkg, "cartwright.admin.")
}

func checkContractComments(t *Tree) (breaches []string) {
	for _, f := range t.protos {
		f.walk(func(scope string, e *element) {
			if !e.commented && e.kind != kindExtend {
				breaches = append(breaches, fmt.Sprintf("%s:%d: %s %s.%s has no comment", f.path, e.line, e.kind, scope, e.name))
			}
		})
	}
	return breaches
}

var floats = regexp.MustCompile(`\b(float|double)\b`)

func checkFloats(t *Tree) (breaches []string) {
	for _, f := range t.protos {
		f.walk(func(scope string, e *element) {
			if e.kind == kindField && floats.MatchString(e.typ) {
				breaches = append(breaches, fmt.Sprintf("%s:%d: %s.%s is a %s", f.path, e.line, scope, e.name, e.typ))
			}
		})
	}
	return breaches
}

// methods calls visit for every rpc with its package and service.
func (t *Tree) methods(visit func(f *protoFile, service string, rpc *element)) {
	for _, f := range t.protos {
		f.walk(func(scope string, e *element) {
			if e.kind == kindRPC {
				visit(f, strings.TrimPrefix(scope, f.pkg+"."), e)
			}
		})
	}
}

func checkPublicMethods(t *Tree) (breaches []string) {
	t.methods(func(f *protoFile, service string, rpc *element) {
		if !public(f.pkg) {
			return
		}
		place := fmt.Sprintf("%s:%d: %s/%s", f.path, rpc.line, service, rpc.name)
		if !strings.Contains(rpc.options, "cartwright.type.v1.policy") {
			breaches = append(breaches, place+" has no policy")
		}
		if !strings.Contains(rpc.options, "google.api.http") && !rpc.streams {
			breaches = append(breaches, place+" has no HTTP route and is no stream")
		}
	})
	return breaches
}

var wordStart = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// snake turns BatchGetPrices into batch_get_prices.
func snake(name string) string { return strings.ToLower(wordStart.ReplaceAllString(name, "${1}_$2")) }

func checkRPCFiles(t *Tree) (breaches []string) {
	t.methods(func(f *protoFile, service string, rpc *element) {
		if public(f.pkg) {
			return
		}
		owner := strings.Split(f.pkg, ".")[1]
		name := "services/" + owner + "/internal/rpc/" + snake(rpc.name) + ".go"
		code := t.files[name]
		if code == nil || code.ast == nil {
			breaches = append(breaches, fmt.Sprintf("%s:%d: %s/%s has no %s", f.path, rpc.line, service, rpc.name, name))
			return
		}
		for _, declaration := range code.ast.Decls {
			if d, ok := declaration.(*ast.FuncDecl); ok && d.Recv != nil && d.Name.Name == rpc.name {
				return
			}
		}
		breaches = append(breaches, fmt.Sprintf("%s: has no method %s", name, rpc.name))
	})
	return breaches
}

// requestMessages returns the messages that clients send, with those inside of them, by full name.
func (t *Tree) requestMessages() map[string]*element {
	messages := map[string]*element{}
	for _, f := range t.protos {
		f.walk(func(scope string, e *element) {
			if e.kind == kindMessage {
				messages[scope+"."+e.name] = e
			}
		})
	}
	sent := map[string]*element{}
	var add func(scope, name string)
	add = func(scope, name string) {
		full := resolve(messages, scope, name)
		if full == "" || sent[full] != nil {
			return
		}
		sent[full] = messages[full]
		for _, field := range fields(messages[full]) {
			add(full, field.typ)
		}
	}
	t.methods(func(f *protoFile, _ string, rpc *element) { add(f.pkg, rpc.request) })
	return sent
}

// resolve finds the message that a name means inside of scope, "" for built-in types, enums and messages of others.
func resolve(messages map[string]*element, scope, name string) string {
	name = strings.TrimPrefix(name, ".")
	for {
		if full := scope + "." + name; messages[full] != nil {
			return full
		}
		cut := strings.LastIndexByte(scope, '.')
		if cut < 0 {
			break
		}
		scope = scope[:cut]
	}
	if messages[name] != nil {
		return name
	}
	return ""
}

// fields are a message's fields, those of its oneofs among them.
func fields(message *element) []*element {
	var list []*element
	for _, child := range message.children {
		switch child.kind {
		case kindField:
			list = append(list, child)
		case kindOneof:
			list = append(list, fields(child)...)
		}
	}
	return list
}

// unchecked in a field's comment says why the contract has no rule for it.
var unchecked = regexp.MustCompile(`Read-only|Set by the service|Not checked here:`)

func checkTextFields(t *Tree) (breaches []string) {
	sent := t.requestMessages()
	for _, f := range t.protos {
		f.walk(func(scope string, e *element) {
			message := scope + "." + e.name
			if e.kind != kindMessage || sent[message] == nil {
				return
			}
			for _, field := range fields(e) {
				text := field.typ == "string" || field.typ == "bytes" || strings.HasPrefix(field.typ, "map<")
				checked := strings.Contains(field.options, "buf.validate.field") || unchecked.MatchString(field.comment)
				if (text || field.repeated) && !checked {
					breaches = append(breaches, fmt.Sprintf("%s:%d: %s.%s has no rule", f.path, field.line, message, field.name))
				}
			}
		})
	}
	return breaches
}

// wholeLists are answered whole: they are short by nature, or a service limits how many entries there are.
var wholeLists = map[string]string{
	"storefront CatalogService/ListChannels":        "a shop has a handful of channels, and a client needs all to choose one",
	"storefront CatalogService/ListCategories":      "a menu needs the whole tree, which is limited",
	"storefront CartService/ListShippingOptions":    "the few ways to deliver one cart",
	"storefront CheckoutService/ListPaymentMethods": "the few ways to pay in one country",
	"admin TaxAdminService/ListTaxClasses":          "the classes of the tax tables",
	"cart CartService/ListShippingOptions":          "the few ways to deliver one cart",
	"cart TaxService/ListTaxClasses":                "the classes of the tax tables",
	"payment PaymentService/ListPaymentMethods":     "the few ways to pay in one country",
}

// method names an rpc as the tables here do: "cart CartService/AddLines".
func method(f *protoFile, service string, rpc *element) string {
	return strings.Split(f.pkg+".", ".")[1] + " " + service + "/" + rpc.name
}

func checkPages(t *Tree) (breaches []string) {
	sent := t.requestMessages()
	t.methods(func(f *protoFile, service string, rpc *element) {
		if !strings.HasPrefix(rpc.name, "List") && !strings.HasPrefix(rpc.name, "Search") || wholeLists[method(f, service, rpc)] != "" {
			return
		}
		has := map[string]bool{}
		for _, field := range fields(sent[resolve(sent, f.pkg, rpc.request)]) {
			has[field.name] = true
		}
		if !has["page_size"] || !has["page_token"] {
			breaches = append(breaches, fmt.Sprintf("%s:%d: %s/%s has no page_size and page_token", f.path, rpc.line, service, rpc.name))
		}
	})
	return breaches
}
