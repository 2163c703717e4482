package catalog

import (
	"fmt"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// Status says whether a product is for sale in a channel.
type Status string

// The statuses; a product without one in a channel is a draft there.
const (
	Draft     Status = "draft"
	Published Status = "published"
	Archived  Status = "archived"
)

// Fields is what staff may write of a product.
type Fields struct {
	Handle          string
	Title           string
	DescriptionHTML string
	Vendor          string
	ProductType     string
	Options         []Option
	Variants        []Variant
	Media           []Media
	CategoryIDs     []string
	Tags            []string
	Attributes      []Attribute
	Translations    []Translation
}

// Product is a thing the shop sells.
type Product struct {
	Fields
	ID           string
	Version      int64
	Publications []Publication
	AncestorIDs  []string // categories it is in, and all their ancestors
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Option is a way in which variants differ.
type Option struct {
	Name   string
	Values []string
}

// Variant is one thing that can be bought, known in the whole shop by its SKU.
type Variant struct {
	SKU              string
	OptionValues     []string
	Barcode          string
	WeightGrams      int32
	RequiresShipping bool
	TaxClass         string
}

// Title is the variant's option values in one line.
func (v Variant) Title() string { return strings.Join(v.OptionValues, " / ") }

// Media is a picture kept elsewhere.
type Media struct {
	ID      string
	URL     string
	AltText string
	SKUs    []string
}

// Publication is a product's status in one channel.
type Publication struct {
	Channel     string
	Status      Status
	PublishedAt time.Time // zero when never
}

// ValueKind is the type of an attribute value.
type ValueKind string

// The types of attribute values.
const (
	TextValue    ValueKind = "text"
	DecimalValue ValueKind = "decimal"
	FlagValue    ValueKind = "flag"
	DateValue    ValueKind = "date"
)

// Value is one typed attribute value, held as its text: "true", "12.5", "2026-01-31".
type Value struct {
	Kind ValueKind
	Text string
}

// Attribute is a named, filterable property.
type Attribute struct {
	Key    string
	Values []Value
}

// Translation is a product's text in one locale.
type Translation struct {
	Locale          string
	Title           string
	DescriptionHTML string
	Options         []OptionTranslation
	Attributes      []Attribute
}

// OptionTranslation translates one option's name and values.
type OptionTranslation struct {
	Option string
	Name   string
	Values map[string]string
}

// In gives the status in a channel.
func (p Product) In(channel string) Publication {
	for _, pub := range p.Publications {
		if pub.Channel == channel {
			return pub
		}
	}
	return Publication{Channel: channel, Status: Draft}
}

// PictureOf gives the picture of a variant: its own, else the product's first.
func (f Fields) PictureOf(sku string) Media {
	for _, m := range f.Media {
		for _, s := range m.SKUs {
			if s == sku {
				return m
			}
		}
	}
	if len(f.Media) > 0 {
		return f.Media[0]
	}
	return Media{}
}

// SKUs gives the SKUs of all variants in order.
func (f Fields) SKUs() []string {
	skus := make([]string, len(f.Variants))
	for i, v := range f.Variants {
		skus[i] = v.SKU
	}
	return skus
}

func conflict(current int64) error {
	return errs.VersionConflict.New("It has changed since you read it: version %d is current.", current)
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func orEmpty(why string) string {
	if why == "" {
		return "must not be empty"
	}
	return why
}
