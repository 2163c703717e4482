package architecture_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/architecture"
)

const (
	domain    = "services/cart/internal/cart/cart.go"
	unit      = "services/cart/internal/cart/cart_test.go"
	server    = "services/cart/internal/rpc/add_line.go"
	store     = "services/cart/internal/postgres/store.go"
	queries   = "services/cart/internal/postgres/query/cart.sql"
	tables    = "services/cart/internal/postgres/migration/001_create_cart.sql"
	contract  = "proto/cartwright/cart/v1/cart.proto"
	routes    = "proto/cartwright/storefront/v1/cart.proto"
	described = "services/gateway/internal/openapi/openapi.json"
	needs     = "services/cart/go.mod"
	kinds     = "services/platform/errs/errs.go"
	quotes    = "proto/cartwright/pricing/v1/quote.proto"
	asking    = "services/cart/internal/peer/pricing.go"
)

// breach changes one place of the sound repository, so that it breaks one rule and no other.
type breach struct {
	rule string
	file string
	// old is replaced by text; empty puts the text at the end, and in a file that is not there makes it.
	old, text string
	want      string
}

func breaches() []breach {
	return slices.Concat(importBreaches(), callBreaches(), sizeBreaches(), wordBreaches(), codeBreaches(), testBreaches(), moduleBreaches(),
		sqlBreaches(), contractBreaches(), pageBreaches())
}

func importing(path string) string { return "import (\n\t_ \"" + path + "\"\n" }

const ours = "github.com/cartwright-shop/cartwright/"

func importBreaches() []breach {
	return []breach{
		{"a service imports platform and proto only", server, "import (\n", importing(ours + "services/pricing/internal/quote"), "services/cart/internal/rpc/add_line.go:5: cart imports"},
		{"a service imports platform and proto only", server, "import (\n", importing(ours + "deploy/demo"), "cart imports deploy/demo"},
		{"contracts are used by declared callers only", server, "cartwright/pricing/v1", "cartwright/admin/v1", "uses the contract of admin"},
		{"a service keeps its code under internal and cmd", "services/cart/open/open.go", "", "// Package open is.\npackage open\n", "services/cart/open"},
		{"the domain is in the middle", domain, "import (\n", importing("github.com/jackc/pgx/v5/pgconn"), "the domain package cart imports"},
		{"the domain is in the middle", domain, "import (\n", importing("net/http"), "net/http"},
		{"the domain is in the middle", domain, "import (\n", importing(ours + "services/platform/postgres"), "platform/postgres"},
		{"the domain is in the middle", domain, "import (\n", importing(ours + "services/cart/internal/rpc"), "internal/rpc"},
		{"the domain is in the middle", domain, "import (\n", importing(ours + "proto/gen/cartwright/cart/v1"), "cart/v1"},
		{"adapters do not import each other", server, "import (\n", importing(ours + "services/cart/internal/postgres"), "rpc imports postgres"},
		{"adapters do not import each other", "services/cart/cmd/cart/main.go", "internal/app", "internal/rpc", "imports rpc"},
		{"platform and proto import nothing above them", kinds, "package errs\n", "package errs\n\nimport _ \"" + ours + "proto/gen/cartwright/cart/v1\"\n", "imports proto/gen/cartwright/cart/v1"},
	}
}

func callBreaches() []breach {
	const rule = "contracts name who calls them"
	return []breach{
		{rule, contract, "  option (cartwright.type.v1.callers) = {};\n", "", "cartwright.cart.v1.CartService/AddLine does not say who calls it"},
		{rule, quotes, "(cartwright.type.v1.only_callers) = {}", "(cartwright.type.v1.only_callers).services = \"cart\"", "quote.proto:15: cartwright.pricing.v1.PricingService/GetQuote names cart as a caller"},
		{rule, quotes, "callers).services = \"cart\";\n", "callers).services = \"cart\";\n  option (cartwright.type.v1.callers).services = \"gateway\";\n", "PricingService/BatchGetPrices names gateway as a caller"},
		{rule, asking, "return err", "_, err = p.client.GetQuote(ctx, nil)\n\treturn err", "services/cart/internal/peer/pricing.go:16: cart calls cartwright.pricing.v1.PricingService/GetQuote, whose contract does not name it"},
	}
}

