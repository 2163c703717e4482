package audit

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed query/*.sql
var queries embed.FS

// part is one question whose every answer is a violation of an invariant.
type part struct {
	invariant, name string
	// checked is what was looked at, as it stands after FROM.
	checked string
	// sql answers id and what of every violation.
	sql string
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
		"I13": "the provider's log and our operations are the same, one to one, in amount and currency",
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

type parsed struct {
	meanings map[string]string
	parts    []part
}

// files are the query files, read once. A file that is not as it should be is a mistake of ours that every test finds.
var files = sync.OnceValue(func() parsed {
	all := parsed{meanings: map[string]string{}}
	names, err := queries.ReadDir("query")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		text, err := queries.ReadFile("query/" + name.Name())
		if err != nil {
			panic(err)
		}
		if err := all.add(string(text)); err != nil {
			panic(fmt.Errorf("query/%s: %w", name.Name(), err))
		}
	}
	return all
})

func (all *parsed) add(text string) error {
	header, rest, _ := strings.Cut(text, "-- part: ")
	invariant, meaning := comment(header, "invariant"), comment(header, "meaning")
	if invariant == "" || meaning == "" || rest == "" {
		return fmt.Errorf("it names no invariant, meaning or part")
	}
	all.meanings[invariant] = meaning
	for _, section := range strings.Split(rest, "-- part: ") {
		name, body, _ := strings.Cut(section, "\n")
		p := part{invariant: invariant, name: name, checked: comment(body, "checked"), sql: strings.TrimSuffix(strings.TrimSpace(body), ";")}
		if p.checked == "" {
			return fmt.Errorf("part %q does not say what it checks", name)
		}
		all.parts = append(all.parts, p)
	}
	return nil
}

// comment is the value of a line such as "-- name: value".
func comment(text, name string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, "-- "+name+": "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
