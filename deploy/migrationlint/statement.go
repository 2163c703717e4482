package migrationlint

import (
	"slices"
	"strings"
)

// statement is one statement of a migration.
type statement struct {
	tokens []token
	// remarks are the comments above it, back to the last statement.
	remarks []remark
}

func (s statement) line() int { return s.tokens[0].line }

// migration is a file, as far as the runner reads it: what comes after "+goose Down" is never run.
type migration struct {
	statements []statement
	// alone is true when every statement is a transaction of its own.
	alone bool
	// stray are remarks after the last statement.
	stray []remark
}

// parse cuts a file into statements.
func parse(sql string) (migration, error) {
	tokens, remarks, err := lex(sql)
	if err != nil {
		return migration{}, err
	}
	var m migration
	from, to := 0, int(^uint(0)>>1)
	var kept []remark
	for _, r := range remarks {
		switch command, found := strings.CutPrefix(r.text, "+goose "); {
		case !found:
			kept = append(kept, r)
		case command == "NO TRANSACTION":
			m.alone = true
		case command == "Up":
			from = r.line
		case command == "Down":
			to = min(to, r.line)
		}
	}
	within := func(line int) bool { return line >= from && line < to }
	tokens = slices.DeleteFunc(tokens, func(t token) bool { return !within(t.line) })
	kept = slices.DeleteFunc(kept, func(r remark) bool { return !within(r.line) })
	for len(tokens) > 0 {
		end := slices.IndexFunc(tokens, func(t token) bool { return t.kind == symbol && t.text == ";" })
		if end < 0 {
			end = len(tokens)
		}
		if end > 0 {
			s := statement{tokens: tokens[:end]}
			n := slices.IndexFunc(kept, func(r remark) bool { return r.line > tokens[end-1].line })
			if n < 0 {
				n = len(kept)
			}
			s.remarks, kept = kept[:n], kept[n:]
			m.statements = append(m.statements, s)
		}
		tokens = tokens[min(end+1, len(tokens)):]
	}
	m.stray = kept
	return m, nil
}

// reader walks over tokens.
type reader struct{ tokens []token }

func (s statement) read() *reader { return &reader{s.tokens} }

// line is where the reader stands; at the end it is 0.
func (r *reader) line() int {
	if len(r.tokens) == 0 {
		return 0
	}
	return r.tokens[0].line
}

// at tells whether these words come next.
func (r *reader) at(words ...string) bool {
	for i, w := range words {
		if i >= len(r.tokens) || r.tokens[i].kind == text || r.tokens[i].kind == quoted || r.tokens[i].text != w {
			return false
		}
	}
	return true
}

// accept passes over these words when they come next.
func (r *reader) accept(words ...string) bool {
	if !r.at(words...) {
		return false
	}
	r.tokens = r.tokens[len(words):]
	return true
}

// name reads a name, without its schema, in small letters unless it was quoted.
func (r *reader) name() string {
	name := ""
	for len(r.tokens) > 0 {
		switch t := r.tokens[0]; t.kind {
		case word:
			name = strings.ToLower(t.text)
		case quoted:
			name = t.text
		case text, number, symbol:
			return name
		}
		r.tokens = r.tokens[1:]
		if !r.accept(".") {
			return name
		}
	}
	return name
}

// seek passes over everything before the word, and returns whether it is there.
func (r *reader) seek(w string) bool {
	i := slices.IndexFunc(r.tokens, func(t token) bool { return t.kind == word && t.text == w })
	if i < 0 {
		return false
	}
	r.tokens = r.tokens[i:]
	return true
}

// has tells whether the words come next to each other anywhere from here.
func (r *reader) has(words ...string) bool {
	for i := range r.tokens {
		if (&reader{r.tokens[i:]}).at(words...) {
			return true
		}
	}
	return false
}

// parts splits what is left at the commas that are in no parentheses.
func (r *reader) parts() []*reader {
	var list []*reader
	depth, from := 0, 0
	for i, t := range r.tokens {
		if t.kind != symbol {
			continue
		}
		switch t.text {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ",":
			if depth == 0 {
				list = append(list, &reader{r.tokens[from:i]})
				from = i + 1
			}
		}
	}
	return append(list, &reader{r.tokens[from:]})
}

// calls are the functions that are called from here on.
func (r *reader) calls() []string {
	var list []string
	for i := 1; i < len(r.tokens); i++ {
		if r.tokens[i].text == "(" && r.tokens[i].kind == symbol && r.tokens[i-1].kind == word {
			list = append(list, strings.ToLower(r.tokens[i-1].text))
		}
	}
	return list
}
