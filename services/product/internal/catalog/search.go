package catalog

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxQueryRunes = 256
	maxHits       = 10_000
	maxFacetTake  = 50
	// Shorter words have too many neighbours to guess among.
	minCorrected = 4
)

// SearchRequest asks for the products that fit a text best.
type SearchRequest struct {
	View   View
	Filter Filter
	Text   string
	Facets bool
	After  Cursor
	Limit  int
}

// SearchPage is one page of what was found, best first.
type SearchPage struct {
	Page
	Facets    []Facet
	Corrected string // the text really searched for, when words had to be corrected
	Truncated bool
}

// FacetKind says what a facet counts.
type FacetKind uint8

// The kinds of facets.
const (
	CategoryFacet FacetKind = iota + 1
	TagFacet
	VendorFacet
	AttributeFacet
)

// Facet is one dimension by which what was found can be narrowed.
type Facet struct {
	Kind   FacetKind
	Key    string // of the attribute
	Values []FacetValue
}

// FacetValue is one value of a facet.
type FacetValue struct {
	Value string
	Label string
	Count int32
}

// Search finds products by text. When nothing fits, words that the catalogue does not know are replaced by the nearest it does.
func (c *Catalog) Search(ctx context.Context, r SearchRequest) (SearchPage, error) {
	if utf8.RuneCountInString(r.Text) > maxQueryRunes {
		return SearchPage{}, ErrQueryTooLong.At("query", "The search text has at most %d characters.", maxQueryRunes)
	}
	list, ch, err := c.query(ctx, r.View, r.Filter)
	if err != nil {
		return SearchPage{}, err
	}
	list.After, list.Limit = r.After, r.Limit+1
	first := r.After == Cursor{}
	q := SearchQuery{
		ListQuery: list, Text: strings.TrimSpace(r.Text), Config: SearchConfig(list.Locale), Facets: r.Facets && first, Max: maxHits,
	}
	out := SearchPage{Page: Page{Channel: ch.Key, Locale: q.Locale}}
	hits, err := c.hits(ctx, q)
	if err != nil {
		return SearchPage{}, err
	}
	if len(hits.Products) == 0 && q.Text != "" {
		if out.Corrected, err = c.correct(ctx, q.Locale, q.Text); err != nil {
			return SearchPage{}, err
		}
		if out.Corrected != "" {
			q.Text = out.Corrected
			if hits, err = c.store.Search(ctx, q); err != nil {
				return SearchPage{}, err
			}
		}
		if len(hits.Products) == 0 {
			out.Corrected = ""
		}
	}
	out.Truncated = hits.Truncated
	out.Products, out.Next = pageOf(hits.Products, r.Limit)
	out.Facets, err = c.facets(ctx, q.Locale, hits.Facets)
	return out, err
}

// hits runs a search. One without text or facets is the list of the newest, which needs no ranking.
func (c *Catalog) hits(ctx context.Context, q SearchQuery) (SearchHits, error) {
	if q.Text != "" || q.Facets {
		return c.store.Search(ctx, q)
	}
	list := q.ListQuery
	list.Sort = ByNewest
	found, err := c.store.List(ctx, list)
	return SearchHits{Products: found}, err
}

var letterRuns = regexp.MustCompile(`\pL+`)

// correct replaces words that the vocabulary lacks by their nearest neighbour in it; "" when there is nothing to replace. Words
// with digits are SKUs and sizes and stay as they are, and so do words that the buyer excludes.
func (c *Catalog) correct(ctx context.Context, locale, text string) (string, error) {
	var out strings.Builder
	done, changed := 0, false
	for _, run := range letterRuns.FindAllStringIndex(text, -1) {
		word := Fold(text[run[0]:run[1]])
		if utf8.RuneCountInString(word) < minCorrected || len(word) > maxWord || !wholeWord(text, run) {
			continue
		}
		similar, err := c.store.SimilarWords(ctx, locale, word)
		if err != nil {
			return "", err
		}
		if better := nearest(word, similar); better != "" && better != word {
			out.WriteString(text[done:run[0]] + better)
			done, changed = run[1], true
		}
	}
	if !changed {
		return "", nil
	}
	return out.String() + text[done:], nil
}

