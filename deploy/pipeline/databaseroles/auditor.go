package databaseroles

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/cartwright-shop/cartwright/deploy/audit"
)

// ApplyAuditor makes the role that reads the schemas of all services, which must be there, with the password that the vault has, and
// writes its URL into it. It may be run again.
func (d Database) ApplyAuditor(ctx context.Context, vault Vault, environment string) error {
	login, err := d.complete(ctx, vault, secretName(environment, audit.Role), audit.Role)
	if err != nil {
		return err
	}
	return audit.Provision(ctx, d.AdministratorURL, login.Password)
}

// RotateAuditor gives the auditor a new password. It has one login only: an audit that begins before the new one has reached it fails, and
// is tried again. The vault is changed before the database, so that ApplyAuditor mends whatever went wrong in between.
func (d Database) RotateAuditor(ctx context.Context, vault Vault, environment string) error {
	login := Login{Username: audit.Role, Password: rand.Text() + rand.Text()}
	login.URL = d.url(login)
	name := secretName(environment, audit.Role)
	if err := vault.Put(ctx, name, login); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return d.ApplyAuditor(ctx, vault, environment)
}
