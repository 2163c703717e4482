package cluster

import (
	"context"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
)

// withDatabase are the services that have a schema.
func withDatabase() []string { return services[:len(services)-1] }

// databaseURL is how a role reaches a database: from this machine, or as pods do.
func (p *Proof) databaseURL(database, role, password string, here bool) string {
	u, err := url.Parse(p.Postgres)
	if err != nil {
		return "" // it was parsed before the way in was opened
	}
	u.Path = "/" + database
	if role != "" {
		u.User = url.UserPassword(role, password)
	}
	if here {
		u.Host = p.postgres
	}
	return u.String()
}

// database makes one of the proof's own with a role per service, and Secrets of their URLs as an operator would.
func (p *Proof) database(ctx context.Context) error {
	if err := p.fresh(ctx, databaseName); err != nil {
		return err
	}
	for _, service := range withDatabase() {
		p.state.Passwords[provision.App(service)], p.state.Passwords[provision.Owner(service)] = password(), password()
	}
	p.state.Passwords[audit.Role] = password()
	if err := p.provision(ctx); err != nil {
		return err
	}
	for _, service := range withDatabase() {
		if err := p.databaseSecret(ctx, service); err != nil {
			return err
		}
	}
	return nil
}

// provision makes roles and schemas, or gives the roles their passwords again.
func (p *Proof) provision(ctx context.Context) error {
	var list []provision.Service
	for _, service := range withDatabase() {
		list = append(list, provision.Service{
			Name: service, AppPassword: p.state.Passwords[provision.App(service)], OwnerPassword: p.state.Passwords[provision.Owner(service)],
		})
	}
	admin := p.databaseURL(databaseName, "", "", true)
	if err := provision.Apply(ctx, admin, list...); err != nil {
		return err
	}
	return audit.Provision(ctx, admin, p.state.Passwords[audit.Role])
}

// databaseSecret writes the Secret that a service's pods mount.
func (p *Proof) databaseSecret(ctx context.Context, service string) error {
	app, owner := p.appRole(service), provision.Owner(service)
	return p.kube.apply(ctx, object{
		"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": service + "-database", "namespace": shopNamespace},
		"stringData": object{
			"app":   p.databaseURL(databaseName, app, p.state.Passwords[app], false),
			"owner": p.databaseURL(databaseName, owner, p.state.Passwords[owner], false),
		},
	})
}

// fresh makes an empty database in place of one of that name.
func (p *Proof) fresh(ctx context.Context, name string) error {
	u, err := url.Parse(p.Postgres)
	if err != nil {
		return err
	}
	u.Host = p.postgres
	conn, err := pgx.Connect(ctx, u.String())
	if err != nil {
		return fmt.Errorf("reach Postgres through the cluster: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	quoted := pgx.Identifier{name}.Sanitize()
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quoted+" WITH (FORCE)"); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+quoted)
	return err
}
