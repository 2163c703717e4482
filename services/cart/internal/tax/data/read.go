package data

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/cart/internal/tax"
	"github.com/cartwright-shop/cartwright/services/cart/internal/usa"
	"github.com/cartwright-shop/cartwright/services/platform/iso"
	"github.com/cartwright-shop/cartwright/services/platform/money"
)

// ppm reads a decimal as parts per million of the unit given: "0.0725" of 1, or "5.5" of 100 per cent.
func ppm(text string, unit int) (money.Rate, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	digits := 6
	if unit == 100 {
		digits = 4
	}
	if len(fraction) > digits {
		return 0, fmt.Errorf("rate %s is too exact", text)
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", digits-len(fraction)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("rate %s: %w", text, err)
	}
	return money.Rate(n), nil
}

func day(text string) (time.Time, error) {
	if text == "0000-01-01" {
		return epoch(), nil
	}
	return time.Parse(tax.Day, text)
}

func readCSV(name string) ([][]string, error) {
	file, err := source.Open("source/" + name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return rows[1:], nil
}

func readJSON(name string, into any) error {
	body, err := source.ReadFile("source/" + name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// digital marks rows that speak of services from abroad. Their rates are the general ones where a table of Europe's countries
// has the country too.
const digital = "non-resident"

// readHistory reads standard rates since 1967. A row's end is the next row's beginning: the table mixes last days and
// first days without.
func (b *builder) readHistory() error {
	rows, err := readCSV("vat-rates-history-kdeldycke.csv")
	if err != nil {
		return err
	}
	others, err := readVatnode()
	if err != nil {
		return err
	}
	for _, row := range rows {
		start, err := day(row[0])
		if err != nil {
			return err
		}
		rate, err := ppm(row[4], 1)
		if err != nil {
			return err
		}
		for _, code := range strings.Fields(row[2]) {
			_, known := others[code]
			if _, ok := iso.Country(code); !ok || (strings.Contains(row[6], digital) && !known) {
				continue
			}
			if general(rows, code, row) {
				b.standard[code] = append(b.standard[code], vat(tax.Rate{
					Country: code, Class: tax.Standard, Rate: rate, ValidFrom: start, Source: kdeldycke,
				}))
			}
		}
	}
	for country, rates := range b.standard {
		slices.SortFunc(rates, compare)
		for i := range rates[:len(rates)-1] {
			rates[i].ValidUntil = rates[i+1].ValidFrom
		}
		b.standard[country] = rates
	}
	return nil
}

// general tells rows of a country from those of other continents: a country of which all rows are about services from
// abroad and which Europe's tables do not know is left out as a whole.
func general(rows [][]string, code string, row []string) bool {
	if row[6] != "" {
		return true
	}
	for _, other := range rows {
		if slices.Contains(strings.Fields(other[2]), code) && strings.Contains(other[6], digital) {
			return false
		}
	}
	return true
}

type exception struct {
	Name     string
	Postcode string
	Standard json.Number
}

type period struct {
	From       string `json:"effective_from"`
	Rates      map[string]json.Number
	Exceptions []exception
}

// readEurope reads reduced rates and exceptions by postcode of the EU and the UK, and checks the standard rates.
func (b *builder) readEurope() error {
	var file struct{ Items map[string][]period }
	if err := readJSON("eu-vat-rates-ibericode.json", &file); err != nil {
		return err
	}
	for _, country := range slices.Sorted(maps.Keys(file.Items)) {
		var until time.Time
		for i, p := range file.Items[country] { // newest first
			from, err := day(p.From)
			if err != nil {
				return err
			}
			if err := b.addPeriod(country, p, from, until, i == 0); err != nil {
				return fmt.Errorf("%s from %s: %w", country, p.From, err)
			}
			until = from
		}
	}
	return nil
}

func (b *builder) addPeriod(country string, p period, from, until time.Time, newest bool) error {
	standard, err := ppm(p.Rates["standard"].String(), 100)
	if err != nil {
		return err
	}
	if current, ok := b.current(country); newest && (!ok || current != standard) {
		return fmt.Errorf("the standard rate is %d here and %d in the history", standard, current)
	}
	reduced, err := first(standard, p.Rates, "reduced", "reduced1")
	if err != nil {
		return err
	}
	super, err := first(reduced, p.Rates, "super_reduced")
	if err != nil {
		return err
	}
	classes := map[string]money.Rate{tax.Reduced: reduced, tax.SuperReduced: super}
	for class, rate := range classes {
		b.rates = append(b.rates, vat(tax.Rate{
			Country: country, Class: class, Rate: rate, ValidFrom: from, ValidUntil: until, Source: ibericode,
		}))
	}
	for _, e := range p.Exceptions {
		rate, err := ppm(e.Standard.String(), 100)
		if err != nil {
			return err
		}
		b.addPlace(place{country: country, pattern: e.Postcode, name: e.Name, standard: rate, from: from, until: until}, classes, ibericode)
	}
	return nil
}

// first is the first of the rates named that there is.
func first(otherwise money.Rate, rates map[string]json.Number, names ...string) (money.Rate, error) {
	for _, name := range names {
		if rate, ok := rates[name]; ok {
			return ppm(rate.String(), 100)
		}
	}
	return otherwise, nil
}

// place is a part of a country with a standard rate of its own.
type place struct {
	country, pattern, name string
	standard               money.Rate
	from, until            time.Time
}

// addPlace adds the rates of a place. Where its standard rate is below a reduced rate of the country, it counts for
// those goods too.
func (b *builder) addPlace(p place, classes map[string]money.Rate, from string) {
	add := func(class string, rate money.Rate) {
		b.rates = append(b.rates, tax.Rate{
			Country: p.country, PostcodePattern: p.pattern, Class: class, Rate: rate, Name: fmt.Sprintf("VAT %s (%s)", percent(rate), p.name),
			ValidFrom: p.from, ValidUntil: p.until, Source: from,
		})
	}
	add(tax.Standard, p.standard)
	for class, rate := range classes {
		if p.standard < rate {
			add(class, p.standard)
		}
	}
}

type country struct {
	Member       bool `json:"eu_member"`
	Standard     json.Number
	Reduced      []json.Number
	SuperReduced *json.Number `json:"super_reduced"`
}

func readVatnode() (map[string]country, error) {
	var file struct{ Rates map[string]country }
	err := readJSON("eu-vat-rates-vatnode.json", &file)
	return file.Rates, err
}

// readOthers checks current standard rates and adds the countries that the other tables do not have.
func (b *builder) readOthers() error {
	countries, err := readVatnode()
	if err != nil {
		return err
	}
	for _, code := range slices.Sorted(maps.Keys(countries)) {
		if _, ok := iso.Country(code); !ok {
			continue
		}
		if err := b.addOther(code, countries[code]); err != nil {
			return fmt.Errorf("%s: %w", code, err)
		}
	}
	return nil
}

func (b *builder) addOther(code string, c country) error {
	standard, err := ppm(c.Standard.String(), 100)
	if err != nil {
		return err
	}
	if current, ok := b.current(code); ok && current != standard {
		return fmt.Errorf("the standard rate is %d here and %d in the history", standard, current)
	} else if !ok {
		b.standard[code] = []tax.Rate{vat(tax.Rate{Country: code, Class: tax.Standard, Rate: standard, ValidFrom: epoch(), Source: vatnode})}
	}
	if c.Member || code == "GB" { // the table of the EU and the UK has their reduced rates with history
		return nil
	}
	reduced := standard
	if len(c.Reduced) > 0 {
		if reduced, err = ppm(c.Reduced[0].String(), 100); err != nil {
			return err
		}
	}
	super := reduced
	if c.SuperReduced != nil {
		if super, err = ppm(c.SuperReduced.String(), 100); err != nil {
			return err
		}
	}
	for class, rate := range map[string]money.Rate{tax.Reduced: reduced, tax.SuperReduced: super} {
		b.rates = append(b.rates, vat(tax.Rate{Country: code, Class: class, Rate: rate, ValidFrom: epoch(), Source: vatnode}))
	}
	return nil
}

// readStates adds the sales taxes of the US. A state that the table does not have has none.
func (b *builder) readStates() error {
	rows, err := readCSV("us-state_rates.csv")
	if err != nil {
		return err
	}
	rates := map[string]string{}
	for _, row := range rows {
		rates[row[0]] = row[1]
	}
	for _, state := range usa.States() {
		r := tax.Rate{Country: "US", Region: state.Code, Class: tax.Standard, Name: state.Code + " has no sales tax", ValidFrom: epoch(), Source: taxlocus}
		if text, ok := rates[state.Code]; ok {
			if r.Rate, err = ppm(text, 1); err != nil {
				return err
			}
			r.Name = fmt.Sprintf("%s sales tax %s", state.Code, percent(r.Rate))
		}
		b.rates = append(b.rates, r)
	}
	return nil
}

// addPlaces adds the places that the tables know only by other codes than postcodes.
func (b *builder) addPlaces() error {
	gb, ok := b.current("GB")
	if !ok {
		return fmt.Errorf("there is no current rate of GB")
	}
	brexit, aland, islands := date(2021, 1, 1), date(2013, 1, 1), date(2011, 1, 4)
	none := map[string]money.Rate{tax.Reduced: 1, tax.SuperReduced: 1} // exempt places are exempt for all goods
	b.addPlace(place{country: "FI", pattern: `22\d{3}`, name: "Åland", from: aland}, none, own)
	b.addPlace(place{country: "GB", pattern: `JE\d.*`, name: "Jersey", from: islands}, none, own)
	b.addPlace(place{country: "GB", pattern: `GY\d.*`, name: "Guernsey", from: islands}, none, own)
	b.addPlace(place{country: "GB", pattern: `BT\d.*`, name: "Northern Ireland", standard: gb, from: brexit}, nil, own)
	return nil
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
