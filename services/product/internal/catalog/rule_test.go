package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
)

// When this fails, a title makes a URL that the shop itself refuses.
func TestHandlesOfAnyTextAreValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		handle := catalog.HandleFor(text)
		if !catalog.ValidHandle(handle) {
			t.Fatalf("%q became %q", text, handle)
		}
		if again := catalog.HandleFor(handle); again != handle {
			t.Fatalf("%q is not stable: %q", handle, again)
		}
	})
}

// When this fails, importing a file twice makes new variants, or two variants share a SKU.
func TestDerivedSKUsAreValidStableAndApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		handle := catalog.HandleFor(rapid.String().Draw(t, "handle"))
		one := rapid.SliceOfN(rapid.StringN(1, 100, 400), 0, 3).Draw(t, "one")
		two := rapid.SliceOfN(rapid.StringN(1, 100, 400), 0, 3).Draw(t, "two")
		a, b := catalog.DeriveSKU(handle, one), catalog.DeriveSKU(handle, two)
		for _, sku := range []string{a, b, catalog.DeriveSKUApart(handle, one)} {
			if !catalog.ValidSKU(sku) {
				t.Fatalf("%q of %q %q", sku, handle, one)
			}
		}
		if a != catalog.DeriveSKU(handle, one) {
			t.Fatal("not stable")
		}
		if catalog.DeriveSKUApart(handle, one) == a {
			t.Fatal("the second choice is the first one")
		}
		if a == b && !strings.EqualFold(strings.Join(one, "\x00"), strings.Join(two, "\x00")) && !spacedAlike(one, two) {
			t.Fatalf("%q and %q share %q", one, two, a)
		}
	})
	require.Equal(t, "MUG", catalog.DeriveSKU("mug", nil))
	require.Equal(t, "CLASSIC-VARSITY-TOP.SMALL", catalog.DeriveSKU("classic-varsity-top", []string{"Small"}))
	require.NotEqual(t, catalog.DeriveSKU("mug", []string{"Größe 1"}), catalog.DeriveSKU("mug", []string{"Grosse 1"}))
}

// spacedAlike tells values that differ only by space for hyphen, which a derived SKU does not tell apart; the import does, by its
// second choice.
func spacedAlike(one, two []string) bool {
	fold := func(list []string) string {
		return strings.ToLower(strings.ReplaceAll(strings.Join(list, "\x00"), " ", "-"))
	}
	return fold(one) == fold(two)
}

// When this fails, the import can be made to point the shop's pages at a private network.
func TestURLsArePublic(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://cdn.example.com/a.jpg", "http://example.com/a%20b.png?v=1&w=2#x", "https://93.184.216.34/a.jpg",
		"https://bücher.example.com/a.jpg", "https://cdn.example.com:8443/a.jpg", "https://[2606:2800:220:1::1]/a.jpg",
		"https://burst.shopifycdn.com/photos/city-woman-fashion_925x@2x.jpg",
	} {
		require.NoError(t, catalog.CheckURL("u", good), good)
	}
	for _, bad := range []string{
		"", "a.jpg", "/a.jpg", "//example.com/a.jpg", "ftp://example.com/a.jpg", "javascript:alert(1)", "data:image/png;base64,AA",
		"http://169.254.169.254/", "http://127.0.0.1/x", "https://127.1", "https://[::ffff:10.0.0.1]", "https://2130706433",
		"https://0x7f.1/a", "https://017700000001/", "https://user@example.com/a.jpg", "https://user:pw@example.com/", "https://example.com:22/",
		"https://localhost/a", "https://metadata.internal/a", "https://printer.local/a", "https://[::1]/", "https://[fe80::1%25eth0]/",
		"https://10.1.2.3/", "https://192.168.0.1/", "https://100.64.0.1/", "https://0.0.0.0/", "https://example.com\\@127.0.0.1/",
		"https://exa mple.com/", "https://example.com/a\nb", "https://", "https://example..com/", "https://-a.com/", "https://host/",
		"https://[64:ff9b::7f00:1]/", "https://" + strings.Repeat("a", 64) + ".com/", "https://example.com/" + strings.Repeat("a", 2048),
	} {
		err := catalog.CheckURL("u", bad)
		require.Error(t, err, bad)
		require.Equal(t, "URL_NOT_ALLOWED", errs.ReasonOf(err))
	}
}

// When this fails, a buyer reads another language than the nearest the shop has.
func TestLocalesFallBack(t *testing.T) {
	t.Parallel()
	ch := catalog.Channel{ChannelFields: catalog.ChannelFields{Locales: []string{"en-GB", "de", "fr-CH", "zh-Hant"}, DefaultLocale: "en-GB"}}
	for requested, want := range map[string]string{
		"": "en-GB", "en-GB": "en-GB", "en-us": "en-GB", "de-AT": "de", "DE": "de", "fr": "fr-CH", "fr-FR": "fr-CH",
		"zh-hant-tw": "zh-Hant", "es": "en-GB", "!!": "en-GB", strings.Repeat("x", 200): "en-GB",
	} {
		require.Equal(t, want, ch.Resolve(requested), requested)
	}
	for tag, want := range map[string]string{"DE-at": "de-AT", "zh-hANT-tw": "zh-Hant-TW", "EN": "en", "sl-ROZAJ": "sl-rozaj"} {
		got, ok := catalog.CanonicalLocale(tag)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "e", "english-language", "en_GB", "en-", "12"} {
		_, ok := catalog.CanonicalLocale(bad)
		require.False(t, ok, bad)
	}
}

