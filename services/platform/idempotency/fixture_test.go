package idempotency_test

import (
	"context"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cartwright-shop/cartwright/services/platform/idempotency"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
	"github.com/cartwright-shop/cartwright/services/platform/postgrestest"
)

const (
	rpc     = "cartwright.test.v1.TestService/Pay"
	waitFor = 20 * time.Second
)

// answer is the response of the calls under test.
type answer = *wrapperspb.StringValue

func database(t *testing.T) *postgrestest.Database {
	t.Helper()
	schema, err := os.ReadFile("schema.sql")
	require.NoError(t, err)
	sql := "-- +goose Up\n" + string(schema) + "\nCREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL);"
	return postgrestest.New(t, "till", fstest.MapFS{"001_create_keys.sql": {Data: []byte(sql)}})
}

func call(ctx context.Context, key, body string) idempotency.Call {
	return idempotency.NewCall(ctx, rpc, key, body)
}

// pay is a handler: one effect and an answer that says which.
func pay(db *postgres.DB, body string) func(ctx context.Context) (answer, error) {
	return func(ctx context.Context) (answer, error) {
		var id string
		err := db.QueryRow(ctx, "INSERT INTO effect (body) VALUES ($1) RETURNING id::text || ' ' || body", body).Scan(&id)
		return wrapperspb.String(id), err
	}
}

func effects(t *testing.T, db *postgres.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM effect").Scan(&n))
	return n
}

func keys(t *testing.T, db *postgres.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM idempotency_key").Scan(&n))
	return n
}

// expire lets the lease of every claim run out now.
func expire(t *testing.T, db *postgres.DB) {
	t.Helper()
	_, err := db.Exec(t.Context(), "UPDATE idempotency_key SET lease_until = now() - interval '1 second'")
	require.NoError(t, err)
}

// recorder is a server's side of a call that keeps the headers set on it.
type recorder struct{ header metadata.MD }

func (r *recorder) Method() string { return "/" + rpc }
func (r *recorder) SetHeader(md metadata.MD) error {
	r.header = metadata.Join(r.header, md)
	return nil
}
func (r *recorder) SendHeader(md metadata.MD) error { return r.SetHeader(md) }
func (r *recorder) SetTrailer(metadata.MD) error    { return nil }

// serverCall is a context as a gRPC server hands it to a handler.
func serverCall(t *testing.T) (context.Context, *recorder) {
	t.Helper()
	stream := &recorder{}
	return grpc.NewContextWithServerTransportStream(t.Context(), stream), stream
}

func as(ctx context.Context, subject string) context.Context {
	return identity.With(ctx, identity.Principal{Kind: identity.Customer, Subject: subject})
}
