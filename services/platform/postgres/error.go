package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE codes that callers and this package tell apart.
const (
	codeUnique        = "23505"
	codeForeignKey    = "23503"
	codeCheck         = "23514"
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeLockTimeout   = "55P03"
)

// IsUnique says whether err is a violation of the named unique constraint or index; an empty name means any.
func IsUnique(err error, constraint string) bool { return violates(err, codeUnique, constraint) }

// IsCheck says whether err is a violation of the named check constraint; an empty name means any.
func IsCheck(err error, constraint string) bool { return violates(err, codeCheck, constraint) }

// IsForeignKey says whether err is a violation of the named foreign key; an empty name means any.
func IsForeignKey(err error, constraint string) bool {
	return violates(err, codeForeignKey, constraint)
}

// IsLockTimeout says whether err means that a lock was not granted within lock_timeout.
func IsLockTimeout(err error) bool { return hasCode(err, codeLockTimeout) }

// NoRows says whether err means that a query for one row found none.
func NoRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

// Retryable says whether err means that the server gave up the transaction in favour of another one, so that running all
// of it again may succeed.
func Retryable(err error) bool { return hasCode(err, codeSerialization) || hasCode(err, codeDeadlock) }

func violates(err error, code, constraint string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == code && (constraint == "" || pgErr.ConstraintName == constraint)
}

func hasCode(err error, code string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == code
}