func sizeBreaches() []breach {
	lines := func(n int) string { return strings.Repeat("\t_ = 1\n", n) }
	return []breach{
		{"functions are short", server, "", "func long() {\n" + lines(79) + "}\n", "long has 81 lines"},
		{"files are short", server, "", strings.Repeat("\n", 500), "lines, over 500"},
		{"files are short", unit, "", strings.Repeat("\n", 800), "lines, over 800"},
		{"parameters are few", server, "", "func many(a, b, c, d, e, f int) {}\n", "many has 6 parameters"},
		{"main only starts", "services/cart/cmd/cart/main.go", "", strings.Repeat("\n", 60), "lines, over 60"},
		{"platform stays small", "services/platform/errs/more.go", "", "package errs\n\nvar table = []int{\n" + strings.Repeat("\t1, // one\n\n", 450) + "}\n" + functions(1900), "lines of code, over 6000"},
	}
}

func functions(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "func f%d() {\n\n\t// nothing\n\t_ = 1\n}\n", i)
	}
	return text.String()
}

func wordBreaches() []breach {
	return []breach{
		{"names say what is in the room", "services/cart/internal/util/x.go", "", "// Package util is.\npackage util\n", "package util"},
		{"names say what is in the room", "services/cart/internal/rpc/cart_helper.go", "", "package rpc\n", "cart_helper.go"},
		{"platform knows no commerce", "services/platform/order/x.go", "", "// Package order is.\npackage order\n", "package order"},
		{"platform knows no commerce", kinds, "", "// ListCarts lists.\nfunc ListCarts() {}\n", "the name ListCarts"},
		{"every package says what it is", server, "// Package rpc serves carts.\n", "", "services/cart/internal/rpc: no comment"},
		{"every package says what it is", "services/cart/cmd/cart/main.go", "// Command cart serves carts.\n", "", "services/cart/cmd/cart"},
		{"every exported name is explained", server, "// Server serves.\n", "", "Server has no comment"},
		{"every exported name is explained", server, "// AddLine adds a line.\n", "", "AddLine has no comment"},
		{"every exported name is explained", domain, "// ErrFull is a full cart.\n", "", "ErrFull has no comment"},
	}
}

func codeBreaches() []breach {
	return []breach{
		{"no init functions", domain, "", "func init() {}\n", "cart.go:26: init"},
		{"package variables never change", domain, "", "var count int\n", "count has no value"},
		{"package variables never change", domain, "", "var cache = make(map[string]int)\n", "cache is made to be filled"},
		{"package variables never change", domain, "", "var one = &struct{}{}\n", "one is a pointer"},
		{"package variables never change", domain, "", "var lock = sync.Mutex{}\n", "lock is a lock"},
		{"package variables never change", domain, "", "func set() { numbers[\"two\"] = 2 }\n", "writes to the package variable numbers"},
		{"package variables never change", "services/cart/internal/cart/set_test.go", "", "package cart\n\nfunc set() { pattern = nil }\n", "set_test.go:3: writes to the package variable pattern"},
		{"package variables never change", domain, "", "func drop() { delete(numbers, \"one\") }\n", "changes the package variable numbers"},
		{"nobody sleeps", unit, "\tt.Parallel()\n", "\tt.Parallel()\n\ttime.Sleep(1)\n", "time.Sleep"},
	}
}

