package grpcserver

import (
	"fmt"
	"strconv"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
	"github.com/cartwright-shop/cartwright/services/platform/scrub"
)

// textChecker walks the strings of a request. It remembers which fields of a message type can hold text, so that a
// message without any costs nothing.
type textChecker struct {
	plans sync.Map // protoreflect.FullName of a message → []protoreflect.FieldDescriptor
}

// flaw is what is wrong with a text. Its path is built from the inside out, so that good texts cost no path.
type flaw struct {
	path  string
	kind  errs.Kind
	about string
}

// in adds the part of the path that leads to where the flaw was found.
func (f *flaw) in(part string) *flaw {
	if f.path != "" && f.path[0] != '[' {
		part += "."
	}
	f.path = part + f.path
	return f
}

// check refuses control characters, bidirectional overrides and card numbers, naming the first field that has one.
func (c *textChecker) check(req any) error {
	m, ok := req.(proto.Message)
	if !ok {
		return nil
	}
	if f := c.message(m.ProtoReflect()); f != nil {
		return f.kind.At(f.path, "%s", f.about)
	}
	return nil
}

func (c *textChecker) message(m protoreflect.Message) *flaw {
	for _, fd := range c.plan(m.Descriptor()) {
		if !m.Has(fd) {
			continue
		}
		if f := c.field(fd, m.Get(fd)); f != nil {
			return f.in(fd.JSONName())
		}
	}
	return nil
}

func (c *textChecker) field(fd protoreflect.FieldDescriptor, v protoreflect.Value) *flaw {
	switch {
	case fd.IsMap():
		return c.entries(fd, v.Map())
	case fd.IsList():
		list := v.List()
		for i := range list.Len() {
			if f := c.value(fd, list.Get(i)); f != nil {
				return f.in("[" + strconv.Itoa(i) + "]")
			}
		}
		return nil
	default:
		return c.value(fd, v)
	}
}

func (c *textChecker) entries(fd protoreflect.FieldDescriptor, m protoreflect.Map) *flaw {
	var found *flaw
	m.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		if fd.MapKey().Kind() == protoreflect.StringKind {
			found = checkText(k.String())
		}
		if found == nil && holdsText(fd.MapValue()) {
			if found = c.value(fd.MapValue(), v); found != nil {
				found.in("[" + strconv.Quote(k.String()) + "]")
			}
		}
		return found == nil
	})
	return found
}

func (c *textChecker) value(fd protoreflect.FieldDescriptor, v protoreflect.Value) *flaw {
	if fd.Kind() == protoreflect.StringKind {
		return checkText(v.String())
	}
	return c.message(v.Message())
}

func (c *textChecker) plan(desc protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	if plan, ok := c.plans.Load(desc.FullName()); ok {
		return plan.([]protoreflect.FieldDescriptor)
	}
	var plan []protoreflect.FieldDescriptor
	for i := range desc.Fields().Len() {
		fd := desc.Fields().Get(i)
		if holdsText(fd) || (fd.IsMap() && (holdsText(fd.MapKey()) || holdsText(fd.MapValue()))) {
			plan = append(plan, fd)
		}
	}
	c.plans.Store(desc.FullName(), plan)
	return plan
}

func holdsText(fd protoreflect.FieldDescriptor) bool {
	if fd.IsMap() {
		return false
	}
	return fd.Kind() == protoreflect.StringKind || fd.Kind() == protoreflect.MessageKind || fd.Kind() == protoreflect.GroupKind
}

func checkText(s string) *flaw {
	digits := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if (c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7F {
				return notAllowed(rune(c))
			}
			if c >= '0' && c <= '9' {
				digits++
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			return &flaw{kind: errs.UTF8Invalid, about: "The text is not valid UTF-8."}
		}
		if (r >= 0x80 && r <= 0x9F) || bidiControl(r) {
			return notAllowed(r)
		}
		digits++ // may be a digit of another script
		i += size
	}
	if digits >= 13 && scrub.PAN(s) {
		return &flaw{kind: errs.PANNotAccepted, about: "The text looks like a card number; send a payment token instead."}
	}
	return nil
}

func notAllowed(r rune) *flaw {
	return &flaw{kind: errs.CharNotAllowed, about: fmt.Sprintf("The character %U is not allowed.", r)}
}

// bidiControl tells whether r can make a text read differently from what it is.
func bidiControl(r rune) bool {
	return (r >= 0x202A && r <= 0x202E) || (r >= 0x2066 && r <= 0x2069)
}
