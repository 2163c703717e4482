package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// Lists and search are composed by hand: which conditions a statement has depends on the filter. All values are parameters.

const summaryColumns = `l.product_id, l.handle, l.title, l.vendor, l.product_type, l.image_url, l.image_alt, l.skus, ` +
	`l.category_ids, l.tags, l.status, l.published_at, l.updated_at, l.version, l.sort_at, l.sort_title`

// statement collects SQL text and its parameters.
type statement struct {
	args []any
}

func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return fmt.Sprintf("$%d", len(s.args))
}

// where gives the conditions that lists and searches share, without the status.
func (s *statement) where(q catalog.ListQuery) []string {
	return append([]string{"l.channel_key = " + s.arg(q.Channel), "l.locale = " + s.arg(q.Locale)}, s.facets(q)...)
}

func (s *statement) facets(q catalog.ListQuery) []string {
	var conditions []string
	if len(q.All) > 0 {
		conditions = append(conditions, "l.facets @> "+s.arg(q.All)+"::text[]")
	}
	for _, group := range q.Any {
		conditions = append(conditions, "l.facets && "+s.arg(group)+"::text[]")
	}
	return conditions
}

func (s *statement) order(q catalog.ListQuery) (order string, after string) {
	at := q.After
	first := at == catalog.Cursor{}
	switch q.Sort {
	case catalog.ByTitle:
		if !first {
			after = fmt.Sprintf("(l.sort_title, l.product_id) > (%s::text, %s::uuid)", s.arg(at.Title), s.arg(at.ID))
		}
		return "l.sort_title, l.product_id", after
	case catalog.ByPosition:
		if !first {
			after = fmt.Sprintf("cp.position > %s::int", s.arg(at.Position))
		}
		return "cp.position", after
	}
	if !first {
		after = fmt.Sprintf("(l.sort_at, l.product_id) < (%s::timestamptz, %s::uuid)", s.arg(at.At), s.arg(at.ID))
	}
	return "l.sort_at DESC, l.product_id DESC", after
}

func listSQL(q catalog.ListQuery) (string, []any) {
	var s statement
	position, from := "0", "listing l"
	conditions := s.where(q)
	if q.Collection != "" {
		position = "cp.position"
		from = "collection_product cp JOIN listing l ON l.product_id = cp.product_id"
		conditions = append(conditions, "cp.collection_id = "+s.arg(q.Collection)+"::uuid")
	}
	order, after := s.order(q)
	if after != "" {
		conditions = append(conditions, after)
	}
	// Written out: for a limit it does not know, Postgres takes a tenth of the table for granted and plans anew each time.
	limit := strconv.Itoa(q.Limit)
	one := func(status string) string {
		return "SELECT " + summaryColumns + ", " + position + " AS position, 0::real AS rank FROM " + from +
			" WHERE " + strings.Join(append(conditions, "l.status = "+status), " AND ") + " ORDER BY " + order + " LIMIT " + limit
	}
	if len(q.Statuses) == 1 {
		return one(s.arg(string(q.Statuses[0]))), s.args
	}
	// Each status is read in its own order from the index, then the few rows are merged.
	merged := strings.ReplaceAll(order, "cp.position", "l.position")
	return "SELECT " + summaryColumns + ", l.position, l.rank FROM unnest(" + s.arg(statuses(q)) + "::text[]) AS s (status) CROSS JOIN LATERAL (" + one("s.status") +
		") l ORDER BY " + merged + " LIMIT " + limit, s.args
}

func statuses(q catalog.ListQuery) []string {
	return mapped(q.Statuses, func(st catalog.Status) string { return string(st) })
}

// scopes is the query for the lexemes of a list's statuses. Keys, locales and statuses have no quote to escape.
func scopes(q catalog.ListQuery) string {
	return strings.Join(mapped(q.Statuses, func(st catalog.Status) string { return "'" + scope(q.Channel, q.Locale, st) + "'" }), "|")
}

func scanSummary(rows pgx.Rows, extra ...any) (catalog.Summary, error) {
	var p catalog.Summary
	var status string
	var published *time.Time
	dest := append([]any{
		&p.ID, &p.Handle, &p.Title, &p.Vendor, &p.ProductType, &p.ImageURL, &p.ImageAlt, &p.SKUs, &p.CategoryIDs, &p.Tags,
		&status, &published, &p.UpdatedAt, &p.Version, &p.Cursor.At, &p.Cursor.Title, &p.Cursor.Position, &p.Cursor.Rank,
	}, extra...)
	if err := rows.Scan(dest...); err != nil {
		return p, fmt.Errorf("scan listing: %w", err)
	}
	p.Status, p.PublishedAt, p.UpdatedAt = catalog.Status(status), instant(published), p.UpdatedAt.UTC()
	p.Cursor.ID, p.Cursor.At = p.ID, p.Cursor.At.UTC()
	return p, nil
}

