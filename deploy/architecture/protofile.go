package architecture

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// protoFile is a contract as written.
type protoFile struct {
	path     string
	pkg      string
	elements []*element
}

// kind says what an element of a contract is.
type kind string

const (
	kindMessage kind = "message"
	kindEnum    kind = "enum"
	kindService kind = "service"
	kindOneof   kind = "oneof"
	kindExtend  kind = "extend"
	kindField   kind = "field"
	kindValue   kind = "enum value"
	kindRPC     kind = "rpc"
)

// element is one declaration of a contract.
type element struct {
	kind      kind
	name      string
	line      int
	commented bool
	comment   string
	// typ is a field's type, without "repeated" and "optional".
	typ      string
	repeated bool
	// options is the text of a field's, rpc's or service's options.
	options string
	// request, response and streams describe an rpc.
	request, response string
	streams           bool
	children          []*element
}

// protoToken is a word, number, text, sign or comment.
type protoToken struct {
	text    string
	line    int
	comment bool
}

var tokenPattern = regexp.MustCompile(`//[^\n]*|/\*(?s:.*?)\*/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w.]+|[^\s\w]`)

// protoParser reads the subset of the language that the contracts use. It trusts `buf lint` for the rest.
type protoParser struct {
	tokens []protoToken
	next   int
}

func (t *Tree) parseContracts() error {
	for _, f := range t.sorted() {
		if !under(f.path, "proto/cartwright") || path.Ext(f.path) != ".proto" {
			continue
		}
		p := &protoParser{tokens: protoTokens(f.text)}
		parsed := &protoFile{path: f.path}
		for p.next < len(p.tokens) {
			e, err := p.declaration(kindMessage, &parsed.pkg)
			if err != nil {
				return fmt.Errorf("%s: %w", f.path, err)
			}
			if e != nil {
				parsed.elements = append(parsed.elements, e)
			}
		}
		t.protos = append(t.protos, parsed)
	}
	return nil
}

func protoTokens(text string) []protoToken {
	var tokens []protoToken
	line, last := 1, 0
	for _, match := range tokenPattern.FindAllStringIndex(text, -1) {
		line += strings.Count(text[last:match[0]], "\n")
		last = match[0]
		word := text[match[0]:match[1]]
		tokens = append(tokens, protoToken{text: word, line: line, comment: strings.HasPrefix(word, "//") || strings.HasPrefix(word, "/*")})
	}
	return tokens
}

// declaration reads one statement of a block of the given kind. It returns nil for those without an element.
func (p *protoParser) declaration(in kind, pkg *string) (*element, error) {
	comment := p.comments()
	words, end := p.statement()
	if len(words) == 0 {
		return nil, p.expectEnd(end)
	}
	e := &element{line: words[0].line, comment: comment, commented: comment != ""}
	switch first := words[0].text; {
	case end == "{" && first == "rpc":
		body, _ := p.text("}")
		e.options = body
		e.rpc(words)
		return e, nil
	case end == "{" && len(words) >= 2:
		e.kind, e.name = kind(first), words[1].text
		return e, p.block(e)
	case first == "rpc":
		e.rpc(words)
	case first == "package":
		*pkg = words[1].text
		return nil, nil
	case first == "syntax" || first == "import" || first == "option" || first == "reserved" || first == "extensions":
		return nil, nil
	default:
		if err := e.field(in, words); err != nil {
			return nil, err
		}
	}
	e.trailing(p, words)
	return e, nil
}

func (p *protoParser) expectEnd(end string) error {
	if end == "" || end == ";" {
		return nil
	}
	return fmt.Errorf("unexpected %q", end)
}

// comments skips comments and returns those that stand directly before what follows.
func (p *protoParser) comments() string {
	var text []string
	for p.next < len(p.tokens) && p.tokens[p.next].comment {
		text = append(text, strings.TrimSpace(strings.TrimPrefix(p.tokens[p.next].text, "//")))
		p.next++
	}
	return strings.Join(text, " ")
}

