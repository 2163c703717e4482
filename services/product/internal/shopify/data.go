package shopify

import (
	"encoding/json"
	"strings"

	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// data is the JSON of the last column: what a product has and Shopify's columns cannot hold. An export always writes it; a file
// without it keeps what the shop has.
type data struct {
	Options      []dataOption      `json:"options,omitempty"`
	Media        []dataMedia       `json:"media,omitempty"`
	Tags         []string          `json:"tags,omitempty"`
	Categories   [][]string        `json:"categories,omitempty"` // names from the root down
	Attributes   []dataAttribute   `json:"attributes,omitempty"`
	Translations []dataTranslation `json:"translations,omitempty"`
}

type dataOption struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

type dataMedia struct {
	URL  string   `json:"url"`
	SKUs []string `json:"skus"`
}

type dataValue struct {
	Kind catalog.ValueKind `json:"type"`
	Text string            `json:"value"`
}

type dataAttribute struct {
	Key    string      `json:"key"`
	Values []dataValue `json:"values"`
}

type dataOptionText struct {
	Option string            `json:"option"`
	Name   string            `json:"name,omitempty"`
	Values map[string]string `json:"values,omitempty"`
}

type dataTranslation struct {
	Locale      string           `json:"locale"`
	Title       string           `json:"title,omitempty"`
	Description string           `json:"description,omitempty"`
	Options     []dataOptionText `json:"options,omitempty"`
	Attributes  []dataAttribute  `json:"attributes,omitempty"`
}

func (r row) data() (*data, error) {
	text := r.get(colData)
	if text == "" {
		return nil, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var d data
	if err := decoder.Decode(&d); err != nil || decoder.More() {
		return nil, r.refuse(colData, ErrCellInvalid.New("The cell is not the JSON that an export writes.").Because(err))
	}
	return &d, nil
}

func dataOf(f catalog.Fields, categories [][]string) data {
	d := data{Categories: categories, Attributes: attributesOut(f.Attributes)}
	for _, o := range f.Options {
		d.Options = append(d.Options, dataOption(o))
	}
	for _, m := range f.Media {
		if len(m.SKUs) > 0 {
			d.Media = append(d.Media, dataMedia{URL: m.URL, SKUs: m.SKUs})
		}
	}
	for _, tag := range f.Tags {
		if strings.Contains(tag, ",") {
			d.Tags = f.Tags
		}
	}
	for _, t := range f.Translations {
		out := dataTranslation{Locale: t.Locale, Title: t.Title, Description: t.DescriptionHTML, Attributes: attributesOut(t.Attributes)}
		for _, o := range t.Options {
			out.Options = append(out.Options, dataOptionText(o))
		}
		d.Translations = append(d.Translations, out)
	}
	return d
}

func attributesOut(list []catalog.Attribute) []dataAttribute {
	var out []dataAttribute
	for _, a := range list {
		da := dataAttribute{Key: a.Key}
		for _, v := range a.Values {
			da.Values = append(da.Values, dataValue(v))
		}
		out = append(out, da)
	}
	return out
}

func attributesIn(list []dataAttribute) []catalog.Attribute {
	var out []catalog.Attribute
	for _, da := range list {
		a := catalog.Attribute{Key: da.Key}
		for _, v := range da.Values {
			a.Values = append(a.Values, catalog.Value(v))
		}
		out = append(out, a)
	}
	return out
}

func translationsIn(list []dataTranslation) []catalog.Translation {
	var out []catalog.Translation
	for _, dt := range list {
		t := catalog.Translation{
			Locale: dt.Locale, Title: dt.Title, DescriptionHTML: dt.Description, Attributes: attributesIn(dt.Attributes),
		}
		for _, o := range dt.Options {
			t.Options = append(t.Options, catalog.OptionTranslation(o))
		}
		out = append(out, t)
	}
	return out
}
