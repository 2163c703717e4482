package stock

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
)

// Line is a number of units of one SKU.
type Line struct {
	// SKU is the stock keeping unit.
	SKU string
	// Quantity is the units.
	Quantity int32
}

// sumLines adds up lines with the same SKU and sorts them by SKU.
func sumLines(lines []Line) ([]Line, error) {
	sums := make(map[string]int64, len(lines))
	for i, line := range lines {
		sums[line.SKU] += int64(line.Quantity)
		if line.Quantity < 1 || sums[line.SKU] > MaxQuantity {
			return nil, ErrQtyRange.At(quantityPath(i), "A request names 1 to %d units of a SKU in all.", MaxQuantity)
		}
	}
	summed := make([]Line, 0, len(sums))
	for sku, quantity := range sums {
		summed = append(summed, Line{SKU: sku, Quantity: int32(quantity)})
	}
	slices.SortFunc(summed, func(a, b Line) int { return cmp.Compare(a.SKU, b.SKU) })
	return summed, nil
}

func quantityPath(i int) string { return fmt.Sprintf("lines[%d].quantity", i) }

// firstLine is the place in the request of the first line with the SKU, for error paths.
func firstLine(lines []Line, sku string) int {
	return max(0, slices.IndexFunc(lines, func(l Line) bool { return l.SKU == sku }))
}

func skusOf(lines []Line) []string {
	skus := make([]string, len(lines))
	for i, line := range lines {
		skus[i] = line.SKU
	}
	return skus
}

// sumBySKU adds up picks of the same SKU; picks are sorted.
func sumBySKU(picks []Pick) []Line {
	var lines []Line
	for _, p := range picks {
		if n := len(lines); n > 0 && lines[n-1].SKU == p.SKU {
			lines[n-1].Quantity += p.Quantity
			continue
		}
		lines = append(lines, Line{SKU: p.SKU, Quantity: p.Quantity})
	}
	return lines
}

// fingerprint tells requests with the same id apart. Every field carries its length, so no two lists share a form.
func fingerprint(fields []string, lines []Line) []byte {
	hash := sha256.New()
	text := func(s string) {
		var size [4]byte
		binary.BigEndian.PutUint32(size[:], uint32(len(s)))
		hash.Write(size[:])
		hash.Write([]byte(s))
	}
	for _, field := range fields {
		text(field)
	}
	for _, line := range lines {
		text(line.SKU)
		var quantity [4]byte
		binary.BigEndian.PutUint32(quantity[:], uint32(line.Quantity))
		hash.Write(quantity[:])
	}
	return hash.Sum(nil)
}
