package main

import (
	"context"
	"errors"
	"os"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/database"
	"github.com/cartwright-shop/cartwright/services/platform/config"
)

// databaseEnv holds the URL with its password where a flag would show it to everybody on the machine.
const databaseEnv = "AUDIT_DATABASE_URL"

// urls are the settings that nobody may see. Each may come from the file that NAME_FILE names.
type urls struct {
	Database string `env:"AUDIT_DATABASE_URL" secret:"true" desc:"Postgres URL of the auditor's role."`
	Admin    string `env:"ADMIN_DATABASE_URL" secret:"true" desc:"Postgres URL of an administrator."`
}

func environment() (urls, error) { return config.Load[urls](os.Environ()) }

// provision makes the auditor's role with the password of its URL. It runs again without effect.
func provision(ctx context.Context) error {
	given, err := environment()
	if err != nil {
		return err
	}
	if given.Admin == "" {
		return errors.New("-provision needs ADMIN_DATABASE_URL")
	}
	password, err := database.PasswordOf(databaseEnv, given.Database, audit.Role)
	if err != nil {
		return err
	}
	return audit.Provision(ctx, given.Admin, password)
}
