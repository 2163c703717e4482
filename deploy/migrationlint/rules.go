package migrationlint

import (
	"fmt"
	"strings"
)

// statement judges one statement by its first words.
func (l *linter) statement(s statement) {
	r := s.read()
	if l.migration.alone {
		l.repeatable(s)
	}
	switch {
	case r.accept("CREATE"):
		l.create(r, s)
	case r.accept("ALTER", "TABLE"):
		l.alterTable(r, s)
	case r.accept("ALTER"):
		l.alterOther(r, s)
	case r.accept("DROP"):
		l.drop(r, s)
	case r.at("UPDATE"), r.at("DELETE"), r.at("INSERT"), r.at("WITH"), r.at("MERGE"):
		l.rows(r, s)
	case r.accept("TRUNCATE"):
		l.report(Expand, s.line(), "TRUNCATE removes rows that the old release reads", "leave them, or delete what nobody needs in batches, in a job")
	case r.accept("REVOKE"):
		l.revoke(r, s)
	case r.at("SET"), r.at("RESET"):
		l.report(Locks, s.line(), "the runner sets timeouts and search path of its connection, and this changes them", "remove it: a statement that waits too long is tried again by the runner")
	case r.at("LOCK"), r.at("CLUSTER"), r.at("REINDEX"), r.at("REFRESH"), r.at("VACUUM"):
		if !r.has("CONCURRENTLY") {
			l.report(Locks, s.line(), r.tokens[0].text+" keeps everybody out of a table", "leave it out; indexes and views have a CONCURRENTLY form")
		}
	case r.at("DO"):
		l.report(Locks, s.line(), "what DO runs cannot be read here", "write the statements out, or a function")
	case r.at("BEGIN"), r.at("COMMIT"), r.at("ROLLBACK"), r.at("SAVEPOINT"):
		l.report(Repeat, s.line(), "the runner makes the transaction, and records the migration in it", "remove it, or say -- +goose NO TRANSACTION")
	case r.at("COMMENT"), r.at("GRANT"), r.at("ANALYZE"), r.at("SELECT"):
	default:
		l.unknown(s)
	}
}

// repeatable holds statements that are transactions of their own to forms that may run again: after a failure the runner begins
// the file anew.
func (l *linter) repeatable(s statement) {
	r := s.read()
	safe := r.at("COMMENT") || r.at("GRANT") || r.at("REVOKE") || r.at("ANALYZE") || r.at("UPDATE") || r.at("DELETE") || r.at("SELECT") ||
		r.has("IF", "NOT", "EXISTS") || r.has("IF", "EXISTS") || r.has("OR", "REPLACE") || r.has("ON", "CONFLICT") ||
		r.has("VALIDATE", "CONSTRAINT") || r.has("SET", "NOT", "NULL") || r.has("REINDEX")
	if !safe {
		l.report(Repeat, s.line(), "it fails when the file is run again after a later statement failed", "use IF NOT EXISTS, IF EXISTS or OR REPLACE, or put it in a migration with a transaction")
	}
}

// touch notes that a table in use is locked. In one transaction that may be one: two locks are taken in an order that requests
// know nothing of, and the first is held while the second is waited for.
func (l *linter) touch(table string, line int) (inUse bool) {
	if l.made[table] || table == "" {
		return false
	}
	if !l.migration.alone && !l.touched[table] && len(l.touched) > 0 {
		l.report(Traffic, line, fmt.Sprintf("it locks %s while it holds the lock of another table that is in use", table), "put it into a migration of its own")
	}
	l.touched[table] = true
	return true
}

