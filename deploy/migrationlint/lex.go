package migrationlint

import (
	"fmt"
	"strings"
)

// kind is that of a token.
type kind int

const (
	word   kind = iota // a keyword or a name, in capitals
	quoted             // a name in double quotes, as it is written
	text               // a string
	number
	symbol
)

// token is the smallest part of SQL.
type token struct {
	kind kind
	text string
	line int
}

// remark is a comment of one line.
type remark struct {
	text string
	line int
}

// lexer cuts SQL into tokens as Postgres does: strings with their escapes, dollar quotes with their tags, nested comments.
type lexer struct {
	sql     string
	at      int
	line    int
	tokens  []token
	remarks []remark
}

// lex returns the tokens of SQL and its comments. What is opened and not closed is an error.
func lex(sql string) ([]token, []remark, error) {
	l := &lexer{sql: sql, line: 1}
	for l.at < len(l.sql) {
		if err := l.next(); err != nil {
			return nil, nil, err
		}
	}
	return l.tokens, l.remarks, nil
}

func (l *lexer) next() error {
	c := l.sql[l.at]
	switch {
	case strings.IndexByte(" \t\r\n\f\v", c) >= 0:
		l.skip(1)
	case strings.HasPrefix(l.sql[l.at:], "--"):
		end := strings.IndexByte(l.sql[l.at:], '\n')
		if end < 0 {
			end = len(l.sql) - l.at
		}
		l.remarks = append(l.remarks, remark{strings.TrimSpace(l.sql[l.at+2 : l.at+end]), l.line})
		l.skip(end)
	case strings.HasPrefix(l.sql[l.at:], "/*"):
		return l.block()
	case c == '\'':
		return l.string(false)
	case (c == 'e' || c == 'E') && strings.HasPrefix(l.sql[l.at+1:], "'"):
		l.skip(1)
		return l.string(true)
	case c == '"':
		return l.until(quoted, 1, `"`)
	case c == '$' && l.tag() != "":
		return l.until(text, len(l.tag()), l.tag())
	case letter(c):
		l.take(word, func(c byte) bool { return letter(c) || digit(c) || c == '$' })
	case digit(c):
		l.take(number, func(c byte) bool { return letter(c) || digit(c) || c == '.' })
	default:
		l.add(symbol, l.sql[l.at:l.at+1])
		l.skip(1)
	}
	return nil
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) add(k kind, s string) { l.tokens = append(l.tokens, token{k, s, l.line}) }

func (l *lexer) skip(n int) {
	l.line += strings.Count(l.sql[l.at:l.at+n], "\n")
	l.at += n
}

func (l *lexer) take(k kind, more func(byte) bool) {
	end := l.at
	for end < len(l.sql) && more(l.sql[end]) {
		end++
	}
	l.add(k, strings.ToUpper(l.sql[l.at:end]))
	l.skip(end - l.at)
}

// tag is the dollar quote that begins here, "" when none does: $1 is a parameter.
func (l *lexer) tag() string {
	rest := l.sql[l.at:]
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '$':
			return rest[:i+1]
		case !letter(c) && (i == 1 || !digit(c)):
			return ""
		}
	}
	return ""
}

// until takes what is between two marks; a mark that is doubled is a part of it.
func (l *lexer) until(k kind, opening int, closing string) error {
	from := l.at + opening
	for at := from; ; {
		end := strings.Index(l.sql[at:], closing)
		if end < 0 {
			return fmt.Errorf("line %d: %s is not closed", l.line, closing)
		}
		at += end + len(closing)
		if len(closing) == 1 && strings.HasPrefix(l.sql[at:], closing) {
			at++
			continue
		}
		l.add(k, l.sql[from:at-len(closing)])
		l.skip(at - l.at)
		return nil
	}
}

// string takes a string, in which escapes have a backslash when it began with E.
func (l *lexer) string(escapes bool) error {
	if !escapes {
		return l.until(text, 1, "'")
	}
	for at := l.at + 1; at < len(l.sql); at++ {
		switch {
		case l.sql[at] == '\\' || l.sql[at] == '\'' && strings.HasPrefix(l.sql[at+1:], "'"):
			at++
		case l.sql[at] == '\'':
			l.add(text, l.sql[l.at+1:at])
			l.skip(at + 1 - l.at)
			return nil
		}
	}
	return fmt.Errorf("line %d: ' is not closed", l.line)
}

// block passes over a comment, in which there may be others.
func (l *lexer) block() error {
	depth := 0
	for at := l.at; at < len(l.sql); at++ {
		switch {
		case strings.HasPrefix(l.sql[at:], "/*"):
			depth++
			at++
		case strings.HasPrefix(l.sql[at:], "*/"):
			depth--
			at++
			if depth == 0 {
				l.skip(at + 1 - l.at)
				return nil
			}
		}
	}
	return fmt.Errorf("line %d: /* is not closed", l.line)
}
