package audit

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed query/*.sql pass/*.sql
var queries embed.FS

// part is one question whose every answer is a violation of an invariant.
type part struct {
	invariant, name string
	// checked is what was looked at, as it stands after FROM.
	checked string
	// sql answers id and what of every violation.
	sql string
	// pass is the relation whose every row sql looks at; parts of one pass are asked together. Empty: sql is a statement of its own.
	pass string
	// unique are promises of the database: while their indexes are there sql has nothing to find, and is not asked.
	unique []promise
	// run is used instead of sql by parts that are more than one statement.
	run func(s *session) (answer, error)
	// sure says that what is found is true at once: it is not looked for again.
	sure bool
	// notRun is why the part cannot run.
	notRun string
}

// meanings are what the invariants say, those of the query files and those that are checked in code.
func meanings() map[string]string {
	all := map[string]string{
		"I22": "everything that a caller was told is done is there, as it was told",
		"I24": "no card number, security code, gift card code or access token is stored or logged in clear",
	}
	for name, meaning := range files().meanings {
		all[name] = meaning
	}
	return all
}

// invariants are the names in their order.
func invariants() []string {
	var names []string
	for name := range meanings() {
		names = append(names, name)
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(name[1:])
		return n
	}
	slices.SortFunc(names, func(a, b string) int { return number(a) - number(b) })
	return names
}

// promise is a unique index that must be there.
type promise struct{ table, columns, where string }

func (p promise) String() string {
	text := p.table + " (" + p.columns + ")"
	if p.where != "" {
		text += " WHERE " + p.where
	}
	return text
}

type parsed struct {
	meanings map[string]string
	parts    []part
	// passes are relations that many parts look at, by name.
	passes map[string]string
}

// files are the query files, read once. A file that is not as it should be is a mistake of ours that every test finds.
var files = sync.OnceValue(func() parsed {
	all := parsed{meanings: map[string]string{}, passes: map[string]string{}}
	all.each("pass", func(name, text string) error {
		all.passes[strings.TrimSuffix(name, ".sql")] = strings.TrimSpace(text)
		return nil
	})
	all.each("query", func(_, text string) error { return all.add(text) })
	return all
})

func (all *parsed) each(dir string, do func(name, text string) error) {
	names, err := queries.ReadDir(dir)
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		text, err := queries.ReadFile(dir + "/" + name.Name())
		if err != nil {
			panic(err)
		}
		if err := do(name.Name(), string(text)); err != nil {
			panic(fmt.Errorf("%s/%s: %w", dir, name.Name(), err))
		}
	}
}

func (all *parsed) add(text string) error {
	header, rest, _ := strings.Cut(text, "-- part: ")
	invariant, meaning := comment(header, "invariant"), comment(header, "meaning")
	if invariant == "" || meaning == "" || rest == "" {
		return fmt.Errorf("it names no invariant, meaning or part")
	}
	all.meanings[invariant] = meaning
	for _, section := range strings.Split(rest, "-- part: ") {
		name, body, _ := strings.Cut(section, "\n")
		p := part{invariant: invariant, name: name, sql: strings.TrimSuffix(strings.TrimSpace(body), ";")}
		if err := p.read(body); err != nil {
			return fmt.Errorf("part %q: %w", name, err)
		}
		all.parts = append(all.parts, p)
	}
	return nil
}

// read reads what the comments of a part say.
func (p *part) read(body string) error {
	p.checked, p.pass = comment(body, "checked"), comment(body, "pass")
	for _, text := range comments(body, "unique") {
		table, rest, _ := strings.Cut(text, " (")
		columns, where, ok := strings.Cut(rest, ")")
		if !ok {
			return fmt.Errorf("%q is no table (columns)", text)
		}
		p.unique = append(p.unique, promise{table: table, columns: columns, where: strings.TrimPrefix(where, " WHERE ")})
	}
	if p.checked == "" {
		return fmt.Errorf("it does not say what it checks")
	}
	if p.pass == "" {
		return nil
	}
	if !strings.Contains(p.sql, "\nWHERE ") {
		return fmt.Errorf("it must be SELECT and WHERE, over a row of %s", p.pass)
	}
	return nil
}

// comment is the value of a line such as "-- name: value", and comments those of all such lines.
func comment(text, name string) string {
	return append(comments(text, name), "")[0]
}

func comments(text, name string) (values []string) {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, "-- "+name+": "); ok {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}

// together is one statement that asks parts of one pass, and answers the part's place beside id and what of every violation.
func together(pass string, parts []part) string {
	wrong := make([]string, len(parts))
	arms := make([]string, len(parts))
	for i, p := range parts {
		_, condition, _ := strings.Cut(p.sql, "\nWHERE ")
		wrong[i] = "(" + condition + ")"
		arms[i] = strings.NewReplacer("{place}", strconv.Itoa(i), "{question}", p.sql).Replace(ask("arm"))
	}
	return strings.NewReplacer("{relation}", files().passes[pass], "{pass}", pass, "{wrong}", strings.Join(wrong, "\n   OR "),
		"{arms}", strings.Join(arms, "UNION ALL\n")).Replace(ask("pass"))
}
