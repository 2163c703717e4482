package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/cartwright-shop/cartwright/services/payment/internal/payment"
	"github.com/cartwright-shop/cartwright/services/payment/internal/postgres/db"
	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// settingsAge is how long other processes may go on with the settings they know. They decide what is offered, not what is
// paid, so a few seconds cost nothing.
const (
	settingsAge = 5 * time.Second
	maxChannels = 1000
)

// settingsCache keeps the settings of channels that were read lately. Its slices are never changed.
type settingsCache struct {
	mu       sync.Mutex
	channels map[string]cachedSettings
}

type cachedSettings struct {
	settings []payment.MethodSetting
	read     time.Time
}

func (c *settingsCache) get(channel string, now time.Time) ([]payment.MethodSetting, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.channels[channel]
	return known.settings, ok && now.Sub(known.read) < settingsAge
}

func (c *settingsCache) put(channel string, settings []payment.MethodSetting, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.channels == nil || len(c.channels) >= maxChannels {
		c.channels = map[string]cachedSettings{}
	}
	c.channels[channel] = cachedSettings{settings: settings, read: now}
}

func (c *settingsCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.channels = nil
}

// Settings are those of a channel and the defaults, at most a few seconds old.
func (s *Store) Settings(ctx context.Context, channel string) ([]payment.MethodSetting, error) {
	now := time.Now()
	if settings, ok := s.settings.get(channel, now); ok {
		return settings, nil
	}
	rows, err := s.q.MethodsOfChannel(ctx, channel)
	if err != nil {
		return nil, fmt.Errorf("read payment methods: %w", err)
	}
	settings, err := settingsOf(rows)
	if err != nil {
		return nil, err
	}
	s.settings.put(channel, settings, now)
	return settings, nil
}

// ListSettings lists settings by channel and method, those after a channel and method; an empty channel means all.
func (s *Store) ListSettings(ctx context.Context, only string, after [2]string, limit int) ([]payment.MethodSetting, error) {
	rows, err := s.q.ListMethods(ctx, db.ListMethodsParams{
		OnlyChannel: only, AfterChannel: after[0], AfterMethod: after[1], Batch: int32(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("list payment methods: %w", err)
	}
	return settingsOf(rows)
}

// SaveSetting creates or replaces a setting.
func (s *Store) SaveSetting(ctx context.Context, m payment.MethodSetting) (payment.MethodSetting, error) {
	defer s.settings.forget()
	minimums := m.Minimums
	if minimums == nil {
		minimums = map[string]int64{}
	}
	encoded, err := json.Marshal(minimums)
	if err != nil {
		return m, fmt.Errorf("encode minimums: %w", err)
	}
	m.Countries, m.Currencies = notNil(m.Countries), notNil(m.Currencies)
	if m.Version == 0 {
		row, err := s.q.InsertMethod(ctx, db.InsertMethodParams{
			Channel: m.Channel, Method: m.Method, Title: m.Title, Enabled: m.Enabled, Countries: m.Countries,
			Currencies: m.Currencies, Minimums: encoded, Position: int32(m.Position),
		})
		return saved(m, row, err)
	}
	row, err := s.q.UpdateMethod(ctx, db.UpdateMethodParams{
		Channel: m.Channel, Method: m.Method, Title: m.Title, Enabled: m.Enabled, Countries: m.Countries,
		Currencies: m.Currencies, Minimums: encoded, Position: int32(m.Position), Version: m.Version,
	})
	return saved(m, db.InsertMethodRow(row), err)
}

func saved(m payment.MethodSetting, row db.InsertMethodRow, err error) (payment.MethodSetting, error) {
	if postgres.NoRows(err) {
		return m, errs.VersionConflict.New("The setting is at another version; read it again.")
	}
	if err != nil {
		return m, fmt.Errorf("save payment method: %w", err)
	}
	m.Version, m.UpdatedAt = row.Version, row.UpdatedAt
	return m, nil
}

func settingsOf(rows []db.PaymentMethod) ([]payment.MethodSetting, error) {
	settings := make([]payment.MethodSetting, len(rows))
	for i, row := range rows {
		settings[i] = payment.MethodSetting{
			Channel: row.Channel, Method: row.Method, Title: row.Title, Enabled: row.Enabled, Countries: row.Countries,
			Currencies: row.Currencies, Position: int(row.Position), Version: row.Version, UpdatedAt: row.UpdatedAt,
		}
		if err := json.Unmarshal(row.Minimums, &settings[i].Minimums); err != nil {
			return nil, fmt.Errorf("decode minimums of %s: %w", row.Method, err)
		}
	}
	return settings, nil
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
