// Package callgraph reads from the internal contracts which services call which, for whoever needs that outside of the
// services: network policies, and the page that people read.
package callgraph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/cart/v1" // the contracts of internal, to be found by name
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/inventory/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/payment/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/pricing/v1"
	_ "github.com/cartwright-shop/cartwright/proto/gen/cartwright/product/v1"
	typev1 "github.com/cartwright-shop/cartwright/proto/gen/cartwright/type/v1"
)

// internal are the services behind the gateway.
var internal = []string{"product", "pricing", "inventory", "payment", "cart"}

// Method is a method of an internal contract.
type Method struct {
	// Service is the process that serves it, such as "cart".
	Service string
	// Name is the contract's, such as "CheckoutService/NotifyPayment".
	Name string
	// Callers are the services that may call it, sorted; empty when none does.
	Callers []string
}

// Methods returns every method of the internal contracts, by service and name.
func Methods() []Method {
	var all []Method
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if pkg := string(file.Package()); !slices.ContainsFunc(internal, func(service string) bool { return pkg == "cartwright."+service+".v1" }) {
			return true
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for n := range service.Methods().Len() {
				all = append(all, read(service, service.Methods().Get(n)))
			}
		}
		return true
	})
	slices.SortFunc(all, func(a, b Method) int {
		return strings.Compare(a.Service+"/"+a.Name, b.Service+"/"+b.Name)
	})
	return all
}

func read(service protoreflect.ServiceDescriptor, method protoreflect.MethodDescriptor) Method {
	named, _ := proto.GetExtension(service.Options(), typev1.E_Callers).(*typev1.Callers)
	if proto.HasExtension(method.Options(), typev1.E_OnlyCallers) {
		named, _ = proto.GetExtension(method.Options(), typev1.E_OnlyCallers).(*typev1.Callers)
	}
	return Method{
		Service: strings.Split(string(service.FullName()), ".")[1], Name: string(service.Name()) + "/" + string(method.Name()),
		Callers: slices.Sorted(slices.Values(named.GetServices())),
	}
}

// Callers returns which services open connections to each one.
func Callers(methods []Method) map[string][]string {
	return edges(methods, func(m Method, caller string) (from, to string) { return m.Service, caller })
}

// Calls returns which services each one opens connections to.
func Calls(methods []Method) map[string][]string {
	return edges(methods, func(m Method, caller string) (from, to string) { return caller, m.Service })
}

func edges(methods []Method, direction func(m Method, caller string) (from, to string)) map[string][]string {
	found := map[string][]string{}
	for _, m := range methods {
		for _, caller := range m.Callers {
			from, to := direction(m, caller)
			if !slices.Contains(found[from], to) {
				found[from] = append(found[from], to)
			}
		}
	}
	for from := range found {
		slices.Sort(found[from])
	}
	return found
}

// sandbox are the calls that come with the sandbox provider, which has no contract of ours: it is called by HTTP, and sends its
// events to the gateway like any provider. The auditor, which calls nobody else, reads its log.
var sandbox = map[string][]string{"audit": {"sandbox"}, "payment": {"sandbox"}, "sandbox": {"gateway"}}

// JSON is the graph for charts: whom each service calls.
func JSON(methods []Method) (string, error) {
	text, err := json.MarshalIndent(map[string]any{"calls": Calls(methods), "sandbox": sandbox}, "", "  ")
	return string(text) + "\n", err
}

// Page is the graph for people: each method that others than the gateway alone may call, and who.
func Page(methods []Method) string {
	var b strings.Builder
	b.WriteString("# Who may call what\n\nMade from the contracts by `make generate`; do not edit. [security.md](security.md#who-may-call-what) tells what comes of it. " +
		"Every method of\nthe internal contracts that is not listed here is the gateway's alone to call.\n\n| service | method | callers |\n|---|---|---|\n")
	for _, m := range methods {
		if slices.Equal(m.Callers, []string{"gateway"}) {
			continue
		}
		callers := strings.Join(m.Callers, ", ")
		if callers == "" {
			callers = "nobody"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", m.Service, m.Name, callers)
	}
	return b.String()
}
