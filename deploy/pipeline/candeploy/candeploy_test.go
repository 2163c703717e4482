package candeploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/candeploy"
	"github.com/cartwright-shop/cartwright/deploy/released"
)

// The contracts of cart and pricing, with the place where a test changes them.
const (
	cartProto = `syntax = "proto3";
package cartwright.cart.v1;
import "cartwright/type/v1/callers.proto";
service CartService {
  option (cartwright.type.v1.callers).services = "gateway";
  rpc GetCart(GetCartRequest) returns (GetCartResponse);
}
message GetCartRequest { string id = 1; }
message GetCartResponse { string total = 1; }
`
	pricingProto = `syntax = "proto3";
package cartwright.pricing.v1;
import "cartwright/type/v1/callers.proto";
service PricingService {
  option (cartwright.type.v1.callers).services = "cart";
  rpc Quote(QuoteRequest) returns (QuoteResponse);
}
message QuoteRequest { string sku = 1; }
message QuoteResponse { string price = 1; }
`
	migrations = "services/cart/internal/postgres/migration/"
)

// tree is a repository in which commits are made.
type tree struct {
	*testing.T
	root string
}

func newTree(t *testing.T) tree {
	t.Helper()
	r := tree{t, t.TempDir()}
	repository := filepath.Join("..", "..", "..")
	for _, name := range []string{"buf.yaml", "cartwright/type/v1/callers.proto"} {
		text, err := os.ReadFile(filepath.Join(repository, "proto", name))
		require.NoError(t, err)
		r.write("proto/"+name, string(text))
	}
	r.write("proto/third_party/x/x.proto", "syntax = \"proto3\";\npackage x;\n")
	r.write("proto/cartwright/cart/v1/cart.proto", cartProto)
	r.write("proto/cartwright/pricing/v1/pricing.proto", pricingProto)
	r.write(migrations+"001_create_cart.sql", "SELECT 1;\n")
	r.write("services/pricing/go.mod", "module pricing\n")
	r.git("init", "-q")
	return r
}

func (r tree) write(name, text string) {
	file := filepath.Join(r.root, name)
	require.NoError(r.T, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(r.T, os.WriteFile(file, []byte(text), 0o644))
}

func (r tree) git(arguments ...string) string {
	output, err := exec.Command("git", append([]string{"-C", r.root}, arguments...)...).CombinedOutput()
	require.NoError(r.T, err, string(output))
	return strings.TrimSpace(string(output))
}

func (r tree) commit() string {
	r.git("add", ".")
	r.git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "one")
	return r.git("rev-parse", "HEAD")
}

// buf is what "make tools" has built, or that of the path.
func buf(t *testing.T) string {
	t.Helper()
	built, err := filepath.Abs(filepath.Join("..", "..", "..", ".bin", "buf"))
	require.NoError(t, err)
	if _, err := os.Stat(built); err == nil {
		return built
	}
	return "buf"
}

// ask returns the answers that are no.
func (r tree) ask(service, commit string, sides ...candeploy.Side) []string {
	answers, err := candeploy.Ask(r.Context(), candeploy.Question{Root: r.root, Buf: buf(r.T), Work: r.TempDir(), Service: service, Commit: commit, Deployed: sides})
	require.NoError(r.T, err)
	require.NotEmpty(r.T, answers)
	var no []string
	for _, answer := range answers {
		if !answer.OK {
			no = append(no, fmt.Sprintf("%s: %s", answer.Check, answer.Reason))
		}
	}
	return no
}

