package identity_test

import (
	"context"
	"fmt"

	"github.com/cartwright-shop/cartwright/services/platform/identity"
)

func Example() {
	ctx := identity.With(context.Background(), identity.Principal{Kind: identity.Staff, Subject: "ada", Scopes: []string{"orders"}})
	p := identity.From(ctx)
	fmt.Println(p.Key(), p.HasScope("orders"), p.HasScope("prices"))
	// Output: staff:ada true false
}
