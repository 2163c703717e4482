package grpcserver

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

const databaseRetry = time.Second

// classify gives err its kind. A service types the errors somebody handles; what the driver of the database throws beside
// is typed here. The driver's text stays in the cause: it may quote SQL.
func classify(ctx context.Context, err error) *errs.Error {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e
	}
	if ctx.Err() != nil {
		return errs.Known(ctx.Err()).Because(err)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return ofSQLState(pg.Code, err)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return errs.Known(err)
	}
	if connectionLost(err) {
		return unavailable(err)
	}
	return errs.Known(err)
}

func connectionLost(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err) ||
		strings.HasSuffix(err.Error(), "closed pool")
}

func unavailable(cause error) *errs.Error {
	return errs.DatabaseUnavailable.New("The database does not answer.").RetryAfter(databaseRetry).Because(cause)
}

// ofSQLState follows the classes of the PostgreSQL manual, appendix A.
func ofSQLState(state string, cause error) *errs.Error {
	switch state {
	case "57014": // query_canceled, by a statement timeout or by a caller that left
		return errs.DeadlineReached.New("The time given for the call is over.").Because(cause)
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return errs.Conflict.New("The request clashed with another one.").RetryAfter(100 * time.Millisecond).Because(cause)
	case "23505", "23P01": // unique_violation, exclusion_violation
		return errs.AlreadyExistsKind.New("A thing with this name or key exists already.").Because(cause)
	case "23503", "23514", "23001": // foreign_key_violation, check_violation, restrict_violation
		return errs.StateConflict.New("The state of the data does not allow the change.").Because(cause)
	case "22021", "22P05": // character_not_in_repertoire, untranslatable_character
		return errs.CharNotAllowed.New("A text has a character that cannot be stored.").Because(cause)
	case "25006", "25P03", "25P04": // read_only: the other side of a failover; the server ended a transaction that took too long
		return unavailable(cause)
	}
	switch class := state[:min(2, len(state))]; class {
	case "08", "53", "57", "28", "3D": // connection, resources, operator intervention, authorization, catalog name
		return unavailable(cause)
	}
	switch state {
	case "42P01", "42703", "42883", "3F000": // a schema that has not been migrated yet
		return unavailable(cause)
	}
	return errs.InternalError.New("Something broke on our side.").Because(cause)
}
