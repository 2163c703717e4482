package job_test

import (
	"context"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/job"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

type welcome struct {
	Email string `json:"email"`
}

func (welcome) Kind() string { return "welcome" }

// A mail is sent after the transaction that signs somebody up, if and only if that commits.
func Example() {
	signUp := func(ctx context.Context, db *postgres.DB, send func(ctx context.Context, email string) error) error {
		jobs := job.NewRegistry()
		job.Handle(jobs, func(ctx context.Context, args welcome) error { return send(ctx, args.Email) }, job.MaxAttempts(10))
		job.Every(jobs, "tidy", time.Hour, func(context.Context) error { return nil })
		client, err := job.Open(db, jobs, job.Config{})
		if err != nil {
			return err
		}
		client.Start(ctx)
		return db.Tx(ctx, func(ctx context.Context) error {
			// ... insert the account ...
			return client.Insert(ctx, welcome{Email: "ann@example.com"})
		})
	}
	_ = signUp
}
