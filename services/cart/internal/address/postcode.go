package address

import "regexp"

// postcodes are the shapes of postcodes by country, as the Universal Postal Union lists them. A country that is not here has none,
// or one whose shape is not checked.
var postcodes = compile(map[string]string{
	"AD": `AD[1-7]00`,
	"AL": `[0-9]{4}`,
	"AT": `[1-9][0-9]{3}`,
	"AU": `[0-9]{4}`,
	"BA": `[0-9]{5}`,
	"BE": `[1-9][0-9]{3}`,
	"BG": `[1-9][0-9]{3}`,
	"BR": `[0-9]{5}-?[0-9]{3}`,
	"CA": `[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] ?[0-9][ABCEGHJ-NPRSTV-Z][0-9]`,
	"CH": `[1-9][0-9]{3}`,
	"CN": `[0-9]{6}`,
	"CY": `[0-9]{4}`,
	"CZ": `[1-7][0-9]{2} ?[0-9]{2}`,
	"DE": `[0-9]{5}`,
	"DK": `(DK-?)?[0-9]{4}`,
	"EE": `[0-9]{5}`,
	"ES": `(0[1-9]|[1-4][0-9]|5[0-2])[0-9]{3}`,
	"FI": `(FI-?)?[0-9]{5}`,
	"FR": `[0-9]{5}`,
	"GB": `(GIR ?0AA|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2})`,
	"GG": `GY[0-9]{1,2} ?[0-9][A-Z]{2}`,
	"GR": `[1-9][0-9]{2} ?[0-9]{2}`,
	"HR": `[1-5][0-9]{4}`,
	"HU": `[1-9][0-9]{3}`,
	"IE": `([AC-FHKNPRTV-Y][0-9]{2}|D6W) ?[0-9AC-FHKNPRTV-Y]{4}`,
	"IL": `[0-9]{5}([0-9]{2})?`,
	"IM": `IM[0-9]{1,2} ?[0-9][A-Z]{2}`,
	"IN": `[1-9][0-9]{2} ?[0-9]{3}`,
	"IS": `[0-9]{3}`,
	"IT": `[0-9]{5}`,
	"JE": `JE[0-9]{1,2} ?[0-9][A-Z]{2}`,
	"JP": `[0-9]{3}-?[0-9]{4}`,
	"KR": `[0-9]{5}`,
	"LI": `94(8[5-9]|9[0-8])`,
	"LT": `(LT-?)?[0-9]{5}`,
	"LU": `(L-?)?[0-9]{4}`,
	"LV": `(LV-?)?[0-9]{4}`,
	"MC": `980[0-9]{2}`,
	"MT": `[A-Z]{3} ?[0-9]{2,4}`,
	"MX": `[0-9]{5}`,
	"NL": `[1-9][0-9]{3} ?[A-Z]{2}`,
	"NO": `[0-9]{4}`,
	"NZ": `[0-9]{4}`,
	"PL": `[0-9]{2}-?[0-9]{3}`,
	"PT": `[1-9][0-9]{3}(-?[0-9]{3})?`,
	"RO": `[0-9]{6}`,
	"RS": `[0-9]{5,6}`,
	"SE": `(SE-?)?[1-9][0-9]{2} ?[0-9]{2}`,
	"SG": `[0-9]{6}`,
	"SI": `(SI-?)?[1-9][0-9]{3}`,
	"SK": `[089][0-9]{2} ?[0-9]{2}`,
	"SM": `4789[0-9]`,
	"TR": `[0-9]{5}`,
	"UA": `[0-9]{5}`,
	"US": `[0-9]{5}(-[0-9]{4})?`,
	"VA": `00120`,
	"ZA": `[0-9]{4}`,
})

func compile(shapes map[string]string) map[string]*regexp.Regexp {
	rules := make(map[string]*regexp.Regexp, len(shapes))
	for country, shape := range shapes {
		rules[country] = regexp.MustCompile("^(?:" + shape + ")$")
	}
	return rules
}

func postcodeRule(country string) (*regexp.Regexp, bool) {
	rule, ok := postcodes[country]
	return rule, ok
}
