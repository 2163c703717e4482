// Package databaseroles makes the database roles of services from the secrets that name them, and changes their passwords without a
// failed call: a service has two logins that do the same, and each change takes the one that is not in use.
package databaseroles

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"net/url"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
	"github.com/jackc/pgx/v5"
)

// loginSQL makes a second login of a role.
//
//go:embed login.sql
var loginSQL string

// Login is what a secret holds.
type Login struct {
	Username string `json:"username"`
	Password string `json:"password"`
	// URL is what the service is given.
	URL string `json:"url"`
}

// Vault keeps logins by name, such as cartwright/production/cart.
type Vault interface {
	Get(ctx context.Context, name string) (Login, error)
	Put(ctx context.Context, name string, login Login) error
}

// Database is the server and what leads to it.
type Database struct {
	// AdministratorURL may make roles.
	AdministratorURL string
	// Host, Name and Query go into the URLs of services.
	Host, Name, Query string
}

// Apply makes roles and schema of every service, sets passwords that the vault has, and writes URLs into it. It may be run again.
func (d Database) Apply(ctx context.Context, vault Vault, environment string, services []string) error {
	for _, service := range services {
		owner, err := d.complete(ctx, vault, secretName(environment, service)+"-owner", provision.Owner(service))
		if err != nil {
			return err
		}
		app, err := d.complete(ctx, vault, secretName(environment, service), provision.App(service))
		if err != nil {
			return err
		}
		account := provision.Service{Name: service, OwnerPassword: owner.Password}
		if app.Username == provision.App(service) {
			account.AppPassword = app.Password
		}
		if err := provision.Apply(ctx, d.AdministratorURL, account); err != nil {
			return err
		}
	}
	return nil
}

func secretName(environment, service string) string {
	return "cartwright/" + environment + "/" + service
}

// complete fills in what a secret that was just made does not have yet.
func (d Database) complete(ctx context.Context, vault Vault, name, role string) (Login, error) {
	login, err := vault.Get(ctx, name)
	if err != nil {
		return Login{}, fmt.Errorf("read %s: %w", name, err)
	}
	if login.Username == "" {
		login.Username = role
	}
	if login.Password == "" {
		login.Password = rand.Text() + rand.Text()
	}
	if address := d.url(login); address != login.URL {
		login.URL = address
		if err := vault.Put(ctx, name, login); err != nil {
			return Login{}, fmt.Errorf("write %s: %w", name, err)
		}
	}
	return login, nil
}

func (d Database) url(login Login) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(login.Username, login.Password), Host: d.Host, Path: d.Name, RawQuery: d.Query}
	return u.String()
}

// Rotate gives each service a new password: of its other login, which nothing uses. The one in use stays good until the next time,
// so pods that have not read the new one yet go on. The database is changed before the vault: what the vault says always works.
func (d Database) Rotate(ctx context.Context, vault Vault, environment string, services []string) error {
	conn, err := pgx.Connect(ctx, d.AdministratorURL)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, service := range services {
		name := secretName(environment, service)
		login, err := vault.Get(ctx, name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		next := Login{Username: other(service, login.Username), Password: rand.Text() + rand.Text()}
		next.URL = d.url(next)
		if err := change(ctx, conn, service, next); err != nil {
			return fmt.Errorf("change the password of %s: %w", next.Username, err)
		}
		if err := vault.Put(ctx, name, next); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// other names the login that is not in use.
func other(service, current string) string {
	if app := provision.App(service); current != app {
		return app
	}
	return provision.App(service) + "_b"
}

func change(ctx context.Context, conn *pgx.Conn, service string, login Login) error {
	if login.Username != provision.App(service) {
		script := strings.NewReplacer("{role}", provision.App(service), "{login}", login.Username).Replace(loginSQL)
		if _, err := conn.PgConn().Exec(ctx, script).ReadAll(); err != nil {
			return err
		}
	}
	var statement string
	err := conn.QueryRow(ctx, `SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)`, login.Username, login.Password).Scan(&statement)
	if err != nil {
		return err
	}
	_, err = conn.PgConn().Exec(ctx, statement).ReadAll()
	return err
}
