// Package idempotency makes a mutating call take effect once, however often it is sent.
//
// A key is claimed by the same transaction as the call's first durable effect and answered by the transaction of its last;
// a repeated call gets the stored answer. Keys are scoped by principal and RPC, so nobody sees another's answer. Only
// answers are stored: a call that failed leaves nothing and may be repeated with the same key.
//
// Purely local calls use Do. Calls that go over the network between two transactions use Lookup, Claim in the first
// transaction and Answer in the last; a claim is a lease, so that a repeated call takes over from a process that died.
//
// What a repeated call sees while the first one runs: it waits up to a second for the answer, then gets
// IDEMPOTENCY_IN_PROGRESS with a retry delay. The same key for another request is IDEMPOTENCY_KEY_REUSED. The tables are in
// schema.sql, which each service copies into its migrations.
package idempotency

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/idempotency/db"
	"github.com/cartwright-shop/cartwright/services/platform/identity"
	"github.com/cartwright-shop/cartwright/services/platform/postgres"
)

// ReplayedHeader is the gRPC header that marks a stored answer.
const ReplayedHeader = "idempotent-replayed"

const (
	lease      = 10 * time.Second // how long a claim protects a call whose process may have died
	patience   = time.Second      // how long a repeated call waits for the first one in this process
	retryAfter = time.Second
	maxKey     = 255
	purgeBatch = 2000
)

// Call names one call: who makes it, what it calls, with which key, and the fingerprint of what it asks for.
type Call struct {
	// RPC is the full method name, for example "cartwright.cart.v1.CheckoutService/Checkout".
	RPC string
	// RequestID is the client's key, 1 to 255 printable ASCII characters; empty means that the call is not idempotent.
	RequestID string
	// Principal is who the key belongs to.
	Principal string
	// Fingerprint tells calls with the same key apart.
	Fingerprint []byte
	// earlier are the fingerprints that other releases give the same request.
	earlier [][]byte
}

// NewCall describes the call of the principal in ctx. Fields are what the request asks for, in a fixed order: strings,
// integers, booleans, times, slices, maps, structs of these, and protobuf messages. Any other type panics. Handlers give the
// request whole: a message may get new fields, and requests without them keep their fingerprint; a list of fields or a
// struct may not.
func NewCall(ctx context.Context, rpc, requestID string, fields ...any) Call {
	call := Call{RPC: rpc, RequestID: requestID, Principal: identity.From(ctx).Key()}
	if requestID != "" {
		call.Fingerprint = fingerprint(fields)
	}
	return call
}

// For narrows the call to what it is about, such as a cart that anonymous buyers name by an unguessable id: they all are one
// principal otherwise.
func (c Call) For(subject string) Call {
	c.Principal += "/" + subject
	return c
}

// Accepting also recognizes the fingerprint of other fields: what another release takes for the same request. A release that
// changes what it fingerprints accepts the new form first and gives it one release later, so that a call which is repeated
// during a deploy or after a rollback is still known.
func (c Call) Accepting(fields ...any) Call {
	if c.RequestID != "" {
		c.earlier = append(slices.Clip(c.earlier), fingerprint(fields))
	}
	return c
}

// Keeper claims keys and stores answers in one service's database. It is safe for concurrent use.
type Keeper struct {
	db      *postgres.DB
	queries *db.Queries
	gate    *gate
}

// New returns the keeper of a database that has the table of schema.sql.
func New(database *postgres.DB) *Keeper {
	return &Keeper{db: database, queries: db.New(database), gate: newGate()}
}

// Do runs fn once per key, in one transaction with the claim and the stored answer, and returns what it returned then.
// Without a key it just runs fn in a transaction. Empty is any message of the answer's type, also a nil one. Fn may run
// several times, see postgres.DB.Tx.
func Do[R proto.Message](ctx context.Context, k *Keeper, c Call, empty R, fn func(ctx context.Context) (R, error)) (R, error) {
	if k.db.Ambient(ctx) == nil {
		waited, leave, err := k.Enter(ctx, c)
		if err != nil {
			return empty, err
		}
		defer leave()
		if waited {
			if resp, found, err := Lookup(ctx, k, c, empty); found || err != nil {
				return resp, err
			}
		}
	}
	var resp R
	replayed := false
	err := k.db.Tx(ctx, func(ctx context.Context) (err error) {
		var stored *db.FindKeyRow
		if c.RequestID != "" {
			if stored, err = k.claim(ctx, c); err != nil {
				return err
			}
		}
		if replayed = stored != nil; replayed {
			resp, err = decode(stored.Response, empty)
			return err
		}
		if resp, err = fn(ctx); err != nil || c.RequestID == "" {
			return err
		}
		return k.Answer(ctx, c, resp)
	})
	if err != nil {
		return empty, err
	}
	if replayed {
		markReplayed(ctx)
	}
	return resp, nil
}

// Enter lets one call per key go on in this process until leave is called, and says whether it had to wait for another one,
// whose answer may be stored then. It is for calls that ask other services before they claim their key: those would be asked
// once for every repetition. It fails with IDEMPOTENCY_IN_PROGRESS after a second. Without a key nobody waits.
func (k *Keeper) Enter(ctx context.Context, c Call) (waited bool, leave func(), err error) {
	if c.RequestID == "" {
		return false, func() {}, nil
	}
	return k.gate.enter(ctx, c)
}

