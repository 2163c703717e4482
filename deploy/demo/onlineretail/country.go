package onlineretail

import "sort"

// Place is an address in a country of the file: real enough for postcode checks and taxes, nobody's home.
type Place struct {
	// CountryCode is ISO 3166-1 alpha-2.
	CountryCode string
	// City, Region and PostalCode are those of a public square or building.
	City, Region, PostalCode string
}

// homeCountry stands in for what the file does not tell.
const homeCountry = "United Kingdom"

// places maps every country name of the data set. "Unspecified" is read as the shop's home country and "European
// Community" as Belgium, the seat of its institutions; "EIRE" is Ireland, "RSA" South Africa.
var places = map[string]Place{
	"United Kingdom":       {"GB", "London", "", "WC2N 5DU"},
	"Unspecified":          {"GB", "London", "", "WC2N 5DU"},
	"Channel Islands":      {"JE", "St Helier", "", "JE2 4WD"},
	"EIRE":                 {"IE", "Dublin", "", "D01 F5P2"},
	"France":               {"FR", "Paris", "", "75001"},
	"Germany":              {"DE", "Berlin", "", "10117"},
	"Spain":                {"ES", "Madrid", "", "28013"},
	"Netherlands":          {"NL", "Amsterdam", "", "1012 JS"},
	"Belgium":              {"BE", "Brussels", "", "1000"},
	"European Community":   {"BE", "Brussels", "", "1000"},
	"Switzerland":          {"CH", "Bern", "", "3011"},
	"Portugal":             {"PT", "Lisbon", "", "1100-148"},
	"Australia":            {"AU", "Sydney", "NSW", "2000"},
	"Norway":               {"NO", "Oslo", "", "0154"},
	"Italy":                {"IT", "Rome", "", "00187"},
	"Finland":              {"FI", "Helsinki", "", "00170"},
	"Cyprus":               {"CY", "Nicosia", "", "1016"},
	"Sweden":               {"SE", "Stockholm", "", "111 29"},
	"Austria":              {"AT", "Vienna", "", "1010"},
	"Denmark":              {"DK", "Copenhagen", "", "1550"},
	"Japan":                {"JP", "Tokyo", "", "100-0005"},
	"Poland":               {"PL", "Warsaw", "", "00-026"},
	"USA":                  {"US", "Wilmington", "DE", "19801"},
	"Israel":               {"IL", "Jerusalem", "", "9414001"},
	"Singapore":            {"SG", "Singapore", "", "178957"},
	"Iceland":              {"IS", "Reykjavik", "", "101"},
	"Canada":               {"CA", "Ottawa", "ON", "K1P 1J1"},
	"Greece":               {"GR", "Athens", "", "105 57"},
	"Malta":                {"MT", "Valletta", "", "VLT 1117"},
	"United Arab Emirates": {"AE", "Dubai", "", ""},
	"RSA":                  {"ZA", "Pretoria", "", "0002"},
	"Lebanon":              {"LB", "Beirut", "", "1107"},
	"Lithuania":            {"LT", "Vilnius", "", "01103"},
	"Brazil":               {"BR", "Brasilia", "", "70150-900"},
	"Czech Republic":       {"CZ", "Prague", "", "110 00"},
	"Bahrain":              {"BH", "Manama", "", "304"},
	"Saudi Arabia":         {"SA", "Riyadh", "", "12211"},
	"Hong Kong":            {"HK", "Hong Kong", "", ""},
	"Korea":                {"KR", "Seoul", "", "04524"},
	"West Indies":          {"BB", "Bridgetown", "", "BB11000"},
	"Thailand":             {"TH", "Bangkok", "", "10200"},
	"Nigeria":              {"NG", "Abuja", "", "900211"},
	"Bermuda":              {"BM", "Hamilton", "", "HM 11"},
}

// PlaceOf returns the place of a country name and whether the name is known; an unknown one is read as the home country.
func PlaceOf(country string) (Place, bool) {
	place, ok := places[country]
	if !ok {
		return places[homeCountry], false
	}
	return place, true
}

// CountryCodes returns the codes of every place, without repeats, in order.
func CountryCodes() []string {
	seen := map[string]bool{}
	var codes []string
	for _, place := range places {
		if !seen[place.CountryCode] {
			seen[place.CountryCode] = true
			codes = append(codes, place.CountryCode)
		}
	}
	sort.Strings(codes)
	return codes
}