// List implements catalog.ListingStore.
func (s *Store) List(ctx context.Context, q catalog.ListQuery) ([]catalog.Summary, error) {
	sql, args := listSQL(q)
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, wrap("list products", err)
	}
	defer rows.Close()
	out := make([]catalog.Summary, 0, q.Limit)
	for rows.Next() {
		p, err := scanSummary(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, wrap("list products", rows.Err())
}

// searchSQL ranks up to q.Max hits, pages through them by (rank, sort_at, id) and, for a first page, counts the facets of all
// of them in the same statement; the counts come with the first row.
func searchSQL(q catalog.SearchQuery) (string, []any) {
	var s statement
	rank, from := "0::real", "listing l"
	var conditions []string
	var with string
	channel, locale := s.arg(q.Channel), s.arg(q.Locale)
	if q.Text != "" {
		text := s.arg(catalog.Fold(q.Text)) + "::text"
		with = "word AS MATERIALIZED (SELECT websearch_to_tsquery(" + s.arg(q.Config) + "::regconfig, " + text +
			") || websearch_to_tsquery('simple', " + text + ") AS q), "
		rank, from = "ts_rank(l.document, word.q)", "word CROSS JOIN listing l"
		// Channel, locale and status are looked up in the same index as the words.
		conditions = append(conditions, "numnode(word.q) > 0", "l.document @@ (word.q && "+s.arg(scopes(q.ListQuery))+"::tsquery)")
		conditions = append(conditions, s.facets(q.ListQuery)...)
	} else {
		conditions = append(s.where(q.ListQuery), "l.status = ANY ("+s.arg(statuses(q.ListQuery))+"::text[])")
	}
	if q.Collection != "" {
		conditions = append(conditions, "EXISTS (SELECT 1 FROM collection_product cp WHERE cp.collection_id = "+
			s.arg(q.Collection)+"::uuid AND cp.product_id = l.product_id)")
	}
	limit := s.arg(q.Max + 1)
	hits := "hit AS MATERIALIZED (SELECT l.product_id, l.sort_at, l.facets, " + rank + " AS rank FROM " + from + " WHERE " +
		strings.Join(conditions, " AND ") + " ORDER BY 4 DESC, 2 DESC, 1 DESC LIMIT " + limit + ")"
	after := "true"
	if (q.After != catalog.Cursor{}) {
		after = fmt.Sprintf("(h.rank, h.sort_at, h.product_id) < (%s::real, %s::timestamptz, %s::uuid)",
			s.arg(q.After.Rank), s.arg(q.After.At), s.arg(q.After.ID))
	}
	facets := "NULL::json"
	if q.Facets {
		facets = "CASE WHEN row_number() OVER (ORDER BY p.rank DESC, p.sort_at DESC, p.product_id DESC) = 1 THEN (" +
			"SELECT json_agg(json_build_array(f.token, f.count)) FROM (SELECT t.token, count(*) AS count FROM (SELECT unnest(hit.facets) AS token FROM hit) t " +
			"GROUP BY t.token ORDER BY 2 DESC, 1 LIMIT 1000) f) END"
	}
	return "WITH " + with + hits + " SELECT " + summaryColumns + ", 0 AS position, p.rank, " +
		"(SELECT count(*) FROM hit) = " + limit + " AS truncated, " + facets + " AS facets FROM (" +
		"SELECT h.product_id, h.sort_at, h.rank FROM hit h WHERE " + after +
		" ORDER BY h.rank DESC, h.sort_at DESC, h.product_id DESC LIMIT " + s.arg(q.Limit) + ") p " +
		"JOIN listing l ON l.product_id = p.product_id AND l.channel_key = " + channel + " AND l.locale = " + locale + " " +
		"ORDER BY p.rank DESC, p.sort_at DESC, p.product_id DESC", s.args
}

// Search implements catalog.ListingStore.
func (s *Store) Search(ctx context.Context, q catalog.SearchQuery) (catalog.SearchHits, error) {
	sql, args := searchSQL(q)
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return catalog.SearchHits{}, wrap("search products", err)
	}
	defer rows.Close()
	var hits catalog.SearchHits
	for rows.Next() {
		var facets []byte
		p, err := scanSummary(rows, &hits.Truncated, &facets)
		if err != nil {
			return catalog.SearchHits{}, err
		}
		var counts []facetJSON
		if err := decode(facets, &counts); err != nil {
			return catalog.SearchHits{}, err
		}
		for _, c := range counts {
			hits.Facets = append(hits.Facets, catalog.FacetCount(c))
		}
		hits.Products = append(hits.Products, p)
	}
	return hits, wrap("search products", rows.Err())
}
