package migrationlint

import (
	"fmt"
	"slices"
	"strings"
)

// alterOther judges changes of what is not a table.
func (l *linter) alterOther(r *reader, s statement) {
	kind := strings.ToLower(r.tokens[0].text)
	switch {
	case r.has("RENAME"), r.has("SET", "SCHEMA"):
		l.report(Expand, s.line(), fmt.Sprintf("the old release knows the %s by its old name", kind), later)
	case r.accept("TYPE"):
		r.name()
		if !r.at("ADD", "VALUE") {
			l.report(Expand, s.line(), "the old release knows the type as it was", "make a new type, and a column of it")
		}
	case r.accept("DEFAULT", "PRIVILEGES"):
		if r.has("REVOKE") {
			l.report(Expand, s.line(), "it takes a right away", later)
		}
	case r.at("FUNCTION"), r.at("SEQUENCE"), r.at("INDEX"), r.at("VIEW"), r.at("STATISTICS"):
	default:
		l.unknown(s)
	}
}

func (l *linter) alterTable(r *reader, s statement) {
	r.accept("IF", "EXISTS")
	r.accept("ONLY")
	table := r.name()
	if !l.touch(table, s.line()) {
		return
	}
	for _, action := range r.parts() {
		l.action(table, action)
	}
}

// action judges one part of ALTER TABLE on a table that is in use.
func (l *linter) action(table string, r *reader) {
	line := r.line()
	switch {
	case r.accept("RENAME"), r.accept("SET", "SCHEMA"):
		l.report(Expand, line, "the old release knows it by its old name", "add the new column or view beside it, write both, and drop the old one in a later release")
	case r.accept("ADD", "COLUMN"):
		l.addColumn(r, line)
	case r.at("ADD") && l.isConstraint(r):
		r.accept("ADD")
		l.addConstraint(table, r, line)
	case r.accept("ADD"):
		l.addColumn(r, line)
	case r.accept("DROP"):
		l.dropPart(r, line)
	case r.accept("ALTER", "COLUMN"), r.accept("ALTER"):
		l.alterColumn(table, r, line)
	case r.accept("VALIDATE", "CONSTRAINT"):
		l.validate(table, r.name(), line)
	case r.accept("SET", "("), r.accept("RESET", "("), r.at("OWNER"), r.at("REPLICA"), r.at("ENABLE", "TRIGGER"), r.at("CLUSTER"):
	case r.at("SET"), r.at("ATTACH"), r.at("DETACH"), r.at("DISABLE"), r.at("INHERIT"), r.at("NO"), r.at("ENABLE"), r.at("FORCE"):
		l.report(Locks, line, "it rewrites the table, or changes what happens to its rows, behind a lock that keeps everybody out", "make a new table, fill it by a job, and read it from a later release on")
	default:
		l.report(Locks, line, "nobody has thought about what this change of a table does to traffic", "teach this linter the change, or give the reason for this one")
	}
}

// isConstraint tells ADD of a constraint from ADD of a column.
func (l *linter) isConstraint(r *reader) bool {
	for _, w := range []string{"CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "FOREIGN", "EXCLUDE"} {
		if r.at("ADD", w) {
			return true
		}
	}
	return false
}

// steady are functions that give one value for a whole statement, so that a default of them rewrites nothing.
var steady = []string{"now", "transaction_timestamp", "statement_timestamp", "numeric", "varchar", "char", "timestamptz", "interval", "array"}

// addColumn wants a column that the old release can leave out, and that is there without a look at the rows.
func (l *linter) addColumn(r *reader, line int) {
	r.accept("IF", "NOT", "EXISTS")
	column := r.name()
	if r.has("NOT", "NULL") && !r.has("DEFAULT") && !r.has("GENERATED") {
		l.report(Expand, line, fmt.Sprintf("the old release does not know %s, and its inserts fail", column), "give it a DEFAULT, or let it be NULL until a later release")
	}
	if r.has("PRIMARY", "KEY") || r.has("UNIQUE") {
		l.report(Locks, line, fmt.Sprintf("the index of %s is built behind a lock that keeps everybody out", column), "add the column, then CREATE UNIQUE INDEX CONCURRENTLY in a migration of its own")
	}
	if r.has("REFERENCES") || r.has("CHECK") {
		l.report(Locks, line, fmt.Sprintf("every row is looked at for the constraint of %s, behind a lock that keeps everybody out", column), "add the constraint by itself with NOT VALID, and validate it in the next migration")
	}
	kind := *r
	if kind.at("SERIAL") || kind.at("BIGSERIAL") || kind.at("SMALLSERIAL") || r.has("GENERATED") {
		l.report(Locks, line, fmt.Sprintf("the table is rewritten to fill %s", column), "add it without, fill it by a job")
	}
	for _, call := range afterDefault(*r).calls() {
		if !slices.Contains(steady, call) {
			l.report(Locks, line, fmt.Sprintf("%s() gives every row a value of its own, so the table is rewritten", call), "add the column without, set the default, and fill old rows by a job")
		}
	}
}

