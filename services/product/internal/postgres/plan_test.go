package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/clock"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres"
)

// seeded is a shop of the size of the demo catalogue: 2,800 products, three channels, two locales in one of them.
type seeded struct {
	db         *postgrestest.Database
	store      *postgres.Store
	catalog    *catalog.Catalog
	categories []string
	skus       []string
}

const seedProducts = 2800

func seed(t testing.TB) seeded {
	t.Helper()
	database := postgrestest.New(t, "product", postgres.Migrations())
	store := postgres.New(database.DB, func(context.Context) error { return nil })
	cat := catalog.New(store, clock.System())
	s := seeded{db: database, store: store, catalog: cat}
	ctx := t.Context()
	for _, key := range []string{"uk-web", "eu-web", "us-web"} {
		locales := []string{"en-GB"}
		if key == "eu-web" {
			locales = append(locales, "de")
		}
		_, err := cat.CreateChannel(ctx, key, catalog.ChannelFields{
			Name: key, Currencies: []string{"GBP"}, Countries: []string{"GB"}, Locales: locales,
		})
		require.NoError(t, err)
	}
	for i := range 20 {
		c, err := cat.CreateCategory(ctx, catalog.CategoryFields{Name: fmt.Sprintf("Category %d", i)})
		require.NoError(t, err)
		s.categories = append(s.categories, c.ID)
	}
	var batch []catalog.Incoming
	for i := range seedProducts {
		fields := seedProduct(i, s.categories)
		s.skus = append(s.skus, fields.Variants[0].SKU)
		batch = append(batch, catalog.Incoming{
			Handle: fields.Handle, Merge: func(*catalog.Fields) (catalog.Fields, error) { return fields, nil }, Status: catalog.Published,
		})
		if len(batch) == 100 || i == seedProducts-1 {
			outcomes, err := cat.Put(ctx, "uk-web", batch, false)
			require.NoError(t, err)
			for _, out := range outcomes {
				require.NoError(t, out.Err)
			}
			batch = nil
		}
	}
	owner, err := pgx.Connect(ctx, database.AdminDSN)
	require.NoError(t, err)
	defer func() { require.NoError(t, owner.Close(context.WithoutCancel(ctx))) }()
	_, err = owner.Exec(ctx, "ANALYZE")
	require.NoError(t, err)
	return s
}

func seedProduct(i int, categories []string) catalog.Fields {
	colours := []string{"Red", "Blue", "Ivory", "Pink", "Green", "Black", "Cream"}
	things := []string{"Lantern", "Mug", "Lunch Bag", "Cake Stand", "Doormat", "Bunting", "Alarm Clock", "Tea Towel", "Candle", "Frame", "Heart"}
	styles := []string{"Retrospot", "Vintage", "Regency", "Woodland", "Paisley", "Hanging", "Metal", "Wooden", "Ceramic"}
	title := fmt.Sprintf("%s %s %s No %d", colours[i%7], styles[i%9], things[i%11], i)
	return catalog.Fields{
		Handle: fmt.Sprintf("product-%d", i), Title: title, Vendor: fmt.Sprintf("Vendor %d", i%13), Tags: []string{strings.ToLower(colours[i%7])},
		DescriptionHTML: "<p>A " + strings.ToLower(title) + " for the home.</p>", CategoryIDs: []string{categories[i%20]},
		Variants:   []catalog.Variant{{SKU: fmt.Sprintf("SKU-%04d", i), RequiresShipping: true}},
		Media:      []catalog.Media{{URL: fmt.Sprintf("https://cdn.example.com/%d.jpg", i), AltText: title}},
		Attributes: []catalog.Attribute{{Key: "colour", Values: []catalog.Value{{Kind: catalog.TextValue, Text: colours[i%7]}}}},
	}
}

// plan gives the names of the nodes and indexes that Postgres uses.
func (s seeded) plan(t *testing.T, sql string, args []any) (string, []string) {
	t.Helper()
	var raw []byte
	require.NoError(t, s.db.DB.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) "+sql, args...).Scan(&raw))
	var plans []map[string]any
	require.NoError(t, json.Unmarshal(raw, &plans))
	var nodes []string
	var walk func(node map[string]any)
	walk = func(node map[string]any) {
		name := fmt.Sprint(node["Node Type"])
		if index, ok := node["Index Name"]; ok {
			name += " " + fmt.Sprint(index)
		} else if table, ok := node["Relation Name"]; ok {
			name += " on " + fmt.Sprint(table)
		}
		nodes = append(nodes, name)
		children, _ := node["Plans"].([]any)
		for _, child := range children {
			walk(child.(map[string]any))
		}
	}
	walk(plans[0]["Plan"].(map[string]any))
	return string(raw), nodes
}

// When this fails, a growing catalogue makes the pages of the shop slow: a query reads whole tables.
func TestQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	start := time.Now()
	s := seed(t)
	t.Logf("seeded in %v", time.Since(start))
	published := []catalog.Status{catalog.Published}
	list := catalog.ListQuery{Channel: "uk-web", Locale: "en-GB", Statuses: published, Sort: catalog.ByNewest, Limit: 25}
	byTitle, byCategory, staff, next := list, list, list, list
	byTitle.Sort = catalog.ByTitle
	byCategory.All = []string{"c:" + s.categories[3], "t:red"}
	staff.Statuses = []catalog.Status{catalog.Draft, catalog.Published, catalog.Archived}
	next.After = catalog.Cursor{At: time.Now(), ID: "00000000-0000-0000-0000-000000000000"}
	search := catalog.SearchQuery{ListQuery: list, Text: "retrospot lantern", Config: "english", Facets: true, Max: 10_000}
	explained := func(index string) func(sql string, args []any) explain {
		return func(sql string, args []any) explain { return explain{sql: sql, args: args, index: index} }
	}
	for name, c := range map[string]explain{
		"newest":      explained("listing_newest")(postgres.ListSQL(list)),
		"next page":   explained("listing_newest")(postgres.ListSQL(next)),
		"by title":    explained("listing_title")(postgres.ListSQL(byTitle)),
		"by category": explained("listing_facets")(postgres.ListSQL(byCategory)),
		"for staff":   explained("listing_newest")(postgres.ListSQL(staff)),
		"search":      explained("listing_document")(postgres.SearchSQL(search)),
		"variants":    explained("variant_pkey")(postgres.SellableSQL, []any{"uk-web", "en-GB", s.skus[:20]}),
		"product":     explained("product_pkey")(postgres.ProductSQL, []any{s.categories[0]}),
	} {
		text, nodes := s.plan(t, c.sql, c.args)
		joined := strings.Join(nodes, ", ")
		require.Contains(t, joined, c.index, "%s: %s", name, text)
		for _, table := range []string{"listing", "product", "variant"} {
			require.NotContains(t, nodes, "Seq Scan on "+table, "%s: %s", name, text)
		}
	}
}

// explain is a statement and the index it must use.
type explain struct {
	sql   string
	args  []any
	index string
}