func testBreaches() []breach {
	return []breach{
		{"no test is skipped", unit, "\tt.Parallel()\n", "\tt.Parallel()\n\tt.Skipf(\"later\")\n", "Skipf"},
		{"tests run side by side", unit, "\tt.Parallel()\n", "", "TestFull does not start with"},
		{"every test says what is lost when it fails", unit, "// When it fails, full carts overflow.\n", "", "TestFull has no comment"},
		{"tests use require only", unit, "testify/require", "testify/assert", "testify/assert"},
		{"tests use require only", domain, "import (\n", importing("github.com/stretchr/testify/require"), "testify/require"},
		{"every RPC is called by a test", unit, ".AddLine()", ".RemoveLine()", "no test calls CartService/AddLine"},
		{"every reason for a refusal is provoked by a test", domain, "", "// ErrShut is.\nvar ErrShut = errs.Define(1, \"CART_SHUT\", \"Shut.\")\n", "CART_SHUT (cart.ErrShut)"},
		{"every reason for a refusal is provoked by a test", unit, "\"CART_FULL\", ErrFull", "\"CART\", \"FULL\"", "CART_FULL"},
		{"every reason for a refusal is provoked by a test", domain, "CART_FULL", "cartFull", "not UPPER_SNAKE"},
	}
}

func moduleBreaches() []breach {
	return []breach{
		{"modules build alone", needs, "require (\n", "require (\n\t" + ours + "services/pricing v0.0.0\n", "requires services/pricing"},
		{"modules build alone", needs, "=> ../platform", "=> /somewhere/platform", "services/platform is not replaced"},
		{"modules build alone", needs, "replace (\n", "replace (\n\texample.com/a/b => ../b\n", "replaces example.com/a/b"},
		{"modules build alone", needs, "module " + ours, "module example.com/", "module example.com"},
		{"the workspace lists every module", "go.work", "\t./services/cart\n", "", "does not use ./services/cart"},
		{"modules agree on versions", "proto/go.mod", "", "\nrequire golang.org/x/text v0.44.0 // indirect\n", "golang.org/x/text v0.43.0, but v0.44.0 in proto"},
		{"every direct dependency has a reason", needs, " // indirect", "", "no reason for golang.org/x/text"},
		{"every direct dependency has a reason", "docs/dependencies.md", "speaks to Postgres", "", "no reason for github.com/jackc/pgx/v5"},
		{"every direct dependency has a reason", "docs/dependencies.md", "", "| `example.com/gone` | cart | was used once |\n", "example.com/gone is no direct dependency"},
	}
}

func sqlBreaches() []breach {
	return []breach{
		{"SQL stays in its own schema", queries, "JOIN line", "JOIN pricing.line", "cart.sql:3: names the schema pricing"},
		{"SQL stays in its own schema", tables, "", "CREATE INDEX x ON pricing.price (id);\n", "names the schema pricing"},
		{"SQL stays in its own schema", tables, "", "SET search_path = pricing;\n", "sets or makes a schema"},
		{"SQL stays in its own schema", store, "FROM cart", "FROM cart.cart", "names the schema cart"},
		{"SQL lists its columns", queries, "c.id, count(*)", "c.*", "SELECT c.*"},
		{"SQL lists its columns", queries, "c.id, count(*)", "c.id, *", ", *"},
		{"SQL lists its columns", store, "id, title", "*", "SELECT *"},
		{"what answers many rows is bounded", queries, "GetCart :one", "GetCart :many", "cart.sql:1: GetCart has no LIMIT"},
		{"lists are read by key", queries, "OFFSET 0", "OFFSET @skip", "OFFSET"},
		{"migrations are numbered and say what they do", "services/cart/internal/postgres/migration/2_x.sql", "", "-- +goose Up\n", "NNN_verb_noun"},
		{"migrations are numbered and say what they do", tables, "-- +goose Up\n", "", "no \"-- +goose Up\""},
		{"SQL is in query files", "services/cart/internal/postgres/zoom.go", "", "package postgres\n\nconst zoom = `DELETE FROM cart`\n", "zoom.go:3: SQL in Go"},
		{"SQL is in query files", server, "", "const sql = \"UPDATE cart SET title = ''\"\n", "SQL in Go"},
		{"only the auditor reads across schemas", "deploy/local/look.sql", "", "SELECT 1\nFROM cart.cart;\n", "look.sql:2: names the schema cart"},
		{"only the auditor reads across schemas", "deploy/local/look.go", "", "// Package local is.\npackage local\n\nconst look = \"SELECT 1 FROM cart.cart\"\n", "look.go:4: names the schema cart"},
		{"only the auditor reads across schemas", "deploy/audit/look.go", "", "// Package audit is.\npackage audit\n\nconst look = \"SELECT 1 FROM cart.cart\"\n", "SQL in Go"},
	}
}