// afterDefault is the default of a column, up to the constraints that may come behind it.
func afterDefault(r reader) *reader {
	if !r.seek("DEFAULT") {
		return &reader{}
	}
	end := slices.IndexFunc(r.tokens, func(t token) bool {
		return t.kind == word && slices.Contains([]string{"CHECK", "REFERENCES", "CONSTRAINT", "UNIQUE", "PRIMARY"}, t.text)
	})
	if end >= 0 {
		r.tokens = r.tokens[:end]
	}
	return &r
}

// addConstraint wants a constraint that looks at no row yet.
func (l *linter) addConstraint(table string, r *reader, line int) {
	name := ""
	if r.accept("CONSTRAINT") {
		name = r.name()
	}
	switch {
	case r.at("CHECK"), r.at("FOREIGN"):
		if !r.has("NOT", "VALID") {
			l.report(Locks, line, "every row is looked at, behind a lock that keeps everybody from writing", "add NOT VALID, and VALIDATE CONSTRAINT in the next migration")
		}
		l.schema.added[table+" "+name] = l.place
		for i := range r.tokens {
			if (&reader{r.tokens[i:]}).at("IS", "NOT", "NULL") && i > 0 {
				column := &reader{r.tokens[i-1 : i]}
				l.schema.notNull[table+" "+name+" "+column.name()] = !r.has("NOT", "VALID")
			}
		}
	case r.at("UNIQUE"), r.at("PRIMARY"):
		if !r.has("USING", "INDEX") {
			l.report(Locks, line, "its index is built behind a lock that keeps everybody out", "CREATE UNIQUE INDEX CONCURRENTLY in a migration of its own, then ADD CONSTRAINT ... USING INDEX")
		}
	default:
		l.report(Locks, line, "its index is built behind a lock that keeps everybody out", "check it in the service, or make a new table with it")
	}
}

// validate wants the look at every row to be another transaction than the one that added the constraint and holds its lock.
func (l *linter) validate(table, name string, line int) {
	place, known := l.schema.added[table+" "+name]
	if known && place == l.place && !l.migration.alone {
		l.report(Locks, line, "every row is looked at while the lock of ADD CONSTRAINT is held", "validate it in the next migration")
	}
	for key := range l.schema.notNull {
		if strings.HasPrefix(key, table+" "+name+" ") {
			l.schema.notNull[key] = true
		}
	}
}

func (l *linter) dropPart(r *reader, line int) {
	switch {
	case r.accept("CONSTRAINT"):
		r.accept("IF", "EXISTS")
		name := r.name()
		for key := range l.schema.notNull {
			if strings.Contains(key, " "+name+" ") {
				return // it stood in for NOT NULL
			}
		}
		l.report(Expand, line, fmt.Sprintf("the old release may rely on %s, in ON CONFLICT say", name), later)
	default:
		r.accept("COLUMN")
		r.accept("IF", "EXISTS")
		l.report(Expand, line, fmt.Sprintf("the old release reads and writes %s", r.name()), later)
	}
}

func (l *linter) alterColumn(table string, r *reader, line int) {
	column := r.name()
	switch {
	case r.accept("TYPE"), r.accept("SET", "DATA", "TYPE"):
		l.report(Locks, line, fmt.Sprintf("the table is rewritten for the new type of %s, and the old release reads the old one", column),
			"add a column of the new type, write both, fill it by a job, and drop the old one in a later release")
	case r.accept("SET", "NOT", "NULL"):
		if !l.valid(table, column) {
			l.report(Locks, line, fmt.Sprintf("every row is looked at for a null in %s, behind a lock that keeps everybody out", column),
				fmt.Sprintf("ADD CONSTRAINT ... CHECK (%s IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT in the next migration, then this", column))
		}
	case r.accept("DROP", "NOT", "NULL"):
		l.report(Expand, line, fmt.Sprintf("the old release cannot read a null in %s", column), "add a column that may be null, and use it from a later release on")
	case r.accept("DROP", "DEFAULT"):
		l.report(Expand, line, fmt.Sprintf("the old release may leave %s out", column), later)
	case r.at("SET", "DEFAULT"), r.at("SET", "STATISTICS"), r.at("SET", "("), r.at("SET", "STORAGE"), r.at("SET", "COMPRESSION"):
	default:
		l.report(Expand, line, fmt.Sprintf("it changes what %s is", column), "add another column")
	}
}

// valid tells whether a constraint that is valid keeps a column from being null, and came with an earlier migration.
func (l *linter) valid(table, column string) bool {
	for key, valid := range l.schema.notNull {
		parts := strings.Split(key, " ")
		if valid && parts[0] == table && parts[2] == column {
			return true
		}
	}
	return false
}
