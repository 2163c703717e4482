package relay

import (
	"errors"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/errs"
)

// publicPaths names the fields of a service's refusal as the client wrote them: what is an integer of minor units inside is
// the decimal text of an amount outside.
func publicPaths(err error) error {
	var inner *errs.Error
	if !errors.As(err, &inner) {
		return err
	}
	fields, moved := inner.Fields(), false
	for i, field := range fields {
		if path, ok := strings.CutSuffix(field.Path, ".minorUnits"); ok {
			fields[i].Path, moved = path+".amount", true
		}
	}
	if !moved {
		return err
	}
	outer := errs.Define(inner.Code(), inner.Reason(), "").New("%s", inner.Message()).Because(err)
	for _, field := range fields {
		outer = outer.Field(field.Path, field.Reason, field.Message)
	}
	for key, value := range inner.Metadata() {
		outer = outer.Meta(key, value)
	}
	if wait := inner.Wait(); wait > 0 {
		outer = outer.RetryAfter(wait)
	}
	return outer
}