func (l *linter) create(r *reader, s statement) {
	r.accept("OR", "REPLACE")
	r.accept("UNIQUE")
	r.accept("UNLOGGED")
	r.accept("CONSTRAINT")
	switch {
	case r.accept("INDEX"):
		l.createIndex(r, s)
	case r.accept("TABLE"):
		r.accept("IF", "NOT", "EXISTS")
		l.made[r.name()] = true
		for r.seek("REFERENCES") {
			r.accept("REFERENCES")
			l.touch(r.name(), s.line())
		}
	case r.accept("TRIGGER"):
		r.seek("ON")
		r.accept("ON")
		l.touch(r.name(), s.line())
	case r.accept("VIEW"), r.accept("FUNCTION"), r.accept("PROCEDURE"), r.accept("SEQUENCE"), r.accept("TYPE"), r.accept("DOMAIN"),
		r.accept("MATERIALIZED", "VIEW"), r.accept("AGGREGATE"), r.accept("STATISTICS"):
		r.accept("IF", "NOT", "EXISTS")
		l.made[r.name()] = true
	default:
		l.unknown(s)
	}
}

// unknown is a statement of which this linter knows nothing.
func (l *linter) unknown(s statement) {
	first := s.tokens[0].text
	if len(s.tokens) > 1 {
		first += " " + s.tokens[1].text
	}
	l.report(Locks, s.line(), fmt.Sprintf("nobody has thought about what %s does to traffic", first), "teach this linter the statement, or give the reason for this one")
}

func (l *linter) createIndex(r *reader, s statement) {
	concurrently := r.accept("CONCURRENTLY")
	r.accept("IF", "NOT", "EXISTS")
	if !r.at("ON") {
		r.name()
	}
	r.accept("ON")
	r.accept("ONLY")
	table := r.name()
	switch {
	case concurrently && !l.migration.alone:
		l.report(Locks, s.line(), "CONCURRENTLY cannot run in a transaction", "say -- +goose NO TRANSACTION at the top of the file")
	case !concurrently && !l.made[table]:
		l.report(Locks, s.line(), fmt.Sprintf("building the index keeps everybody from writing to %s", table), "CREATE INDEX CONCURRENTLY IF NOT EXISTS, in a file with -- +goose NO TRANSACTION")
	}
}

func (l *linter) drop(r *reader, s statement) {
	if r.accept("INDEX") {
		if !r.accept("CONCURRENTLY") {
			l.report(Locks, s.line(), "it waits for every request on the table, with all later ones behind it", "DROP INDEX CONCURRENTLY IF EXISTS, in a file with -- +goose NO TRANSACTION")
		} else if !l.migration.alone {
			l.report(Locks, s.line(), "CONCURRENTLY cannot run in a transaction", "say -- +goose NO TRANSACTION at the top of the file")
		}
		return
	}
	what := "it"
	if len(r.tokens) > 0 {
		what = strings.ToLower(r.tokens[0].text)
	}
	if r.accept("TABLE") || r.accept("FUNCTION") || r.accept("VIEW") {
		r.accept("IF", "EXISTS")
		if l.made[r.name()] {
			return
		}
	}
	l.report(Expand, s.line(), fmt.Sprintf("the old release may use the %s that it drops", what), later)
}

// later is what to do with whatever takes away.
const later = "release what no longer uses it first, and drop it in a later release with -- allow MIG-1 since that release: why"

func (l *linter) revoke(r *reader, s statement) {
	if !r.seek("ON") {
		return
	}
	r.accept("ON")
	for _, kind := range []string{"TABLE", "FUNCTION", "SEQUENCE"} {
		r.accept(kind)
	}
	for _, object := range r.parts() {
		if table := object.name(); !l.made[table] {
			l.report(Expand, s.line(), fmt.Sprintf("the old release may use the right on %s", table), later)
		}
	}
}

// rows judges changes of rows. What fills a table of the same file is alone with it.
func (l *linter) rows(r *reader, s statement) {
	table := ""
	switch {
	case r.accept("INSERT", "INTO"):
		table = r.name()
		if !l.made[table] && !r.has("SELECT") {
			return // some rows that are written out
		}
	case r.accept("UPDATE"), r.accept("DELETE", "FROM"):
		r.accept("ONLY")
		table = r.name()
	}
	if table == "" || !l.made[table] {
		l.report(Traffic, s.line(), "it holds locks of rows of a table in use until all are done", "let a job of the new release do it in batches, and let the new release read both forms until it is done")
	}
}
