package architecture

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
)

var (
	sqlComment = regexp.MustCompile(`--[^\n]*`)
	sqlText    = regexp.MustCompile(`'(?:[^']|'')*'`)
	// qualified is a table name with a schema, after a word that a table follows.
	qualified = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|INTO|UPDATE|TABLE|REFERENCES|USING|ON|EXISTS|ONLY|VIEW|TRIGGER)\s+([a-z_]\w*)\.[a-z_]\w*(\s*=)?`)
	// schemaWords make a schema or choose one; the role that runs the statement has its own.
	schemaWords = regexp.MustCompile(`(?i)\bSCHEMA\s+\w|\bsearch_path\b`)
	star        = regexp.MustCompile(`(?i)(?:\b(?:SELECT|DISTINCT|RETURNING|ALL)\s+|,\s*)(?:\w+\.)?\*`)
	offset      = regexp.MustCompile(`(?i)\bOFFSET\s+(?:[@$:(]|[1-9])`)
	// many is a query that answers many rows, from its name to the next one's.
	many = regexp.MustCompile(`(?m)^-- name: (\w+) :many$`)
	// bound is what keeps the number of rows down: a limit, a list of keys, groups, or a reason given by whoever wrote it.
	bound     = regexp.MustCompile(`(?i)\bLIMIT\b|= ?ANY\b|\bunnest\(|\bGROUP BY\b|-- Bounded by `)
	migration = regexp.MustCompile(`^\d{3}_[a-z]+(_[a-z0-9]+)+\.sql$`)
	// statement is the start of SQL in the text of a program.
	statement = regexp.MustCompile(`(?s)^\s*(?:WITH\s+\w+\s+AS|SELECT\s|INSERT INTO\s|UPDATE\s+\w+\s+SET|DELETE FROM\s)`)
)

func sqlRules() []Rule {
	return []Rule{
		{"SQL stays in its own schema", "services would be tied together in the database, where no contract protects them", checkSchemas},
		{"SQL lists its columns", "an added column would break the version that runs beside the new one", checkStar},
		{"lists are read by key", "page 1,000 would read the 999 before it, and rows would be seen twice or never", checkOffset},
		{"what answers many rows is bounded", "an answer would grow with the shop until it fails", checkLimits},
		{"migrations are numbered and say what they do", "their order would be chance", checkMigrations},
		{"SQL is in query files", "nobody could see at one place what a service asks of its database", checkSQLInCode},
		{"only the auditor reads across schemas", "tools would break with every change of a table, and services could no longer change theirs alone", checkAuditor},
	}
}

// bareSQL is SQL without comments and texts, with as many lines.
func bareSQL(text string) string {
	text = sqlComment.ReplaceAllString(text, "")
	return sqlText.ReplaceAllStringFunc(text, func(s string) string { return "''" + strings.Repeat("\n", strings.Count(s, "\n")) })
}

// eachSQL calls visit for the SQL of every service: migrations, queries, and what is written in Go.
func (t *Tree) eachSQL(visit func(name string, line int, sql string)) {
	for _, f := range t.sorted() {
		owner := service(f.path)
		if owner == "" || !strings.Contains(f.path, "/internal/postgres/") {
			continue
		}
		if path.Ext(f.path) == ".sql" {
			visit(f.path, 1, bareSQL(f.text))
		}
		if f.ast != nil && !f.test {
			for _, literal := range statements(f) {
				text, _ := strconv.Unquote(literal.Value)
				visit(f.path, t.line(literal.Pos()), bareSQL(text))
			}
		}
	}
}

// statements are the texts in a Go file that are SQL.
func statements(f *file) []*ast.BasicLit {
	var list []*ast.BasicLit
	ast.Inspect(f.ast, func(node ast.Node) bool {
		literal, ok := node.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(literal.Value); err == nil && statement.MatchString(text) {
			list = append(list, literal)
		}
		return true
	})
	return list
}

func lineOf(first int, text string, position int) int {
	return first + strings.Count(text[:position], "\n")
}

// schemas are those that a statement may name: built-in ones, the one of extensions that provisioning makes, and the functions
// of the query files' own language.
var schemas = map[string]bool{"extensions": true, "pg_catalog": true, "information_schema": true, "sqlc": true}

func checkSchemas(t *Tree) (breaches []string) {
	t.eachSQL(func(name string, line int, sql string) {
		for _, match := range qualified.FindAllStringSubmatchIndex(sql, -1) {
			// "ON a.x = b.y" compares columns; "ON schema.table" makes an index.
			if schema := sql[match[2]:match[3]]; !schemas[schema] && match[4] < 0 && !comparesColumns(sql[match[0]:], sql[match[1]:]) {
				breaches = append(breaches, fmt.Sprintf("%s:%d: names the schema %s", name, lineOf(line, sql, match[0]), schema))
			}
		}
		for _, match := range schemaWords.FindAllStringIndex(sql, -1) {
			breaches = append(breaches, fmt.Sprintf("%s:%d: sets or makes a schema", name, lineOf(line, sql, match[0])))
		}
	})
	return breaches
}

// comparesColumns tells whether an ON is followed by a condition.
func comparesColumns(from, after string) bool {
	if !strings.HasPrefix(strings.ToUpper(from), "ON") {
		return false
	}
	after = strings.TrimSpace(after)
	return !strings.HasPrefix(after, "(") && !strings.HasPrefix(strings.ToUpper(after), "USING")
}

func checkStar(t *Tree) (breaches []string) {
	t.eachSQL(func(name string, line int, sql string) {
		for _, match := range star.FindAllStringIndex(sql, -1) {
			breaches = append(breaches, fmt.Sprintf("%s:%d: %s", name, lineOf(line, sql, match[0]), strings.Join(strings.Fields(sql[match[0]:match[1]]), " ")))
		}
	})
	return breaches
}

// checkOffset lets OFFSET 0 be: it skips nothing and keeps the planner from moving a subquery.
func checkOffset(t *Tree) (breaches []string) {
	t.eachSQL(func(name string, line int, sql string) {
		for _, match := range offset.FindAllStringIndex(sql, -1) {
			breaches = append(breaches, fmt.Sprintf("%s:%d: OFFSET", name, lineOf(line, sql, match[0])))
		}
	})
	return breaches
}

func checkLimits(t *Tree) (breaches []string) {
	for _, f := range t.sorted() {
		if service(f.path) == "" || path.Base(path.Dir(f.path)) != "query" {
			continue
		}
		for _, match := range many.FindAllStringSubmatchIndex(f.text, -1) {
			text, _, _ := strings.Cut(f.text[match[1]:], "-- name: ")
			if !bound.MatchString(text) {
				breaches = append(breaches, fmt.Sprintf("%s:%d: %s has no LIMIT", f.path, lineOf(1, f.text, match[0]), f.text[match[2]:match[3]]))
			}
		}
	}
	return breaches
}

func checkMigrations(t *Tree) (breaches []string) {
	for _, f := range t.sorted() {
		if service(f.path) == "" || path.Base(path.Dir(f.path)) != "migration" {
			continue
		}
		if !migration.MatchString(path.Base(f.path)) {
			breaches = append(breaches, f.path+": the name is not NNN_verb_noun.sql")
		}
		if !strings.Contains(f.text, "-- +goose Up") {
			breaches = append(breaches, f.path+": no \"-- +goose Up\"")
		}
	}
	return breaches
}

// checkSQLInCode lets one file per service build its statements, for filters that a query file cannot say.
func checkSQLInCode(t *Tree) (breaches []string) {
	first := map[string]string{}
	for _, f := range t.source(false) {
		owner := service(f.path)
		if owner == "" {
			continue
		}
		for _, literal := range statements(f) {
			if first[owner] == "" {
				first[owner] = f.path
			}
			if first[owner] != f.path || !strings.Contains(f.path, "/internal/postgres/") {
				breaches = append(breaches, fmt.Sprintf("%s: SQL in Go; %s has the one file for that", t.at(literal), owner))
			}
		}
	}
	return breaches
}

// auditor is the place outside of the services that knows their tables: it proves what no service can see alone. Its role can write
// nothing. breaker sees when a shop that it broke has come to rest, and lets time pass.
const (
	auditor = "deploy/audit/"
	breaker = "deploy/prove/"
)

// checkAuditor keeps the schemas of services out of everything else in deploy, and the auditor's SQL in its query files.
func checkAuditor(t *Tree) (breaches []string) {
	schemas := map[string]bool{}
	for _, f := range t.sorted() {
		if owner := service(f.path); owner != "" && strings.Contains(f.path, "/internal/postgres/") {
			schemas[owner] = true
		}
	}
	for _, f := range t.sorted() {
		if !strings.HasPrefix(f.path, "deploy/") || f.test {
			continue
		}
		if path.Ext(f.path) == ".sql" {
			breaches = append(breaches, foreign(f.path, 1, f.text, schemas)...)
		}
		if f.ast == nil {
			continue
		}
		for _, literal := range statements(f) {
			if strings.HasPrefix(f.path, auditor) || strings.HasPrefix(f.path, breaker) {
				breaches = append(breaches, t.at(literal)+": SQL in Go")
				continue
			}
			text, _ := strconv.Unquote(literal.Value)
			breaches = append(breaches, foreign(f.path, t.line(literal.Pos()), text, schemas)...)
		}
	}
	return breaches
}

// foreign finds names of services' schemas in SQL that is not the auditor's.
func foreign(name string, line int, text string, schemas map[string]bool) (breaches []string) {
	if strings.HasPrefix(name, auditor) || strings.HasPrefix(name, breaker) {
		return nil
	}
	sql := bareSQL(text)
	for _, match := range qualified.FindAllStringSubmatchIndex(sql, -1) {
		if schema := sql[match[2]:match[3]]; schemas[schema] {
			breaches = append(breaches, fmt.Sprintf("%s:%d: names the schema %s", name, lineOf(line, sql, match[0]), schema))
		}
	}
	return breaches
}