// When this fails, a field without its own translation shows nothing instead of the nearest text.
func TestEachFieldFallsBackByItself(t *testing.T) {
	t.Parallel()
	p := catalog.Product{Fields: catalog.Fields{
		Title: "Base", DescriptionHTML: "base", Options: []catalog.Option{{Name: "Size", Values: []string{"S", "L"}}},
		Variants: []catalog.Variant{{SKU: "A", OptionValues: []string{"S"}}, {SKU: "B", OptionValues: []string{"L"}}},
		Translations: []catalog.Translation{
			{Locale: "de-AT", Options: []catalog.OptionTranslation{{Option: "Size", Values: map[string]string{"S": "Klein (AT)"}}}},
			{Locale: "de", Title: "Deutsch", Options: []catalog.OptionTranslation{{Option: "Size", Name: "Größe", Values: map[string]string{"S": "Klein", "L": "Groß"}}}},
			{Locale: "en", DescriptionHTML: "english"},
		},
	}}
	got := p.Localize([]string{"de-AT", "de", "en-GB", "en"})
	require.Equal(t, "Deutsch", got.Title)
	require.Equal(t, "english", got.DescriptionHTML)
	require.Equal(t, catalog.Option{Name: "Größe", Values: []string{"Klein (AT)", "Groß"}}, got.Options[0])
	require.Equal(t, []string{"Groß"}, got.Variants[1].OptionValues)
	require.Equal(t, "S", p.Variants[0].OptionValues[0], "the base product is left alone")
}

// When this fails, words one typing error apart are no longer found by the index of deletions.
func TestDeletionsMeetForOneTypingError(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := []rune(rapid.StringMatching(`[a-zäöü]{4,12}`).Draw(t, "word"))
		at := rapid.IntRange(0, len(word)-2).Draw(t, "at")
		wrong := append([]rune{}, word...)
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			wrong = append(wrong[:at], wrong[at+1:]...)
		case 1:
			wrong[at] = 'z'
		case 2:
			wrong[at], wrong[at+1] = wrong[at+1], wrong[at]
		case 3:
			wrong = append(wrong[:at], append([]rune{'z'}, word[at:]...)...)
		}
		index := map[string]bool{}
		for _, d := range catalog.Deletions(string(word)) {
			index[d] = true
		}
		for _, d := range catalog.Deletions(string(wrong)) {
			if index[d] {
				return
			}
		}
		t.Fatalf("%s and %s do not meet", string(word), string(wrong))
	})
}

// When this fails, a product file brings in what the API's own contract would have stopped.
func TestFieldsAreCheckedWithoutTheContract(t *testing.T) {
	t.Parallel()
	for reason, change := range map[string]func(f *catalog.Fields){
		"HANDLE_INVALID":      func(f *catalog.Fields) { f.Handle = "Not a handle" },
		"LOCALE_INVALID":      func(f *catalog.Fields) { f.Translations = []catalog.Translation{{Locale: "german!"}} },
		"TRANSLATION_INVALID": func(f *catalog.Fields) { f.Translations = make([]catalog.Translation, catalog.MaxTranslations+1) },
		"ATTRIBUTE_INVALID":   func(f *catalog.Fields) { f.Attributes = make([]catalog.Attribute, catalog.MaxAttributes+1) },
		"VARIANTS_INVALID":    func(f *catalog.Fields) { f.Options = make([]catalog.Option, catalog.MaxOptions+1) },
		"MEDIA_INVALID":       func(f *catalog.Fields) { f.Media = make([]catalog.Media, catalog.MaxMedia+1) },
		"TEXT_INVALID":        func(f *catalog.Fields) { f.CategoryIDs = make([]string, catalog.MaxCategories+1) },
	} {
		fields := catalog.Fields{Title: "Mug", Variants: []catalog.Variant{{SKU: "MUG"}}}
		require.NoError(t, fields.Check())
		change(&fields)
		require.Equal(t, reason, errs.ReasonOf(fields.Check()))
	}
}

// When this fails, the rules of a product can be got around or crash on odd input.
func FuzzFieldsCheck(f *testing.F) {
	f.Add("Title", "SKU-1", "Size", "S", "tag", "https://cdn.example.com/a.jpg", "de")
	f.Add("", "\n", "", "", "", "http://127.0.0.1", "xx-YY-zzz")
	f.Fuzz(func(t *testing.T, title, sku, option, value, tag, url, locale string) {
		fields := catalog.Fields{
			Title: title, Tags: []string{tag}, Options: []catalog.Option{{Name: option, Values: []string{value}}},
			Variants:     []catalog.Variant{{SKU: sku, OptionValues: []string{value}}},
			Media:        []catalog.Media{{URL: url, SKUs: []string{sku}}},
			Translations: []catalog.Translation{{Locale: locale, Title: title}},
		}
		if err := fields.Check(); err != nil {
			require.Equal(t, errs.Invalid, errs.CodeOf(err), "%v", err)
			require.NotEmpty(t, errs.FieldsOf(err))
			return
		}
		require.True(t, catalog.ValidSKU(fields.Variants[0].SKU))
		once := fmt.Sprintf("%#v", fields)
		require.NoError(t, fields.Check())
		require.Equal(t, once, fmt.Sprintf("%#v", fields), "checking twice changes nothing")
	})
}
