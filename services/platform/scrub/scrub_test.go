package scrub_test

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/services/platform/scrub"
)

// A card number that slips in puts the whole shop in the scope of PCI.
func TestCardNumbersAreFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "4242.4242.4242.4242", "4242  4242  4242  4242",
		"4222222222222", "5555555555554444", "5105 1051 0510 5100", "2223003122003222", "378282246310005", "3714 496353 98431",
		"6011111111111117", "30569309025904", "38520000023237", "3530111333300000", "6200000000000005", "6759649826438453",
		"4000 0566 5566 5556", "my card is 4242424242424242, thanks", "card4242424242424242", "pan=4242424242424242&x=1", "tok_4242424242424242",
		"４２４２４２４２４２４２４２４２", "４２４２ ４２４２ ４２４２ ４２４２", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "4242\u00a04242\u00a04242\u00a04242", "4242–4242–4242–4242",
		"order 12 4242424242424242", "+4242424242424242", "{\"n\":4242424242424242}", "first 1234567890123456 then 4242424242424242",
	} {
		require.True(t, scrub.PAN(text), text)
		require.False(t, scrub.PAN(scrub.Mask(text)), text)
		require.Contains(t, scrub.Mask(text), "[card number]", text)
	}
}

// Refusing a harmless text blocks an order for nothing.
func TestOtherNumbersPass(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "4242424242424241", "424242424242424", "1234567890123456", "0000000000000000", "42424242424242424242424242",
		"5901234123457", "4006381333931", "4012345678901", // barcodes
		"+4915123456789", "+49 1512 3456789", "+380501234567", "0044 7911 123456", "tel:+1-202-555-0143",
		"Sizes 36 38 40 42 44 46 48 50", "340 360 380 400 420", "2023-10-12 12:34:56.123456", "978-3-16-148410-0",
		"DE89370400440532013000", "3f4242424242424242aa", "019a4242-4242-7242-8242-424242424242", "1.10.100.1000.10000",
	} {
		require.False(t, scrub.PAN(text), text)
		require.Equal(t, text, scrub.Mask(text))
	}
}

// Ids and phone numbers of ours are in every request; one false alarm in 10,000 is the most a shop bears.
func TestFalseAlarmsAreRare(t *testing.T) {
	t.Parallel()
	const tries = 300_000
	random := func(n int) []byte {
		b := make([]byte, n)
		_, err := rand.Read(b)
		require.NoError(t, err)
		return b
	}
	makers := map[string]func() string{
		"uuid v4": uuid.NewString,
		"uuid v7": func() string { return uuid.Must(uuid.NewV7()).String() },
		"base32 secret": func() string {
			return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random(16)))
		},
		"hex hash":       func() string { return hex.EncodeToString(random(32)) },
		"base64 token":   func() string { return base64.RawURLEncoding.EncodeToString(random(48)) },
		"phone":          func() string { return fmt.Sprintf("+%d", 1e10+mathrand.Int64N(1e14)) },
		"national phone": func() string { return fmt.Sprintf("0%d %d", 100+mathrand.IntN(900), 1e6+mathrand.IntN(1e7)) },
		"barcode": func() string {
			digits := fmt.Sprintf("%012d", mathrand.Int64N(1e12))
			sum := 0
			for i, c := range digits {
				sum += int(c-'0') * (1 + 2*(i%2))
			}
			return digits + fmt.Sprint((10-sum%10)%10)
		},
	}
	for name, make := range makers {
		hits := 0
		for range tries {
			if scrub.PAN(make()) {
				hits++
			}
		}
		allowed := tries / 10_000
		if strings.HasPrefix(name, "uuid") {
			allowed = 0
		}
		require.LessOrEqual(t, hits, allowed, name)
	}
}

// An order line, or a client's own key, could not be used for ever because its id looks like a card number.
func TestNoUUIDIsACard(t *testing.T) {
	t.Parallel()
	const unlucky = "4242 4242 4242 4242"
	digits := strings.ReplaceAll(unlucky, " ", "")
	require.True(t, scrub.PAN(digits))
	uuids := []string{"0190abcd-0000-7000-8000-" + digits[:12], "42424242-4242-4242-8242-424242424242", "abcdabcd-abcd-4242-8424-242424242424"}
	for n := range 10_000 {
		uuids = append(uuids, fmt.Sprintf("%08d-%04d-7%03d-8%03d-%012d", 42424242+n, n, n%1000, (n*7)%1000, 424242424242+n*n))
	}
	for _, text := range uuids {
		require.False(t, scrub.PAN(text), text)
		require.False(t, scrub.PAN(strings.ToUpper(text)), text)
		require.Equal(t, "key/"+text+" of", scrub.Mask("key/"+text+" of"))
		require.True(t, scrub.PAN(text+" "+unlucky), "a card beside it is found")
		require.True(t, scrub.PAN(unlucky+", "+text), "a card beside it is found")
	}
}

// The logger calls Mask on every text, whatever it holds: it must neither panic nor leave a number behind.
func FuzzMask(f *testing.F) {
	for _, seed := range []string{"4242 4242 4242 4242", "４２４２４２４２４２４２４２４２", "card4242424242424242x5555555555554444", "\xff4242\xbc", "+49 1512 3456789", "4-2-4-2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		masked := scrub.Mask(text)
		require.Equal(t, scrub.PAN(text), masked != text)
		if !strings.Contains(text, "[card number]") {
			require.False(t, scrub.PAN(masked), masked)
		}
	})
}

func BenchmarkPAN(b *testing.B) {
	for name, text := range map[string]string{"short": "MUG-RED-12", "uuid": "019a1234-5678-7abc-8def-0123456789ab", "text": strings.Repeat("A nice red mug. ", 20), "digits": "1234567890123456789"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				scrub.PAN(text)
			}
		})
	}
}