// Lookup returns the stored answer of a call, if there is one: the cheap first step of a call that is no single
// transaction. It fails with IDEMPOTENCY_KEY_REUSED when the key was used for another request and with
// IDEMPOTENCY_IN_PROGRESS while another process works on it. A claim whose lease has expired counts as not found, so that
// the caller goes on to take it over.
func Lookup[R proto.Message](ctx context.Context, k *Keeper, c Call, empty R) (resp R, found bool, err error) {
	if c.RequestID == "" {
		return empty, false, nil
	}
	if err := c.validate(); err != nil {
		return empty, false, err
	}
	row, err := k.queries.FindKey(ctx, db.FindKeyParams{Principal: c.Principal, Rpc: c.RPC, RequestID: c.RequestID})
	if postgres.NoRows(err) {
		return empty, false, nil
	}
	if err != nil {
		return empty, false, fmt.Errorf("look up idempotency key: %w", err)
	}
	switch {
	case !c.Accepts(row.Fingerprint):
		return empty, false, reused()
	case row.State != "done" && row.Expired:
		return empty, false, nil
	case row.State != "done":
		return empty, false, inProgress()
	}
	if resp, err = decode(row.Response, empty); err != nil {
		return empty, false, err
	}
	markReplayed(ctx)
	return resp, true, nil
}

// Claim takes the key in the transaction of ctx, for ten seconds or until Answer. It takes over a claim whose lease has
// expired; the caller then goes on from what the earlier one left behind. It fails with IDEMPOTENCY_KEY_REUSED, or with
// IDEMPOTENCY_IN_PROGRESS when somebody else holds the key or has just answered it. Without a key it does nothing.
func (k *Keeper) Claim(ctx context.Context, c Call) error {
	if c.RequestID == "" {
		return nil
	}
	if k.db.Ambient(ctx) == nil {
		return errors.New("claim idempotency key: no transaction is open")
	}
	stored, err := k.claim(ctx, c)
	if err != nil {
		return err
	}
	if stored != nil {
		return inProgress()
	}
	return nil
}

// Answer stores the answer in the transaction of ctx, or at once without one. When somebody else answered the key
// meanwhile it fails with IDEMPOTENCY_IN_PROGRESS, which rolls this transaction back; the client's next try gets the stored
// answer. Without a key it does nothing.
func (k *Keeper) Answer(ctx context.Context, c Call, resp proto.Message) error {
	if c.RequestID == "" {
		return nil
	}
	body, err := proto.Marshal(resp)
	if err != nil {
		return fmt.Errorf("store answer: %w", err)
	}
	if body == nil {
		body = []byte{}
	}
	n, err := k.queries.AnswerKey(ctx, db.AnswerKeyParams{
		Response: body, Principal: c.Principal, Rpc: c.RPC, RequestID: c.RequestID, Fingerprint: c.Fingerprint,
	})
	if err != nil {
		return fmt.Errorf("store answer: %w", err)
	}
	if n == 0 {
		return inProgress()
	}
	return nil
}

// Release gives a claim up without an answer, when the call ended in a refusal that another try may overcome.
func (k *Keeper) Release(ctx context.Context, c Call) error {
	if c.RequestID == "" {
		return nil
	}
	_, err := k.queries.ReleaseKey(ctx, db.ReleaseKeyParams{Principal: c.Principal, Rpc: c.RPC, RequestID: c.RequestID, Fingerprint: c.Fingerprint})
	if err != nil {
		return fmt.Errorf("release idempotency key: %w", err)
	}
	return nil
}

// Retention is how long answers are kept. It outlives every retry of a client, a worker or a webhook.
const Retention = 7 * 24 * time.Hour

// PurgeInterval is how often keys are purged: rarely enough to cost nothing, often enough that each time finds little.
const PurgeInterval = time.Minute

// Register adds the gauge cartwright_idempotency_purge_lag_seconds, which grows while the purge does not keep up.
func (k *Keeper) Register(metrics prometheus.Registerer) error {
	lag := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "cartwright_idempotency_purge_lag_seconds",
		Help: "How long the oldest stored answer has outlived its time; NaN when the database does not answer.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		seconds, err := k.queries.PurgeLag(ctx, Retention.Seconds())
		if err != nil && !postgres.NoRows(err) {
			return math.NaN()
		}
		return seconds
	})
	if err := metrics.Register(lag); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}

// Purge deletes answers given longer than age ago, in batches, and says how many. Claims without an answer stay: they belong
// to a call that is at work or that may still be repeated.
func (k *Keeper) Purge(ctx context.Context, age time.Duration) (int64, error) {
	var total int64
	for {
		n, err := k.queries.PurgeKeys(ctx, db.PurgeKeysParams{AgeSeconds: age.Seconds(), Batch: purgeBatch})
		if err != nil {
			return total, fmt.Errorf("purge idempotency keys: %w", err)
		}
		if total += n; n < purgeBatch {
			return total, nil
		}
	}
}

func decode[R proto.Message](body []byte, empty R) (R, error) {
	resp, ok := empty.ProtoReflect().New().Interface().(R)
	if !ok {
		return empty, fmt.Errorf("decode stored answer: %T is not the answer's type", empty)
	}
	if err := proto.Unmarshal(body, resp); err != nil {
		return empty, fmt.Errorf("decode stored answer: %w", err)
	}
	return resp, nil
}

// markReplayed tells the client; outside a server call there is nobody to tell.
func markReplayed(ctx context.Context) {
	if grpc.ServerTransportStreamFromContext(ctx) != nil {
		_ = grpc.SetHeader(ctx, metadata.Pairs(ReplayedHeader, "true"))
	}
}

func reused() error {
	return errs.IdempotencyKeyReused.New("This idempotency key was used for a different request.")
}

func inProgress() error {
	return errs.IdempotencyInProgress.New("The first request with this idempotency key is still running.").RetryAfter(retryAfter)
}
