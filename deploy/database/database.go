// Package database prepares a database for services whose charts are given nothing but an administrator's URL.
package database

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/cartwright-shop/cartwright/services/platform/config"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
)

// Settings is what it needs to know. Each may come from the file that NAME_FILE names.
type Settings struct {
	// Admin is who may make roles and schemas.
	Admin string `env:"ADMIN_DATABASE_URL,notEmpty" secret:"true" desc:"Postgres URL of an administrator."`
	// App and Owner are the URLs that the service will use; their passwords become those of the roles.
	App   string `env:"DATABASE_URL,notEmpty" secret:"true" desc:"Postgres URL of the app role."`
	Owner string `env:"OWNER_DATABASE_URL,notEmpty" secret:"true" desc:"Postgres URL of the owner role."`
}

// Prepare makes the roles and the schema of a service, and gives the roles the passwords of their URLs. It runs again without effect.
// environ has the form of os.Environ. No error quotes a URL.
func Prepare(ctx context.Context, service string, environ []string) error {
	s, err := config.Load[Settings](environ)
	if err != nil {
		return err
	}
	app, err := PasswordOf("DATABASE_URL", s.App, provision.App(service))
	if err != nil {
		return err
	}
	owner, err := PasswordOf("OWNER_DATABASE_URL", s.Owner, provision.Owner(service))
	if err != nil {
		return err
	}
	return provision.Apply(ctx, s.Admin, provision.Service{Name: service, OwnerPassword: owner, AppPassword: app})
}

var errNoURL = errors.New("must be a URL with a user and a password")

// PasswordOf is the password in a URL whose user must be the role. The error names the setting and does not quote the URL.
func PasswordOf(name, text, role string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return "", fmt.Errorf("%s: %w", name, errNoURL)
	}
	password, ok := u.User.Password()
	if !ok || password == "" {
		return "", fmt.Errorf("%s: %w", name, errNoURL)
	}
	if u.User.Username() != role {
		return "", fmt.Errorf("%s: the user must be %s", name, role)
	}
	return password, nil
}