func contractBreaches() []breach {
	return []breach{
		{"contracts explain every name", contract, "  // SKU.\n", "", "field cartwright.cart.v1.AddLineRequest.sku has no comment"},
		{"contracts explain every name", contract, " // Can be changed.", "", "enum value cartwright.cart.v1.State.STATE_OPEN"},
		{"contracts explain every name", contract, "  // AddLine adds a line.\n", "", "rpc cartwright.cart.v1.CartService.AddLine"},
		{"contracts have no floating point", contract, "  int32 page_size", "  double page_size", "page_size is a double"},
		{"no contract has a place for card data", contract, "  // SKU.\n", "  // Three digits.\n  int32 card_cvc = 30;\n  // SKU.\n", "AddLineRequest.card_cvc has a place for card data"},
		{"no contract has a place for card data", contract, "  // SKU.\n", "  // Sixteen digits.\n  int64 card_number = 30;\n  // SKU.\n", "AddLineRequest.card_number has a place for card data"},
		{"every public method has a policy and a route", routes, "(cartwright.type.v1.policy)", "(other)", "CartService/RemoveCart has no policy"},
		{"every public method has a policy and a route", routes, "(google.api.http)", "(other)", "has no HTTP route"},
		{"every RPC has its file", contract, "  // AddLine adds", "  // GetOne is.\n  rpc GetOne(AddLineRequest) returns (AddLineResponse);\n  // AddLine adds", "services/cart/internal/rpc/get_one.go"},
		{"every public method is shown by example", described, "\"example\": {}", "\"schema\": {}", "delete /v1/cart has no example of its answer"},
		{"every public method is shown by example", described, "\"description\": \"Removes a cart.\"", "\"deprecated\": false", "delete /v1/cart has no description"},
		{"every RPC has its file", "services/cart/internal/rpc/list_carts.go", "ListCarts() {}", "ListCart() {}", "has no method ListCarts"},
		{"every text from outside is checked", contract, " [(buf.validate.field).string.max_len = 64];\n    // Line.", ";\n    // Line.", "AddLineRequest.sku has no rule"},
		{"every text from outside is checked", contract, "    // Read-only: position.", "    // Position.", "AddLineRequest.Line.position has no rule"},
		{"every text from outside is checked", contract, " [(buf.validate.field).map.max_pairs = 4]", "", "AddLineRequest.labels has no rule"},
		{"lists have pages", contract, "page_token", "token", "CartService/ListCarts has no page_size and page_token"},
		{"what changes state takes an idempotency key", contract, "request_id", "name", "CartService/AddLine has no request_id"},
		{"what changes state takes an idempotency key", routes, "idempotency_key: KEY_RULE_OPTIONAL", "", "CartService/RemoveCart has no rule"},
		{"what takes an idempotency key stores its answer", server, "idempotency.NewCall(", "nothing(", "services/cart/internal/rpc/add_line.go: stores no answer"},
		{"a key stands for the whole request", server, "GetRequestId(), req)", "GetRequestId(), req.GetSku())", "add_line.go:17: the call is not made of the whole request"},
		{"a key stands for the whole request", server, "GetRequestId(), req)", "GetRequestId(), req, 1)", "the call is not made of the whole request"},
		{"a key stands for the whole request", server, "GetRequestId(), req)", "GetRequestId(), wish)", "the call is not made of the whole request"},
	}
}