// When it fails, a version is deployed that those around it cannot call, or that calls what they do not serve.
func TestContractsOfBothSidesAreCompared(t *testing.T) {
	t.Parallel()
	r := newTree(t)
	first := r.commit()
	cart, gateway := candeploy.Side{Service: "cart", Version: "1", Commit: first, Schema: 1}, candeploy.Side{Service: "gateway", Version: "1", Commit: first}
	pricing := candeploy.Side{Service: "pricing", Version: "1", Commit: first}

	r.write("proto/cartwright/cart/v1/cart.proto", strings.Replace(cartProto, "string total = 1;", "string total = 1; string tax = 2;", 1))
	grown := r.commit()
	require.Empty(t, r.ask("cart", grown, cart, gateway, pricing), "what is new breaks nobody")

	r.write("proto/cartwright/cart/v1/cart.proto", strings.Replace(cartProto, "string total = 1;", "string sum = 2;", 1))
	broken := r.commit()
	no := r.ask("cart", broken, cart, gateway, pricing)
	require.Len(t, no, 2)
	require.Contains(t, no[0], "serves what it served")
	require.Contains(t, no[1], "serves gateway")
	require.Contains(t, no[1], `"total"`)
	require.Empty(t, r.ask("pricing", broken, cart, gateway, pricing), "it is not the contract of pricing that broke")

	r.write("proto/cartwright/cart/v1/cart.proto", cartProto)
	r.write("proto/cartwright/pricing/v1/pricing.proto", strings.Replace(pricingProto, "rpc Quote", "rpc Explain(QuoteRequest) returns (QuoteResponse);\n  rpc Quote", 1))
	calling := r.commit()
	no = r.ask("cart", calling, cart, gateway, pricing)
	require.Len(t, no, 1, "pricing has to be deployed first")
	require.Contains(t, no[0], "calls pricing: not served: cartwright.pricing.v1.PricingService/Explain")
	pricing.Commit = calling
	require.Empty(t, r.ask("cart", calling, cart, gateway, pricing))

	gateway.Commit = ""
	require.Contains(t, strings.Join(r.ask("cart", calling, cart, gateway), ""), "nobody knows which commit")
}

// When it fails, a version comes with migrations that are not those that have run.
func TestSchemasAreCompared(t *testing.T) {
	t.Parallel()
	r := newTree(t)
	first := r.commit()
	ran, err := released.Migrations(os.DirFS(r.root), "cart")
	require.NoError(t, err)
	deployed := candeploy.Side{Service: "cart", Version: "1", Commit: first, Schema: 1, Migrations: ran}
	require.Empty(t, r.ask("cart", first, deployed))

	r.write(migrations+"002_grow.sql", "SELECT 2;\n")
	next := r.commit()
	require.Empty(t, r.ask("cart", next, deployed), "it grows")
	both, err := released.Migrations(os.DirFS(r.root), "cart")
	require.NoError(t, err)
	deployed.Schema, deployed.Migrations = 2, both
	require.Empty(t, r.ask("cart", first, deployed), "a rollback runs on a newer schema")

	r.write(migrations+"001_create_cart.sql", "SELECT 7;\n")
	require.Contains(t, strings.Join(r.ask("cart", r.commit(), deployed), ""), "say something else now: 001_create_cart.sql")
	r.write(migrations+"001_create_cart.sql", "SELECT 1;\n")
	require.NoError(t, os.Rename(filepath.Join(r.root, migrations, "002_grow.sql"), filepath.Join(r.root, migrations, "003_other.sql")))
	require.Contains(t, strings.Join(r.ask("cart", r.commit(), deployed), ""), "migrations that have run are missing: 002_grow.sql")
}

// When it fails, the question is answered for another commit than the one that was built.
func TestVersionsAreFound(t *testing.T) {
	t.Parallel()
	r := newTree(t)
	first := r.commit()
	r.write("more", "")
	second := r.commit()
	r.git("tag", "v1.4.0")
	record := &released.Record{}
	require.NoError(t, record.Put("gateway", released.Release{Version: "1.3.0", Commit: first, Date: "2026-11-27"}))
	for version, want := range map[string]string{"1.3.0": first, "1.4.0": second, "HEAD": second, first[:12]: first} {
		got, err := candeploy.Commit(t.Context(), r.root, record, "gateway", version)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, version := range []string{"9.9.9", "--help"} {
		_, err := candeploy.Commit(t.Context(), r.root, record, "gateway", version)
		require.ErrorContains(t, err, "neither the record of releases nor git")
	}
}
