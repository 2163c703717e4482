package onlineretail

import (
	"sort"
	"strings"
)

// Product is an article as the demo catalogue sells it.
type Product struct {
	// SKU is the stock code, case kept: the file tells 85123A from 85123a.
	SKU string
	// Title is the most frequent description in title case.
	Title string
	// Category is the key of a leaf of Categories.
	Category string
	// GBP, EUR and USD are unit prices in minor units. GBP is the most frequent positive price of the file.
	GBP, EUR, USD int64
	// Stock is the number of units on hand when the shop opens.
	Stock int64
}

// serviceCodes are stock codes of the file that stand for charges, fees and corrections, not for goods.
var serviceCodes = map[string]bool{
	"POST": true, "DOT": true, "D": true, "M": true, "S": true, "C2": true, "C3": true, "B": true, "CRUK": true,
	"PADS": true, "BANK CHARGES": true, "AMAZONFEE": true, "ADJUST": true, "ADJUST2": true, "TEST001": true, "TEST002": true, "GIFT": true,
}

// IsService reports whether the code stands for a charge or correction and so is no product.
func IsService(code string) bool {
	upper := strings.ToUpper(code)
	return serviceCodes[upper] || strings.HasPrefix(upper, "GIFT_")
}

// BuildCatalogue makes one product of each stock code that is no service code and was sold at a positive price.
// The result is in order of SKU and depends on nothing but the rows.
func BuildCatalogue(rows []Row) []Product {
	seen := map[string]*tally{}
	for _, row := range rows {
		if IsService(row.StockCode) || row.StockCode == "" {
			continue
		}
		t := seen[row.StockCode]
		if t == nil {
			t = &tally{prices: map[int64]int{}, titles: map[string]int{}}
			seen[row.StockCode] = t
		}
		t.add(row)
	}
	var products []Product
	for code, t := range seen {
		price := mostFrequent(t.prices, func(a, b int64) bool { return a < b })
		if price == 0 {
			continue
		}
		description := mostFrequent(t.titles, func(a, b string) bool { return a < b })
		if description == "" {
			description = "Article " + code
		}
		products = append(products, Product{
			SKU: code, Title: titleCase(description), Category: CategoryOf(description),
			GBP: price, EUR: listPrice(price, 117), USD: listPrice(price, 158), Stock: openingStock(t.sold),
		})
	}
	sort.Slice(products, func(i, j int) bool { return products[i].SKU < products[j].SKU })
	return products
}

type tally struct {
	prices map[int64]int
	titles map[string]int
	sold   int64
}

// add counts the row. Only rows with a price tell the title: unpriced rows carry notes such as "damaged".
func (t *tally) add(row Row) {
	if row.PricePence > 0 {
		t.prices[row.PricePence]++
		if row.Description != "" {
			t.titles[row.Description]++
		}
	}
	if row.Quantity > 0 && row.PricePence > 0 {
		t.sold += row.Quantity
	}
}

// openingStock is twice what the file sold, in whole dozens, so that the stream can be replayed with room to spare.
func openingStock(sold int64) int64 {
	return (2*sold/12 + 1) * 12
}

// listPrice is the merchant's price in another currency: the pound price at a fixed ratio in hundredths, rounded up to
// a multiple of five. It is computed once, when the file is made; the shop itself never converts.
func listPrice(pence, hundredths int64) int64 {
	exact := (pence*hundredths + 99) / 100
	return (exact + 4) / 5 * 5
}

// mostFrequent returns the key with the highest count, the least key among equals, the zero value of an empty map.
func mostFrequent[K comparable](counts map[K]int, less func(a, b K) bool) K {
	var best K
	bestCount := 0
	for key, count := range counts {
		if count > bestCount || count == bestCount && less(key, best) {
			best, bestCount = key, count
		}
	}
	return best
}

var lowerWords = map[string]bool{"of": true, "with": true, "and": true, "in": true, "the": true, "for": true, "on": true, "to": true}

func titleCase(text string) string {
	words := strings.Fields(strings.ToLower(text))
	for i, word := range words {
		if i > 0 && lowerWords[word] {
			continue
		}
		words[i] = capitalise(word)
	}
	return strings.Join(words, " ")
}

// capitalise raises the first letter and each letter after a hyphen, slash, dot or bracket: "t-light" → "T-Light".
func capitalise(word string) string {
	out := []byte(word)
	raise := true
	for i, c := range out {
		if raise && c >= 'a' && c <= 'z' {
			out[i] = c - 'a' + 'A'
		}
		raise = strings.IndexByte("-/.(+&,", c) >= 0
	}
	return string(out)
}
