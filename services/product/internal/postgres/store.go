// Package postgres keeps the catalogue in the service's schema.
package postgres

import (
	"context"
	"embed"
	"io/fs"

	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/product/internal/catalog"
	"github.com/cartwright-shop/cartwright/services/product/internal/postgres/db"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations gives the schema's migrations in order of their names.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migration")
	if err != nil {
		panic(err) // the directory is compiled in
	}
	return sub
}

// Store is a catalog.Store on Postgres. It is safe for concurrent use.
type Store struct {
	db *postgres.DB
	q  *db.Queries
	// reindex tells the workers, with the commit of the ambient transaction, that products are stale.
	reindex func(ctx context.Context) error
}

var _ catalog.Store = (*Store)(nil)

// New makes a store. Reindex is called inside a transaction that marked products stale.
func New(pool *postgres.DB, reindex func(ctx context.Context) error) *Store {
	return &Store{db: pool, q: db.New(pool), reindex: reindex}
}

// Tx implements catalog.Store.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.db.Tx(ctx, fn)
}

// LockStructure implements catalog.StructureStore.
func (s *Store) LockStructure(ctx context.Context) error {
	return wrap("lock structure", s.q.LockStructure(ctx))
}

// ShareStructure implements catalog.StructureStore.
func (s *Store) ShareStructure(ctx context.Context) error {
	return wrap("share structure", s.q.ShareStructure(ctx))
}

// ReindexLater implements catalog.StructureStore.
func (s *Store) ReindexLater(ctx context.Context, what catalog.Reindex) error {
	var err error
	if what.Category != "" {
		err = s.q.MarkCategoryStale(ctx, what.Category)
	} else {
		err = s.q.MarkAllStale(ctx)
	}
	if err != nil {
		return wrap("mark stale", err)
	}
	return wrap("insert reindex job", s.reindex(ctx))
}

// TakeStale implements catalog.ListingStore.
func (s *Store) TakeStale(ctx context.Context, limit int) ([]string, error) {
	ids, err := s.q.TakeStale(ctx, int32(limit))
	return ids, wrap("take stale products", err)
}

// maxChannels bounds the one list that is read whole; a shop has a handful.
const maxChannels = 1000

// AllChannels implements catalog.StructureStore.
func (s *Store) AllChannels(ctx context.Context) ([]catalog.Channel, error) {
	return s.ListChannels(ctx, "", maxChannels)
}

// ListChannels implements catalog.StructureStore.
func (s *Store) ListChannels(ctx context.Context, after string, limit int) ([]catalog.Channel, error) {
	rows, err := s.q.ListChannels(ctx, db.ListChannelsParams{After: after, MaxRows: int32(limit)})
	if err != nil {
		return nil, wrap("list channels", err)
	}
	out := make([]catalog.Channel, len(rows))
	for i, r := range rows {
		out[i] = catalog.Channel{
			Key: r.Key, Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
			ChannelFields: catalog.ChannelFields{
				Name: r.Name, Currencies: r.Currencies, DefaultCurrency: r.DefaultCurrency, Countries: r.Countries,
				DefaultCountry: r.DefaultCountry, Locales: r.Locales, DefaultLocale: r.DefaultLocale, IsDefault: r.IsDefault,
			},
		}
	}
	return out, nil
}

// InsertChannel implements catalog.StructureStore; it fails with ErrChannelExists.
func (s *Store) InsertChannel(ctx context.Context, ch catalog.Channel) error {
	err := s.q.InsertChannel(ctx, db.InsertChannelParams{
		Key: ch.Key, Name: ch.Name, Currencies: ch.Currencies, DefaultCurrency: ch.DefaultCurrency, Countries: ch.Countries,
		DefaultCountry: ch.DefaultCountry, Locales: ch.Locales, DefaultLocale: ch.DefaultLocale, IsDefault: ch.IsDefault,
		Version: ch.Version, CreatedAt: ch.CreatedAt, UpdatedAt: ch.UpdatedAt,
	})
	if postgres.IsUnique(err, "channel_pkey") {
		return catalog.ErrChannelExists.At("key", "There is a channel %q already.", ch.Key).Because(err)
	}
	return wrap("insert channel", err)
}

// UpdateChannel implements catalog.StructureStore.
func (s *Store) UpdateChannel(ctx context.Context, ch catalog.Channel) error {
	return wrap("update channel", s.q.UpdateChannel(ctx, db.UpdateChannelParams{
		Key: ch.Key, Name: ch.Name, Currencies: ch.Currencies, DefaultCurrency: ch.DefaultCurrency, Countries: ch.Countries,
		DefaultCountry: ch.DefaultCountry, Locales: ch.Locales, DefaultLocale: ch.DefaultLocale, IsDefault: ch.IsDefault,
		Version: ch.Version, UpdatedAt: ch.UpdatedAt,
	}))
}

// ClearDefaultChannel implements catalog.StructureStore.
func (s *Store) ClearDefaultChannel(ctx context.Context) error {
	return wrap("clear default channel", s.q.ClearDefaultChannel(ctx))
}
