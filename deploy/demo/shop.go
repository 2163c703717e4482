package demo

import (
	"slices"

	"github.com/cartwright-shop/cartwright/deploy/demo/onlineretail"
)

// Channel is a way the demo shop sells.
type Channel struct {
	Key, Name, Currency, Country, Locale, PriceList string
	Countries                                       []string
	Locales                                         []string
	Default                                         bool
	Zones                                           []Zone
}

// Zone is a part of the world with one set of delivery prices.
type Zone struct {
	Key, Name string
	Countries []string
	Methods   []Method
}

// Method is a way to deliver: a flat price, nothing from FreeAbove on. Amounts are minor units of the channel's currency;
// FreeAbove 0 means never free.
type Method struct {
	Key, Name        string
	Price, FreeAbove int64
	MinDays, MaxDays int32
}

// StandardMethod is the delivery that every zone offers.
const StandardMethod = "standard"

// LocationKey is the only warehouse.
const LocationKey = "main"

var europe = []string{
	"AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LT", "LU", "LV", "MT",
	"NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
}

var euro = []string{
	"AT", "BE", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PT", "SI", "SK",
}

// Channels returns the demo shop's channels. The first one sells to every country of the order stream.
func Channels() []Channel {
	domestic := []string{"GB", "JE"}
	world := slices.DeleteFunc(onlineretail.CountryCodes(), func(code string) bool {
		return slices.Contains(europe, code) || slices.Contains(domestic, code)
	})
	return []Channel{
		{
			Key: "uk-web", Name: "United Kingdom", Currency: "GBP", Country: "GB", Locale: "en-GB", PriceList: "gbp", Default: true,
			Countries: slices.Concat(domestic, europe, world), Locales: []string{"en-GB"},
			Zones: []Zone{
				{Key: "uk-domestic", Name: "United Kingdom", Countries: domestic, Methods: []Method{
					{StandardMethod, "Standard delivery", 395, 5000, 2, 4}, {"express", "Next working day", 695, 0, 1, 1},
				}},
				{Key: "uk-europe", Name: "Europe", Countries: europe, Methods: []Method{{StandardMethod, "Europe", 995, 15000, 3, 7}}},
				{Key: "uk-world", Name: "World", Countries: world, Methods: []Method{{StandardMethod, "World", 1995, 0, 5, 14}}},
			},
		},
		{
			Key: "eu-web", Name: "European Union", Currency: "EUR", Country: "DE", Locale: "en", PriceList: "eur",
			Countries: euro, Locales: []string{"en"},
			Zones: []Zone{{Key: "eu-all", Name: "European Union", Countries: euro, Methods: []Method{
				{StandardMethod, "Standard delivery", 495, 6000, 2, 5}, {"express", "Express", 1295, 0, 1, 2},
			}}},
		},
		{
			Key: "us-web", Name: "United States", Currency: "USD", Country: "US", Locale: "en-US", PriceList: "usd",
			Countries: []string{"US"}, Locales: []string{"en-US"},
			Zones: []Zone{{Key: "us-all", Name: "United States", Countries: []string{"US"}, Methods: []Method{
				{StandardMethod, "Standard delivery", 595, 7500, 3, 6},
			}}},
		},
	}
}
