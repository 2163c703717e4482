package postgres

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// The JSON forms below are what the database holds: they may gain fields, never lose or rename one.

type optionJSON struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

type mediaJSON struct {
	ID   string   `json:"id"`
	URL  string   `json:"url"`
	Alt  string   `json:"alt,omitempty"`
	SKUs []string `json:"skus,omitempty"`
}

type valueJSON struct {
	Kind string `json:"k"`
	Text string `json:"v"`
}

type attributeJSON struct {
	Key    string      `json:"key"`
	Values []valueJSON `json:"values"`
}

type optionTextJSON struct {
	Option string            `json:"option"`
	Name   string            `json:"name,omitempty"`
	Values map[string]string `json:"values,omitempty"`
}

type translationJSON struct {
	Locale      string           `json:"locale"`
	Title       string           `json:"title,omitempty"`
	Description string           `json:"description,omitempty"`
	Options     []optionTextJSON `json:"options,omitempty"`
	Attributes  []attributeJSON  `json:"attributes,omitempty"`
}

type nameJSON struct {
	Locale      string `json:"locale"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
}

func encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode for storage: %w", err)
	}
	return data, nil
}

// decode reads a stored list; most are empty, and those cost nothing.
func decode(data []byte, into any) error {
	if len(data) == 0 || len(data) == 2 {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("decode from storage: %w", err)
	}
	return nil
}

func mapped[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

// mappedOrNil is mapped, but keeps an empty list nil, as the domain has it.
func mappedOrNil[A, B any](list []A, f func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	return mapped(list, f)
}

func encodeOptions(list []catalog.Option) ([]byte, error) {
	return encode(mapped(list, func(o catalog.Option) optionJSON { return optionJSON(o) }))
}

func decodeOptions(data []byte) ([]catalog.Option, error) {
	var list []optionJSON
	err := decode(data, &list)
	return mappedOrNil(list, func(o optionJSON) catalog.Option { return catalog.Option(o) }), err
}

func encodeMedia(list []catalog.Media) ([]byte, error) {
	return encode(mapped(list, func(m catalog.Media) mediaJSON {
		return mediaJSON{ID: m.ID, URL: m.URL, Alt: m.AltText, SKUs: m.SKUs}
	}))
}

func decodeMedia(data []byte) ([]catalog.Media, error) {
	var list []mediaJSON
	err := decode(data, &list)
	return mappedOrNil(list, func(m mediaJSON) catalog.Media {
		return catalog.Media{ID: m.ID, URL: m.URL, AltText: m.Alt, SKUs: m.SKUs}
	}), err
}

func attributesToJSON(list []catalog.Attribute) []attributeJSON {
	return mapped(list, func(a catalog.Attribute) attributeJSON {
		return attributeJSON{Key: a.Key, Values: mapped(a.Values, func(v catalog.Value) valueJSON {
			return valueJSON{Kind: string(v.Kind), Text: v.Text}
		})}
	})
}

func attributesFromJSON(list []attributeJSON) []catalog.Attribute {
	return mappedOrNil(list, func(a attributeJSON) catalog.Attribute {
		return catalog.Attribute{Key: a.Key, Values: mapped(a.Values, func(v valueJSON) catalog.Value {
			return catalog.Value{Kind: catalog.ValueKind(v.Kind), Text: v.Text}
		})}
	})
}

func encodeTranslations(list []catalog.Translation) ([]byte, error) {
	return encode(mapped(list, func(t catalog.Translation) translationJSON {
		return translationJSON{
			Locale: t.Locale, Title: t.Title, Description: t.DescriptionHTML, Attributes: attributesToJSON(t.Attributes),
			Options: mapped(t.Options, func(o catalog.OptionTranslation) optionTextJSON { return optionTextJSON(o) }),
		}
	}))
}

func decodeTranslations(data []byte) ([]catalog.Translation, error) {
	var list []translationJSON
	err := decode(data, &list)
	return mappedOrNil(list, func(t translationJSON) catalog.Translation {
		return catalog.Translation{
			Locale: t.Locale, Title: t.Title, DescriptionHTML: t.Description, Attributes: attributesFromJSON(t.Attributes),
			Options: mappedOrNil(t.Options, func(o optionTextJSON) catalog.OptionTranslation { return catalog.OptionTranslation(o) }),
		}
	}), err
}

func encodeNames(list []catalog.NameTranslation) ([]byte, error) {
	return encode(mapped(list, func(t catalog.NameTranslation) nameJSON {
		return nameJSON{Locale: t.Locale, Name: t.Name, Description: t.DescriptionHTML}
	}))
}

func decodeNames(data []byte) ([]catalog.NameTranslation, error) {
	var list []nameJSON
	err := decode(data, &list)
	return mappedOrNil(list, func(t nameJSON) catalog.NameTranslation {
		return catalog.NameTranslation{Locale: t.Locale, Name: t.Name, DescriptionHTML: t.Description}
	}), err
}

// decodeVariants reads the arrays that the product queries build.
func decodeVariants(data []byte) ([]catalog.Variant, error) {
	var list []variantJSON
	if err := decode(data, &list); err != nil {
		return nil, err
	}
	return mapped(list, func(v variantJSON) catalog.Variant { return catalog.Variant(v) }), nil
}

type variantJSON catalog.Variant

// UnmarshalJSON implements json.Unmarshaler.
func (v *variantJSON) UnmarshalJSON(data []byte) error {
	err := json.Unmarshal(data, &[]any{&v.SKU, &v.OptionValues, &v.Barcode, &v.WeightGrams, &v.RequiresShipping, &v.TaxClass})
	if len(v.OptionValues) == 0 {
		v.OptionValues = nil
	}
	return err
}

type publicationJSON catalog.Publication

// UnmarshalJSON implements json.Unmarshaler.
func (p *publicationJSON) UnmarshalJSON(data []byte) error {
	var at *time.Time
	if err := json.Unmarshal(data, &[]any{&p.Channel, &p.Status, &at}); err != nil {
		return err
	}
	p.PublishedAt = instant(at)
	return nil
}

func decodePublications(data []byte) ([]catalog.Publication, error) {
	var list []publicationJSON
	if err := decode(data, &list); err != nil {
		return nil, err
	}
	return mappedOrNil(list, func(p publicationJSON) catalog.Publication { return catalog.Publication(p) }), nil
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func nullable(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// texts is never nil: a nil slice would be stored as NULL.
func texts(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func wrap(operation string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", operation, err)
}

type facetJSON catalog.FacetCount

// UnmarshalJSON implements json.Unmarshaler.
func (f *facetJSON) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&f.Token, &f.Count})
}