// wholeWord tells a run of letters that is a word from one that touches a digit or is excluded by a hyphen before it.
func wholeWord(text string, run []int) bool {
	before, size := utf8.DecodeLastRuneInString(text[:run[0]])
	after, _ := utf8.DecodeRuneInString(text[run[1]:])
	if unicode.IsDigit(before) || unicode.IsDigit(after) {
		return false
	}
	excluded := before == '-' && (run[0] == size || unicode.IsSpace(rune(text[run[0]-size-1])))
	return !excluded
}

// nearest picks the candidate with the fewest typing errors: one for words of up to five letters, two for longer ones. Among
// equals one with the same first letter, then the longest: people start words right, and leave letters out. The alphabet
// decides the rest, so that the same search gives the same answer.
func nearest(word string, candidates []string) string {
	allowed := 1
	if utf8.RuneCountInString(word) > 5 {
		allowed = 2
	}
	initial, _ := utf8.DecodeRuneInString(word)
	rank := func(candidate string) [3]int {
		other := 1
		if strings.HasPrefix(candidate, string(initial)) {
			other = 0
		}
		return [3]int{typingErrors(word, candidate), other, -utf8.RuneCountInString(candidate)}
	}
	best, bestRank := "", [3]int{allowed + 1}
	slices.Sort(candidates)
	for _, candidate := range candidates {
		if r := rank(candidate); r[0] <= allowed && (best == "" || slices.Compare(r[:], bestRank[:]) < 0) {
			best, bestRank = candidate, r
		}
	}
	return best
}

// typingErrors counts inserted, left out, wrong and swapped letters between two words.
func typingErrors(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// Deletions gives a word with each one of its letters left out: two words that share one are about one typing error apart.
func Deletions(word string) []string {
	runes := []rune(word)
	out := make([]string, 0, len(runes)+1)
	out = append(out, word)
	for i := range runes {
		out = append(out, string(runes[:i])+string(runes[i+1:]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// facets groups counted tokens, in the order they come (falling count).
func (c *Catalog) facets(ctx context.Context, locale string, counts []FacetCount) ([]Facet, error) {
	if len(counts) == 0 {
		return nil, nil
	}
	var out []Facet
	var categoryIDs, translated []string
	at := map[string]int{}
	for _, fc := range counts {
		kind, key, value := parseToken(fc.Token)
		group := string(rune('0'+kind)) + key
		i, ok := at[group]
		if !ok {
			i = len(out)
			at[group] = i
			out = append(out, Facet{Kind: kind, Key: key})
		}
		if len(out[i].Values) == maxFacetTake {
			continue
		}
		out[i].Values = append(out[i].Values, FacetValue{Value: value, Label: value, Count: fc.Count})
		switch kind {
		case CategoryFacet:
			categoryIDs = append(categoryIDs, value)
		case AttributeFacet:
			translated = append(translated, fc.Token)
		}
	}
	return out, c.label(ctx, locale, out, categoryIDs, translated)
}

// label puts in names of categories and translations of attribute values.
func (c *Catalog) label(ctx context.Context, locale string, facets []Facet, categoryIDs, tokens []string) error {
	names := map[string]string{}
	if len(categoryIDs) > 0 {
		categories, err := c.store.CategoriesUp(ctx, categoryIDs)
		if err != nil {
			return err
		}
		for _, cat := range categories {
			names[categoryToken+cat.ID] = cat.Localize(locale).Name
		}
	}
	if len(tokens) > 0 {
		labels, err := c.store.FacetLabels(ctx, locale, tokens)
		if err != nil {
			return err
		}
		for token, label := range labels {
			names[token] = label
		}
	}
	for i := range facets {
		for j := range facets[i].Values {
			v := &facets[i].Values[j]
			token := categoryToken + v.Value
			if facets[i].Kind == AttributeFacet {
				token = attributeTokenOf(facets[i].Key, v.Value)
			}
			if name := names[token]; name != "" && (facets[i].Kind == CategoryFacet || facets[i].Kind == AttributeFacet) {
				v.Label = name
			}
		}
	}
	return nil
}

func parseToken(token string) (FacetKind, string, string) {
	rest := token[2:]
	switch token[:2] {
	case categoryToken:
		return CategoryFacet, "", rest
	case tagToken:
		return TagFacet, "", rest
	case vendorToken:
		return VendorFacet, "", rest
	}
	key, value, _ := strings.Cut(rest, "=")
	return AttributeFacet, key, value
}
