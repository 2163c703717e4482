package catalog

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/id"
)

// Limits of a product. The contract states the same ones; they are checked here too because imports do not pass the contract.
const (
	MaxOptions      = 3
	MaxVariants     = 250
	MaxMedia        = 250
	MaxCategories   = 20
	MaxTags         = 250
	MaxAttributes   = 50
	MaxTranslations = 40
	MaxDescription  = 65536
)

const defaultTaxClass = "standard"

var (
	keyPattern       = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	attributePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	decimalPattern   = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,9})?$`)
)

// Check completes and normalises the fields (sorted tags and attributes, tax class, canonical locales) and refuses what breaks
// a rule. Lists that the fields share with others are left alone. Field paths start with "product.".
func (f *Fields) Check() error {
	f.Variants, f.Media, f.Tags = slices.Clone(f.Variants), slices.Clone(f.Media), slices.Clone(f.Tags)
	f.CategoryIDs, f.Attributes = slices.Clone(f.CategoryIDs), slices.Clone(f.Attributes)
	f.Translations = slices.Clone(f.Translations)
	for i := range f.Translations {
		f.Translations[i].Attributes = slices.Clone(f.Translations[i].Attributes)
	}
	for _, check := range []func() error{
		f.checkTexts, f.checkOptions, f.checkVariants, f.checkMedia, f.checkTags, f.checkTranslations,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if len(f.CategoryIDs) > MaxCategories {
		return ErrTextInvalid.At("product.categoryIds", "A product is in at most %d categories.", MaxCategories)
	}
	f.CategoryIDs = canonicalIDs(f.CategoryIDs)
	slices.Sort(f.CategoryIDs)
	f.CategoryIDs = slices.Compact(f.CategoryIDs)
	return checkAttributes("product.attributes", f.Attributes)
}

func (f *Fields) checkTexts() error {
	if f.Handle != "" && !ValidHandle(f.Handle) {
		return ErrHandleInvalid.At("product.handle", "%q is no handle.", cut(f.Handle, 80))
	}
	for _, line := range []*string{&f.Title, &f.Vendor, &f.ProductType} {
		*line = strings.TrimSpace(*line)
	}
	f.DescriptionHTML = unixLines(f.DescriptionHTML)
	if f.Title == "" {
		return ErrTextInvalid.At("product.title", "The title must not be empty.")
	}
	for _, t := range []struct {
		name  string
		text  string
		max   int
		lines bool
	}{
		{"title", f.Title, 255, false},
		{"descriptionHtml", f.DescriptionHTML, MaxDescription, true},
		{"vendor", f.Vendor, 255, false},
		{"productType", f.ProductType, 255, false},
	} {
		if why := badText(t.text, t.max, t.lines); why != "" {
			return ErrTextInvalid.At("product."+t.name, "The %s %s.", t.name, why)
		}
	}
	return nil
}

func (f *Fields) checkOptions() error {
	if len(f.Options) > MaxOptions {
		return ErrVariantsInvalid.At("product.options", "A product has at most %d options.", MaxOptions)
	}
	names := map[string]bool{}
	for i, o := range f.Options {
		path := index("product.options", i)
		if why := badName(o.Name); why != "" {
			return ErrTextInvalid.At(path+".name", "The option name %s.", why)
		}
		if names[o.Name] {
			return ErrVariantsInvalid.At(path+".name", "The option %q comes twice.", o.Name)
		}
		names[o.Name] = true
		if len(o.Values) == 0 || len(o.Values) > MaxVariants {
			return ErrVariantsInvalid.At(path+".values", "An option has 1 to %d values.", MaxVariants)
		}
		values := map[string]bool{}
		for j, v := range o.Values {
			if why := badName(v); why != "" {
				return ErrTextInvalid.At(index(path+".values", j), "The option value %s.", why)
			}
			if values[v] {
				return ErrVariantsInvalid.At(index(path+".values", j), "The value %q comes twice.", v)
			}
			values[v] = true
		}
	}
	return nil
}

func (f *Fields) checkVariants() error {
	if len(f.Variants) == 0 || len(f.Variants) > MaxVariants {
		return ErrVariantsInvalid.At("product.variants", "A product has 1 to %d variants.", MaxVariants)
	}
	skus, combinations := map[string]bool{}, map[string]bool{}
	for i := range f.Variants {
		v, path := &f.Variants[i], index("product.variants", i)
		if !ValidSKU(v.SKU) {
			return ErrSKUInvalid.At(path+".sku", "%q is no SKU.", cut(v.SKU, 80))
		}
		if skus[v.SKU] {
			return ErrVariantsInvalid.At(path+".sku", "The SKU %q comes twice.", v.SKU)
		}
		skus[v.SKU] = true
		if err := f.checkOptionValues(path, v.OptionValues); err != nil {
			return err
		}
		combination := strings.Join(v.OptionValues, "\x00")
		if combinations[combination] {
			return ErrVariantsInvalid.At(path+".optionValues", "Two variants have the same option values.")
		}
		combinations[combination] = true
		v.Barcode = strings.TrimSpace(v.Barcode)
		if why := badText(v.Barcode, 64, false); why != "" {
			return ErrTextInvalid.At(path+".barcode", "The barcode %s.", why)
		}
		if v.WeightGrams < 0 || v.WeightGrams > 100_000_000 {
			return ErrVariantsInvalid.At(path+".weightGrams", "The weight is 0 to 100,000,000 grams.")
		}
		if v.TaxClass == "" {
			v.TaxClass = defaultTaxClass
		}
		if !keyPattern.MatchString(v.TaxClass) {
			return ErrVariantsInvalid.At(path+".taxClass", "%q is no tax class key.", cut(v.TaxClass, 80))
		}
	}
	return nil
}

func (f *Fields) checkOptionValues(path string, values []string) error {
	if len(values) != len(f.Options) {
		return ErrVariantsInvalid.At(path+".optionValues", "The variant has %d option values, the product has %d options.",
			len(values), len(f.Options))
	}
	for i, value := range values {
		if !slices.Contains(f.Options[i].Values, value) {
			return ErrVariantsInvalid.At(index(path+".optionValues", i), "%q is not a value of the option %q.",
				cut(value, 100), f.Options[i].Name)
		}
	}
	return nil
}

func (f *Fields) checkMedia() error {
	if len(f.Media) > MaxMedia {
		return ErrMediaInvalid.At("product.media", "A product has at most %d pictures.", MaxMedia)
	}
	urls := map[string]bool{}
	skus := f.SKUs()
	for i := range f.Media {
		m, path := &f.Media[i], index("product.media", i)
		m.AltText = unixLines(strings.TrimSpace(m.AltText))
		if err := CheckURL(path+".url", m.URL); err != nil {
			return err
		}
		if urls[m.URL] {
			return ErrMediaInvalid.At(path+".url", "The picture comes twice.")
		}
		urls[m.URL] = true
		if why := badText(m.AltText, 512, true); why != "" {
			return ErrTextInvalid.At(path+".altText", "The text %s.", why)
		}
		for j, sku := range m.SKUs {
			if !slices.Contains(skus, sku) {
				return ErrMediaInvalid.At(index(path+".skus", j), "The product has no variant %q.", cut(sku, 80))
			}
		}
	}
	return nil
}

// keepMediaIDs gives pictures that were there before (by URL) their old id and new ones a new id.
func (f *Fields) keepMediaIDs(old []Media) {
	for i := range f.Media {
		f.Media[i].ID = ""
		for _, o := range old {
			if o.URL == f.Media[i].URL {
				f.Media[i].ID = o.ID
			}
		}
		if f.Media[i].ID == "" {
			f.Media[i].ID = id.New()
		}
	}
}

func (f *Fields) checkTags() error {
	for i, tag := range f.Tags {
		f.Tags[i] = strings.TrimSpace(tag)
		if why := badText(f.Tags[i], 100, false); why != "" || f.Tags[i] == "" {
			return ErrTextInvalid.At(index("product.tags", i), "The tag %s.", orEmpty(why))
		}
	}
	slices.Sort(f.Tags)
	f.Tags = slices.Compact(f.Tags)
	if len(f.Tags) > MaxTags {
		return ErrTextInvalid.At("product.tags", "A product has at most %d tags.", MaxTags)
	}
	return nil
}

// checkAttributes sorts the attributes by key, so that equal products are stored equal.
func checkAttributes(path string, attributes []Attribute) error {
	if len(attributes) > MaxAttributes {
		return ErrAttributeInvalid.At(path, "A product has at most %d attributes.", MaxAttributes)
	}
	seen := map[string]bool{}
	for i, a := range attributes {
		at := index(path, i)
		if !attributePattern.MatchString(a.Key) {
			return ErrAttributeInvalid.At(at+".key", "%q is no attribute key.", cut(a.Key, 80))
		}
		if seen[a.Key] {
			return ErrAttributeInvalid.At(at+".key", "The attribute %q comes twice.", a.Key)
		}
		seen[a.Key] = true
		if len(a.Values) == 0 || len(a.Values) > 20 {
			return ErrAttributeInvalid.At(at+".values", "An attribute has 1 to 20 values.")
		}
		for j, v := range a.Values {
			if why := v.bad(); why != "" {
				return ErrAttributeInvalid.At(index(at+".values", j), "The value %s.", why)
			}
		}
	}
	slices.SortFunc(attributes, func(a, b Attribute) int { return strings.Compare(a.Key, b.Key) })
	return nil
}

func (v Value) bad() string {
	switch v.Kind {
	case TextValue:
		if v.Text == "" {
			return "must not be empty"
		}
		return badText(v.Text, 255, false)
	case DecimalValue:
		if !decimalPattern.MatchString(v.Text) {
			return "is no decimal number"
		}
	case FlagValue:
		if v.Text != "true" && v.Text != "false" {
			return "is neither true nor false"
		}
	case DateValue:
		if _, err := time.Parse(time.DateOnly, v.Text); err != nil {
			return "is no date"
		}
	default:
		return "has no type"
	}
	return ""
}

func (f *Fields) checkTranslations() error {
	if len(f.Translations) > MaxTranslations {
		return ErrTranslationInvalid.At("product.translations", "A product has at most %d translations.", MaxTranslations)
	}
	seen := map[string]bool{}
	for i := range f.Translations {
		t, path := &f.Translations[i], index("product.translations", i)
		locale, ok := CanonicalLocale(t.Locale)
		if !ok {
			return ErrLocaleInvalid.At(path+".locale", "%q is no language tag.", cut(t.Locale, 80))
		}
		t.Locale = locale
		if seen[locale] {
			return ErrTranslationInvalid.At(path+".locale", "The locale %q comes twice.", locale)
		}
		seen[locale] = true
		if why := badText(t.Title, 255, false); why != "" {
			return ErrTextInvalid.At(path+".title", "The title %s.", why)
		}
		if why := badText(t.DescriptionHTML, MaxDescription, true); why != "" {
			return ErrTextInvalid.At(path+".descriptionHtml", "The description %s.", why)
		}
		if err := f.checkOptionTranslations(path+".options", t.Options); err != nil {
			return err
		}
		if err := checkAttributes(path+".attributes", t.Attributes); err != nil {
			return err
		}
	}
	slices.SortFunc(f.Translations, func(a, b Translation) int { return strings.Compare(a.Locale, b.Locale) })
	return nil
}

func (f *Fields) checkOptionTranslations(path string, translations []OptionTranslation) error {
	seen := map[string]bool{}
	for i, ot := range translations {
		at := index(path, i)
		if seen[ot.Option] || !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Name == ot.Option }) {
			return ErrTranslationInvalid.At(at+".option", "The product has no option %q, or it comes twice.", cut(ot.Option, 100))
		}
		seen[ot.Option] = true
		if why := badText(ot.Name, 100, false); why != "" {
			return ErrTextInvalid.At(at+".name", "The option name %s.", why)
		}
		for base, text := range ot.Values {
			if why := badText(text, 100, false); why != "" || text == "" {
				return ErrTextInvalid.At(at+".values", "The translation of %q %s.", cut(base, 100), orEmpty(why))
			}
		}
	}
	return nil
}

// canonicalIDs writes UUIDs as the database does, so that they can be compared as texts.
func canonicalIDs(ids []string) []string {
	out := make([]string, len(ids))
	for i, one := range ids {
		out[i] = strings.ToLower(one)
	}
	return out
}
