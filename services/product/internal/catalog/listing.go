package catalog

import (
	"slices"
	"strings"
	"time"
)

// Listing is a product as one channel shows it in one locale: the read model that lists, search and carts are served from. It
// is written in the transaction that changes the product.
type Listing struct {
	ProductID     string
	Channel       string
	Locale        string
	Status        Status
	SortAt        time.Time // when published, else when created
	SortTitle     string
	PublishedAt   time.Time
	Handle        string
	Title         string
	Vendor        string
	ProductType   string
	ImageURL      string
	ImageAlt      string
	SKUs          []string
	VariantTitles []string
	CategoryIDs   []string
	Tags          []string
	Facets        []string
	Version       int64
	UpdatedAt     time.Time

	Config string    // text search configuration
	Text   [4]string // text by falling weight
	Words  []string  // vocabulary for correcting searches, sorted
	Labels map[string]string
}

// Tokens of facets. One array holds all, so one index serves every filter.
const (
	categoryToken  = "c:"
	tagToken       = "t:"
	vendorToken    = "v:"
	attributeToken = "a:"
)

const (
	maxIndexedText = 20_000
	maxSortTitle   = 120
	minWord        = 3
	maxWord        = 40
)

// Listings renders a product for every locale of every channel. Categories are those of the product and their ancestors.
func Listings(p Product, channels []Channel, categories []Category) []Listing {
	var out []Listing
	facets := facetTokens(p, categories)
	for _, ch := range channels {
		pub := p.In(ch.Key)
		for _, locale := range ch.Locales {
			chain := localeChain(locale, ch.DefaultLocale)
			l := render(p, p.Localize(chain), localCategories(categories, chain), locale)
			l.Channel, l.Status, l.PublishedAt, l.Facets = ch.Key, pub.Status, pub.PublishedAt, facets
			l.SortAt = pub.PublishedAt
			if l.SortAt.IsZero() {
				l.SortAt = p.CreatedAt
			}
			out = append(out, l)
		}
	}
	return out
}

func localCategories(categories []Category, chain []string) []string {
	names := make([]string, len(categories))
	for i, cat := range categories {
		names[i], _ = localName(chain, cat.Name, "", cat.Translations)
	}
	return names
}

func render(base, local Product, categoryNames []string, locale string) Listing {
	l := Listing{
		ProductID: base.ID, Locale: locale, SortTitle: cut(Fold(local.Title), maxSortTitle), Handle: base.Handle, Title: local.Title,
		Vendor: base.Vendor, ProductType: base.ProductType, SKUs: base.SKUs(), CategoryIDs: base.AncestorIDs, Tags: base.Tags,
		Version: base.Version, UpdatedAt: base.UpdatedAt, Config: SearchConfig(locale), Labels: map[string]string{},
	}
	picture := base.PictureOf("")
	l.ImageURL, l.ImageAlt = picture.URL, picture.AltText
	titles := make([]string, len(local.Variants))
	for i, v := range local.Variants {
		titles[i] = v.Title()
	}
	l.VariantTitles = titles
	named := slices.Concat([]string{base.Vendor, base.ProductType}, base.Tags, categoryNames)
	for i, a := range local.Attributes {
		for j, v := range a.Values {
			if v.Kind == TextValue {
				named = append(named, v.Text)
			}
			if baseValues := base.Attributes[i].Values; j < len(baseValues) && baseValues[j].Text != v.Text {
				l.Labels[attributeTokenOf(a.Key, baseValues[j].Text)] = v.Text
			}
		}
	}
	// SKUs are spelt out as words of their own: stemming would bend them.
	l.Text = [4]string{
		local.Title,
		strings.Join(slices.Concat(named, l.SKUs), " \n"),
		strings.Join(slices.Concat(optionTexts(local.Options), []string{base.Handle}), " \n"),
		plainText(local.DescriptionHTML, maxIndexedText),
	}
	l.Words = vocabulary(local.Title, strings.Join(named, " "), strings.Join(optionTexts(local.Options), " "))
	return l
}

func optionTexts(options []Option) []string {
	var out []string
	for _, o := range options {
		out = append(out, o.Values...)
	}
	return out
}

// vocabulary gives the distinct words worth correcting a misspelt search to, sorted so that concurrent writers meet in the
// same order.
func vocabulary(texts ...string) []string {
	var out []string
	for _, text := range texts {
		for _, w := range words(text) {
			if len(w) >= minWord && len(w) <= maxWord {
				out = append(out, w)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func attributeTokenOf(key, value string) string { return attributeToken + key + "=" + value }

func facetTokens(p Product, categories []Category) []string {
	var out []string
	for _, cat := range categories {
		out = append(out, categoryToken+cat.ID)
	}
	for _, tag := range p.Tags {
		out = append(out, tagToken+tag)
	}
	if p.Vendor != "" {
		out = append(out, vendorToken+p.Vendor)
	}
	for _, a := range p.Attributes {
		for _, v := range a.Values {
			out = append(out, attributeTokenOf(a.Key, v.Text))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// SearchConfig names the database's text search configuration for a locale's language; "simple" where it has none.
func SearchConfig(locale string) string {
	language, _, _ := strings.Cut(locale, "-")
	switch language {
	case "en":
		return "english"
	case "de":
		return "german"
	case "fr":
		return "french"
	case "es":
		return "spanish"
	case "it":
		return "italian"
	case "nl":
		return "dutch"
	case "pt":
		return "portuguese"
	case "sv":
		return "swedish"
	case "da":
		return "danish"
	case "fi":
		return "finnish"
	case "nb", "nn", "no":
		return "norwegian"
	case "hu":
		return "hungarian"
	case "ro":
		return "romanian"
	case "ru":
		return "russian"
	case "tr":
		return "turkish"
	case "el":
		return "greek"
	}
	return "simple"
}
