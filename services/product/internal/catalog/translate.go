package catalog

import "slices"

// Localize gives the product's text for a locale chain: each field from the first locale that has it, else the base text.
func (p Product) Localize(chain []string) Product {
	var texts []Translation
	for _, locale := range chain {
		for _, t := range p.Translations {
			if t.Locale == locale {
				texts = append(texts, t)
			}
		}
	}
	if len(texts) == 0 {
		return p
	}
	out := p
	out.Title = firstText(texts, p.Title, func(t Translation) string { return t.Title })
	out.DescriptionHTML = firstText(texts, p.DescriptionHTML, func(t Translation) string { return t.DescriptionHTML })
	out.Attributes = localAttributes(texts, p.Attributes)
	out.Options, out.Variants = localOptions(texts, p.Options, p.Variants)
	return out
}

func firstText(texts []Translation, base string, get func(Translation) string) string {
	for _, t := range texts {
		if s := get(t); s != "" {
			return s
		}
	}
	return base
}

func localAttributes(texts []Translation, base []Attribute) []Attribute {
	out := slices.Clone(base)
	for i, a := range out {
		for _, t := range texts {
			at := slices.IndexFunc(t.Attributes, func(x Attribute) bool { return x.Key == a.Key })
			if at >= 0 {
				out[i].Values = t.Attributes[at].Values
				break
			}
		}
	}
	return out
}

func localOptions(texts []Translation, options []Option, variants []Variant) ([]Option, []Variant) {
	outOptions := make([]Option, len(options))
	outVariants := slices.Clone(variants)
	for i := range outVariants {
		outVariants[i].OptionValues = slices.Clone(variants[i].OptionValues)
	}
	for i, o := range options {
		outOptions[i] = Option{Name: o.Name, Values: slices.Clone(o.Values)}
		for _, t := range slices.Backward(texts) {
			at := slices.IndexFunc(t.Options, func(x OptionTranslation) bool { return x.Option == o.Name })
			if at < 0 {
				continue
			}
			ot := t.Options[at]
			if ot.Name != "" {
				outOptions[i].Name = ot.Name
			}
			for j, base := range o.Values {
				if text := ot.Values[base]; text != "" {
					outOptions[i].Values[j] = text
				}
			}
			for j := range variants {
				if text := ot.Values[variants[j].OptionValues[i]]; text != "" {
					outVariants[j].OptionValues[i] = text
				}
			}
		}
	}
	return outOptions, outVariants
}

// NameTranslation is a category's or collection's text in one locale.
type NameTranslation struct {
	Locale          string
	Name            string
	DescriptionHTML string
}

// localName picks name and description for a locale chain.
func localName(chain []string, name, description string, texts []NameTranslation) (string, string) {
	for _, locale := range slices.Backward(chain) {
		for _, t := range texts {
			if t.Locale != locale {
				continue
			}
			if t.Name != "" {
				name = t.Name
			}
			if t.DescriptionHTML != "" {
				description = t.DescriptionHTML
			}
		}
	}
	return name, description
}

func checkNames(path string, texts []NameTranslation) error {
	if len(texts) > MaxTranslations {
		return ErrTranslationInvalid.At(path, "There are at most %d translations.", MaxTranslations)
	}
	seen := map[string]bool{}
	for i := range texts {
		at := index(path, i)
		locale, ok := CanonicalLocale(texts[i].Locale)
		if !ok {
			return ErrLocaleInvalid.At(at+".locale", "%q is no language tag.", cut(texts[i].Locale, 80))
		}
		if seen[locale] {
			return ErrTranslationInvalid.At(at+".locale", "The locale %q comes twice.", locale)
		}
		seen[locale] = true
		texts[i].Locale = locale
		if why := badText(texts[i].Name, 255, false); why != "" {
			return ErrTextInvalid.At(at+".name", "The name %s.", why)
		}
		if why := badText(texts[i].DescriptionHTML, MaxDescription, true); why != "" {
			return ErrTextInvalid.At(at+".descriptionHtml", "The description %s.", why)
		}
	}
	return nil
}
