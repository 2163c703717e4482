package prove

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

// hour is a soak of an hour with a look every three minutes, in which cart becomes what the function makes of it.
func hour(cart func(after time.Duration, u usage) usage) (*soak, *bytes.Buffer) {
	out := &bytes.Buffer{}
	s := &soak{Soak: Soak{Length: time.Hour, Output: out}, began: time.Now()}
	for after := 3 * time.Minute; after <= 54*time.Minute; after += 3 * time.Minute {
		one := sample{after: after, services: map[string]usage{}, connections: 30}
		for _, name := range stack.ServiceNames {
			one.services[name] = usage{resident: 50 * mebibyte, heap: 8 * mebibyte, goroutines: 40}
		}
		one.services["cart"] = cart(after, one.services["cart"])
		s.samples = append(s.samples, one)
	}
	return s, out
}

// When this fails a soak that has seen a leak ends as if all were well, or the first minutes, in which caches fill, count as one.
func TestSoakNamesWhatGrows(t *testing.T) {
	t.Parallel()
	s, out := hour(func(after time.Duration, u usage) usage {
		u.resident -= max(0, 10-after.Minutes()) * mebibyte // the warm-up
		return u
	})
	require.NoError(t, s.verdict())
	s.table()
	require.Regexp(t, `(?m)^cart .* 40 +40 +steady$`, out.String())
	s, _ = hour(func(after time.Duration, u usage) usage {
		u.resident *= 1 + after.Hours()/50
		return u
	})
	require.ErrorContains(t, s.verdict(), "the memory of cart grows by 2.0")
	s, out = hour(func(after time.Duration, u usage) usage {
		u.goroutines += int(after.Minutes())
		return u
	})
	require.ErrorContains(t, s.verdict(), "the goroutines of cart grow from 55 to 94")
	s.table()
	require.Regexp(t, `(?m)^cart .*GOROUTINES GROW$`, out.String())
	for i := range s.samples {
		s.samples[i].connections += i
	}
	require.ErrorContains(t, s.verdict(), "the connections to Postgres grow")
}

// When this fails the figures of a service are read as others.
func TestFigureIsReadByItsWholeName(t *testing.T) {
	t.Parallel()
	const text = "# HELP go_goroutines x\ngo_goroutines_other 7\ngo_goroutines 41\ngo_memstats_heap_alloc_bytes 5.5e+06\nVmRSS:\t  2048 kB\n"
	n, err := figure(text, "go_goroutines")
	require.NoError(t, err)
	require.InDelta(t, 41, n, 0)
	n, err = figure(text, "go_memstats_heap_alloc_bytes")
	require.NoError(t, err)
	require.InDelta(t, 5.5e6, n, 0)
	n, err = figure(text, "VmRSS:")
	require.NoError(t, err)
	require.InDelta(t, 2048, n, 0)
	_, err = figure(text, "go_gor")
	require.Error(t, err)
}