func pageBreaches() []breach {
	const ready, named = "questions before going live have an answer or say that they have none", "pages name what is there"
	return []breach{
		{"links lead somewhere", "README.md", "services/platform)", "services/forum)", "README.md:3: services/forum"},
		{"links lead somewhere", "README.md", "#what-it-owns", "#what-it-rents", "#what-it-rents"},
		{"every service describes itself", "services/cart/README.md", "## SLO\n", "", "no section \"SLO\""},
		{"every setting is described", "services/cart/README.md", "`CART_TTL`", "It", "does not tell about CART_TTL"},
		{"every setting is described", "services/platform/README.md", "LOG_LEVEL", "LOG", "does not tell about LOG_LEVEL"},
		{"what went wrong elsewhere is held by a test", "docs/regressions.md", "cart TestFull`", "cart TestEmpty`", "docs/regressions.md:5: services/cart/internal/cart has no TestEmpty"},
		{"what went wrong elsewhere is held by a test", "docs/regressions.md", "`services/cart/internal/cart TestFull`", "somebody", "docs/regressions.md:5: no test is named"},
		{named, "docs/readiness.md", "cart TestFull`", "cart TestEmpty`", "docs/readiness.md:5: no test services/cart/internal/cart TestEmpty"},
		{named, "docs/readiness.md", "rule `pods are spread`", "rule `pods are heaped`", "charts have no rule \"pods are heaped\""},
		{named, "docs/readiness.md", "`make lint`", "`make fun`", "there is no make fun"},
		{ready, "docs/readiness.md", "| 4 |", "| 5 |", "question 5 stands where 4 is due"},
		{ready, "docs/readiness.md", "| 7 | something | **Not done**", "| 7 | something | Done", "nothing answers question 7"},
		{ready, "docs/readiness.md", "| 60 |", "| sixty |", "docs/readiness.md: 59 questions of 60"},
		{"nothing names a machine or a package host", "README.md", "", "See /ro" + "ot/notes.\n", "notes"},
		{"nothing names a machine or a package host", "go.work", "", "// from https://proxy.gol" + "ang.org\n", "go.work:8"},
	}
}

var fileHeader = regexp.MustCompile(`(?m)^-- ([\w./]+) --\n`)

// sound reads the repository of the test data.
func sound(t *testing.T) fstest.MapFS {
	t.Helper()
	text, err := os.ReadFile("testdata/sound.txt")
	require.NoError(t, err)
	files := fstest.MapFS{}
	headers := fileHeader.FindAllSubmatchIndex(text, -1)
	for i, header := range headers {
		end := len(text)
		if i+1 < len(headers) {
			end = headers[i+1][0]
		}
		files[string(text[header[2]:header[3]])] = &fstest.MapFile{Data: text[header[1]:end]}
	}
	return files
}

// broken returns the names of the rules that a repository breaks, with the breaches.
func broken(t *testing.T, files fstest.MapFS) map[string][]string {
	t.Helper()
	tree, err := architecture.Load(files)
	require.NoError(t, err)
	found := map[string][]string{}
	for _, rule := range architecture.Rules() {
		if list := rule.Check(tree); len(list) > 0 {
			found[rule.Name] = list
		}
	}
	return found
}

// When it fails, a rule refuses what is right, and people learn to work around the rules.
func TestSoundRepositoryBreaksNoRule(t *testing.T) {
	t.Parallel()
	require.Empty(t, broken(t, sound(t)))
}

// When it fails, a rule no longer sees what it is there for.
func TestEveryRuleSeesItsBreach(t *testing.T) {
	t.Parallel()
	proven := map[string]bool{}
	for i, b := range breaches() {
		proven[b.rule] = true
		t.Run(fmt.Sprintf("%d %s", i, b.rule), func(t *testing.T) {
			t.Parallel()
			files := sound(t)
			before := &fstest.MapFile{}
			if files[b.file] != nil {
				before = files[b.file]
			}
			text := string(before.Data) + b.text
			if b.old != "" {
				require.Equal(t, 1, strings.Count(string(before.Data), b.old), "the place to change is there once")
				text = strings.Replace(string(before.Data), b.old, b.text, 1)
			}
			files[b.file] = &fstest.MapFile{Data: []byte(text)}
			found := broken(t, files)
			if b.rule == "platform stays small" {
				delete(found, "files are short") // one long file stands for many
			}
			require.Equal(t, []string{b.rule}, slices.Collect(maps.Keys(found)), "%v", found)
			require.Contains(t, strings.Join(found[b.rule], "\n"), b.want)
		})
	}
	for _, rule := range architecture.Rules() {
		require.True(t, proven[rule.Name], "no breach of %q is tried", rule.Name)
	}
}