// statement reads up to ";" or to the "{" of a block. Options in brackets, and values of options, may have braces.
func (p *protoParser) statement() (words []protoToken, end string) {
	depth := 0
	for ; p.next < len(p.tokens); p.next++ {
		token := p.tokens[p.next]
		if token.comment {
			continue
		}
		option := len(words) > 0 && words[0].text == "option"
		switch {
		case depth == 0 && (token.text == ";" || token.text == "{" && !option):
			p.next++
			return words, token.text
		case depth == 0 && token.text == "}":
			return words, token.text
		case token.text == "[" || token.text == "{":
			depth++
		case token.text == "]" || token.text == "}":
			depth--
		}
		words = append(words, token)
	}
	return words, ""
}

// block reads the children of an element up to its closing brace.
func (p *protoParser) block(e *element) error {
	for p.next < len(p.tokens) {
		mark := p.next
		p.comments()
		if p.next < len(p.tokens) && p.tokens[p.next].text == "}" {
			p.next++
			return nil
		}
		p.next = mark
		if e.kind == kindService && p.optionFollows() {
			words, _ := p.statement()
			e.options += sentence(words) + " ; "
			continue
		}
		var none string
		child, err := p.declaration(e.kind, &none)
		if err != nil {
			return err
		}
		if child != nil {
			e.children = append(e.children, child)
		}
	}
	return fmt.Errorf("%s %s does not end", e.kind, e.name)
}

// optionFollows skips the comments before an option; it does not move when something else follows.
func (p *protoParser) optionFollows() bool {
	mark := p.next
	p.comments()
	if p.next < len(p.tokens) && p.tokens[p.next].text == "option" {
		return true
	}
	p.next = mark
	return false
}

func sentence(words []protoToken) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = word.text
	}
	return strings.Join(texts, " ")
}

// text reads up to the matching closing sign.
func (p *protoParser) text(closing string) (string, int) {
	var words []string
	depth := 0
	for ; p.next < len(p.tokens); p.next++ {
		token := p.tokens[p.next]
		if token.text == closing && depth == 0 {
			p.next++
			break
		}
		switch token.text {
		case "{":
			depth++
		case "}":
			depth--
		}
		words = append(words, token.text)
	}
	return strings.Join(words, " "), len(words)
}

// rpc reads "rpc Name ( [stream] Request ) returns ( [stream] Response )".
func (e *element) rpc(words []protoToken) {
	e.kind, e.name = kindRPC, words[1].text
	var types []string
	for i, word := range words {
		if word.text == ")" {
			types = append(types, words[i-1].text)
		}
		e.streams = e.streams || word.text == "stream"
	}
	e.request, e.response = types[0], types[1]
}

// field reads "[repeated|optional] type name = number [options]", or an enum's "NAME = number".
func (e *element) field(in kind, words []protoToken) error {
	assign := -1
	for i, word := range words {
		if word.text == "=" {
			assign = i
			break
		}
	}
	if assign < 1 {
		return fmt.Errorf("line %d: cannot read %q", e.line, words[0].text)
	}
	e.kind, e.name = kindField, words[assign-1].text
	if in == kindEnum {
		e.kind = kindValue
	}
	for _, word := range words[:assign-1] {
		switch word.text {
		case "repeated":
			e.repeated = true
		case "optional":
		default:
			e.typ += word.text
		}
	}
	e.options = sentence(words[assign+1:])
	return nil
}

// trailing takes a comment on the line where the statement ended.
func (e *element) trailing(p *protoParser, words []protoToken) {
	if p.next < len(p.tokens) && p.tokens[p.next].comment && p.tokens[p.next].line == words[len(words)-1].line {
		e.comment, e.commented = e.comment+p.comments(), true
	}
}

// walk calls visit for an element and everything in it, with the names of what it is in.
func (e *element) walk(scope string, visit func(scope string, e *element)) {
	visit(scope, e)
	if e.kind != kindOneof && e.kind != kindExtend {
		scope = strings.TrimPrefix(scope+"."+e.name, ".")
	}
	for _, child := range e.children {
		child.walk(scope, visit)
	}
}

// walk calls visit for every element of the file. The scope starts with the package.
func (f *protoFile) walk(visit func(scope string, e *element)) {
	for _, e := range f.elements {
		e.walk(f.pkg, visit)
	}
}
