package grpcserver

import (
	"fmt"
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

// check refuses control characters, bidirectional overrides and card numbers, naming the first field that has one.
func (c *textChecker) check(req any) error {
	m, ok := req.(proto.Message)
	if !ok {
		return nil
	}
	return c.message(m.ProtoReflect(), "")
}

func (c *textChecker) message(m protoreflect.Message, path string) error {
	for _, fd := range c.plan(m.Descriptor()) {
		if !m.Has(fd) {
			continue
		}
		at := fd.JSONName()
		if path != "" {
			at = path + "." + at
		}
		if err := c.field(fd, m.Get(fd), at); err != nil {
			return err
		}
	}
	return nil
}

func (c *textChecker) field(fd protoreflect.FieldDescriptor, v protoreflect.Value, path string) error {
	switch {
	case fd.IsMap():
		return c.entries(fd, v.Map(), path)
	case fd.IsList():
		list := v.List()
		for i := range list.Len() {
			if err := c.value(fd, list.Get(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		return nil
	default:
		return c.value(fd, v, path)
	}
}

func (c *textChecker) entries(fd protoreflect.FieldDescriptor, m protoreflect.Map, path string) error {
	var failed error
	m.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		if fd.MapKey().Kind() == protoreflect.StringKind {
			if failed = checkText(k.String(), path); failed != nil {
				return false
			}
		}
		if holdsText(fd.MapValue()) {
			failed = c.value(fd.MapValue(), v, fmt.Sprintf("%s[%q]", path, k.String()))
		}
		return failed == nil
	})
	return failed
}

func (c *textChecker) value(fd protoreflect.FieldDescriptor, v protoreflect.Value, path string) error {
	if fd.Kind() == protoreflect.StringKind {
		return checkText(v.String(), path)
	}
	return c.message(v.Message(), path)
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

func checkText(s, path string) error {
	digits := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if (c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7F {
				return charNotAllowed(path, rune(c))
			}
			if c >= '0' && c <= '9' {
				digits++
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			return errs.UTF8Invalid.At(path, "The text is not valid UTF-8.")
		}
		if (r >= 0x80 && r <= 0x9F) || bidiControl(r) {
			return charNotAllowed(path, r)
		}
		digits++ // may be a digit of another script
		i += size
	}
	if digits >= 13 && scrub.PAN(s) {
		return errs.PANNotAccepted.At(path, "The text looks like a card number; send a payment token instead.")
	}
	return nil
}

func charNotAllowed(path string, r rune) error {
	return errs.CharNotAllowed.At(path, "The character %U is not allowed.", r)
}

// bidiControl tells whether r can make a text read differently from what it is.
func bidiControl(r rune) bool {
	return (r >= 0x202A && r <= 0x202E) || (r >= 0x2066 && r <= 0x2069)
}
