package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cartwright-shop/cartwright/deploy/certificates"
	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
)

// arriveTime is how long a changed Secret may take to become a changed file in every pod.
const arriveTime = 2 * time.Minute

// rotatePasswords lets the second role of every service take its turn, as docs/security.md has it: it gets a new password, and pods the
// Secret of it. Then sessions that do nothing are ended, so that pools have to open new ones with what they have read since.
func (p *Proof) rotatePasswords(ctx context.Context) (outcome, error) {
	before, err := p.kube.pods(ctx, "")
	if err != nil {
		return outcome{}, err
	}
	conn, err := pgx.Connect(ctx, p.databaseURL(databaseName, "", "", true))
	if err != nil {
		return outcome{}, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	p.state.Second = !p.state.Second
	for _, service := range withDatabase() {
		role := p.appRole(service)
		p.state.Passwords[role] = password()
		if err := renew(ctx, conn, service, role, p.state.Passwords[role]); err != nil {
			return outcome{}, err
		}
		if err := p.databaseSecret(ctx, service); err != nil {
			return outcome{}, err
		}
	}
	began := time.Now()
	if err := errors.Join(p.save(), p.reconnected(ctx, conn)); err != nil {
		return outcome{}, err
	}
	told := outcome{note: fmt.Sprintf("five roles; every service had connected with its new password after %.0f s, no pod was restarted", time.Since(began).Seconds())}
	return told, p.untouched(ctx, before)
}

// appRole is the role that a service connects as now.
func (p *Proof) appRole(service string) string {
	if p.state.Second {
		return provision.App(service) + "_b"
	}
	return provision.App(service)
}

// renew gives a role a password. The second role of a service is made when it is not there, with the rights and limits of the first.
func renew(ctx context.Context, conn *pgx.Conn, service, role, password string) error {
	name := pgx.Identifier{role}.Sanitize()
	statements := []string{fmt.Sprintf("ALTER ROLE %s LOGIN PASSWORD '%s'", name, password)} // of letters and digits
	if role != provision.App(service) {
		var there bool
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role).Scan(&there); err != nil {
			return err
		}
		if !there {
			statements = slices.Insert(statements, 0, fmt.Sprintf("CREATE ROLE %s IN ROLE %s", name, pgx.Identifier{provision.App(service)}.Sanitize()))
		}
		statements = append(statements,
			fmt.Sprintf("ALTER ROLE %s SET search_path = %s, extensions", name, pgx.Identifier{service}.Sanitize()),
			fmt.Sprintf("ALTER ROLE %s SET statement_timeout = '2s'", name),
			fmt.Sprintf("ALTER ROLE %s SET lock_timeout = '1s'", name),
			fmt.Sprintf("ALTER ROLE %s SET idle_in_transaction_session_timeout = '10s'", name))
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("role %s: %w", role, err)
		}
	}
	return nil
}

// reconnected waits until every service has sessions of its new role.
func (p *Proof) reconnected(ctx context.Context, conn *pgx.Conn) error {
	return waitFor(ctx, arriveTime, "every service connects anew", func(ctx context.Context) (bool, error) {
		var missing []string
		for _, service := range withDatabase() {
			var fresh bool
			err := conn.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = $1", p.appRole(service)).Scan(&fresh)
			if err != nil {
				return false, err
			}
			if fresh {
				continue
			}
			missing = append(missing, service)
			// One that has rested for a while is looked at by its pool before it is used, so that its end breaks nothing.
			_, err = conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM (
				SELECT pid FROM pg_stat_activity WHERE usename = ANY($1) AND state = 'idle' AND state_change < now() - interval '3 s' LIMIT 1) AS resting`,
				[]string{provision.App(service), provision.App(service) + "_b"})
			if err != nil {
				return false, err
			}
		}
		if len(missing) > 0 {
			return false, errors.New(strings.Join(missing, " "))
		}
		return true, nil
	})
}

// trustDomain is that of the proof's shop.
const trustDomain = "proof.example.com"

// certify gives every service a new certificate. The authority stays in the proof's folder.
func (p *Proof) certify(ctx context.Context) error {
	authority, err := certificates.Open(filepath.Join(p.Dir, "authority"))
	if err != nil {
		return err
	}
	secrets, err := authority.Secrets(certificates.Request{Domain: trustDomain, Namespace: shopNamespace, Days: 1})
	if err != nil {
		return err
	}
	_, err = p.kube.run(ctx, secrets, "kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-")
	return err
}

// rotateCertificates gives every service a new certificate under load and waits until each process has taken it.
func (p *Proof) rotateCertificates(ctx context.Context) (outcome, error) {
	pods, err := p.kube.pods(ctx, "")
	if err != nil {
		return outcome{}, err
	}
	pods = slices.DeleteFunc(pods, func(one pod) bool { return one.Metadata.Labels["app.kubernetes.io/name"] == "sandbox" })
	before, err := p.counted(ctx, pods, reloads)
	if err != nil {
		return outcome{}, err
	}
	if err := p.certify(ctx); err != nil {
		return outcome{}, err
	}
	began := time.Now()
	err = waitFor(ctx, arriveTime, "every process takes its new certificate", func(ctx context.Context) (bool, error) {
		after, err := p.counted(ctx, pods, reloads)
		if err != nil {
			return false, err
		}
		for n := range after {
			if after[n] <= before[n] {
				return false, fmt.Errorf("%s has not", pods[n].Metadata.Name)
			}
		}
		return true, nil
	})
	told := outcome{note: fmt.Sprintf("all %d processes had their new certificate after %.0f s, none was restarted", len(pods), time.Since(began).Seconds())}
	if err != nil {
		return told, err
	}
	return told, p.untouched(ctx, pods)
}

// reloads counts certificates that a process has taken while it ran.
const reloads = `mtls_reloads_total{result="ok"}`
