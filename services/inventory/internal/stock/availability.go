package stock

import (
	"context"
	"fmt"
)

// Band is what a storefront may show of a figure.
type Band uint8

// The bands, from nothing to plenty.
const (
	// BandOut is nothing available.
	BandOut Band = iota
	// BandLow is no more than the low-stock threshold.
	BandLow
	// BandIn is more than the threshold.
	BandIn
)

// Availability is what a channel can sell of one SKU at this moment.
type Availability struct {
	// SKU is the stock keeping unit.
	SKU string
	// Available is what is free at the locations of the channel.
	Available int32
	// Band is the coarse form of Available.
	Band Band
	// BackorderAvailable is what may still be sold without stock.
	BackorderAvailable int32
	// Tracked says whether any location keeps stock of the SKU.
	Tracked bool
}

// BatchGetAvailability answers each distinct SKU in order of first mention. It takes no lock, and may answer from memory.
func (s *Service) BatchGetAvailability(ctx context.Context, channel string, skus []string) ([]Availability, error) {
	distinct := make([]string, 0, len(skus))
	known := make(map[string]bool, len(skus))
	for _, sku := range skus {
		if !known[sku] {
			known[sku] = true
			distinct = append(distinct, sku)
		}
	}
	found, err := s.availability(ctx, channel, distinct)
	if err != nil {
		return nil, fmt.Errorf("get availability: %w", err)
	}
	answers := make([]Availability, len(distinct))
	for i, sku := range distinct {
		answers[i] = found[sku]
	}
	return answers, nil
}

func (s *Service) availability(ctx context.Context, channel string, skus []string) (map[string]Availability, error) {
	if s.memo == nil {
		answers, err := s.readAvailability(ctx, channel, skus)
		return bySKU(map[string]Availability{}, answers), err
	}
	known, ask, turn := s.memo.recall(channel, skus)
	if len(ask) == 0 {
		return known, nil
	}
	asked := s.memo.clock.Now()
	answers, err := s.readAvailability(ctx, channel, ask)
	if err != nil {
		return nil, err
	}
	s.memo.keep(channel, answers, asked, turn)
	return bySKU(known, answers), nil
}

func bySKU(into map[string]Availability, answers []Availability) map[string]Availability {
	for _, a := range answers {
		into[a.SKU] = a
	}
	return into
}

// readAvailability answers every SKU, also those nobody knows.
func (s *Service) readAvailability(ctx context.Context, channel string, skus []string) ([]Availability, error) {
	found, err := s.store.BatchGetAvailability(ctx, channel, skus)
	if err != nil {
		return nil, err
	}
	place := make(map[string]int, len(skus))
	answers := make([]Availability, len(skus))
	for i, sku := range skus {
		place[sku], answers[i].SKU = i, sku
	}
	for _, a := range found {
		a.Band = s.band(a.Available)
		answers[place[a.SKU]] = a
	}
	return answers, nil
}

func (s *Service) band(available int32) Band {
	switch {
	case available <= 0:
		return BandOut
	case available <= s.lowStock:
		return BandLow
	default:
		return BandIn
	}
}
