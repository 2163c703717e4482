package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says how to reach a database and how many connections to keep.
type Config struct {
	// URL is a connection string. It may be empty when URLFile is set.
	URL string
	// URLFile names a file that holds the connection string. It is read again for every new connection, so that a rotated
	// password is used without a restart.
	URLFile string
	// PasswordFile names a file with the password alone; it overrides the one in the URL, and is read again likewise.
	PasswordFile string
	// MaxConns bounds the pool; 0 means 8.
	MaxConns int32
	// AcquireTimeout bounds the wait for a connection; 0 means 500 ms. Past it the caller gets UNAVAILABLE.
	AcquireTimeout time.Duration
	// ExecMode says how statements are sent. Empty keeps prepared statements on the server, which is fastest. Behind a
	// pooler in transaction mode that does not track them, use "exec" (nothing kept) or "simple_protocol".
	ExecMode string
	// ApplicationName is what the server shows for the connections.
	ApplicationName string
}

// Defaults of Config.
const (
	defaultMaxConns       = 8
	defaultAcquireTimeout = 500 * time.Millisecond
	maxConnLifetime       = 30 * time.Minute
)

// pool translates the config; it validates without connecting.
func (c Config) pool() (*pgxpool.Config, error) {
	url, err := c.url()
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("parse database URL: %w", err)
	}
	mode, err := execMode(c.ExecMode)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.DefaultQueryExecMode = mode
	if mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol {
		config.ConnConfig.StatementCacheCapacity = 0
		config.ConnConfig.DescriptionCacheCapacity = 0
	}
	if c.ApplicationName != "" {
		config.ConnConfig.RuntimeParams["application_name"] = c.ApplicationName
	}
	config.MaxConns = defaultMaxConns
	if c.MaxConns > 0 {
		config.MaxConns = c.MaxConns
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	config.MaxConnLifetime = maxConnLifetime
	config.MaxConnLifetimeJitter = maxConnLifetime / 10
	config.MaxConnIdleTime = 5*time.Minute + rand.N(time.Minute) //nolint:gosec // spreads reconnects, hides nothing
	config.PingTimeout = 250 * time.Millisecond
	if c.URLFile != "" || c.PasswordFile != "" {
		config.BeforeConnect = c.refresh
	}
	return config, nil
}

// url returns the connection string as it is now.
func (c Config) url() (string, error) {
	url := c.URL
	if c.URLFile != "" {
		text, err := os.ReadFile(c.URLFile)
		if err != nil {
			return "", fmt.Errorf("read database URL: %w", err)
		}
		url = strings.TrimSpace(string(text))
	}
	if url == "" {
		return "", fmt.Errorf("the database URL is empty")
	}
	return url, nil
}

// refresh replaces where and as whom to connect by what the files say now.
func (c Config) refresh(_ context.Context, into *pgx.ConnConfig) error {
	url, err := c.url()
	if err != nil {
		return err
	}
	fresh, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("parse database URL: %w", err)
	}
	into.Host, into.Port, into.Database = fresh.Host, fresh.Port, fresh.Database
	into.User, into.Password = fresh.User, fresh.Password
	into.TLSConfig, into.Fallbacks = fresh.TLSConfig, fresh.Fallbacks
	if c.PasswordFile != "" {
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return fmt.Errorf("read database password: %w", err)
		}
		into.Password = strings.TrimSpace(string(text))
	}
	return nil
}

func execMode(name string) (pgx.QueryExecMode, error) {
	switch name {
	case "", "cache_statement":
		return pgx.QueryExecModeCacheStatement, nil
	case "cache_describe":
		return pgx.QueryExecModeCacheDescribe, nil
	case "describe_exec":
		return pgx.QueryExecModeDescribeExec, nil
	case "exec":
		return pgx.QueryExecModeExec, nil
	case "simple_protocol":
		return pgx.QueryExecModeSimpleProtocol, nil
	}
	return 0, fmt.Errorf("unknown statement mode %q: use cache_statement, cache_describe, describe_exec, exec or simple_protocol", name)
}
