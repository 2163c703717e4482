// Package telemetry makes the logger, the registry of metrics and the tracer of a process.
package telemetry

import (
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cartwright-shop/cartwright/services/platform/scrub"
)

// NewLogger writes JSON lines to w, each with the service and its version. Card numbers in texts and errors are masked.
// The level can be changed while the process runs.
func NewLogger(w io.Writer, level zap.AtomicLevel, service, version string) *zap.Logger {
	encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{
		TimeKey: "ts", LevelKey: "level", NameKey: "logger", MessageKey: "msg", StacktraceKey: "stack",
		LineEnding: zapcore.DefaultLineEnding, EncodeLevel: zapcore.LowercaseLevelEncoder,
		EncodeTime: zapcore.RFC3339NanoTimeEncoder, EncodeDuration: zapcore.MillisDurationEncoder,
	})
	core := zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level)
	return zap.New(masked{core}).With(zap.String("service", service), zap.String("version", version))
}

// masked is a core that lets no card number through.
type masked struct{ zapcore.Core }

// With implements zapcore.Core.
func (m masked) With(fields []zapcore.Field) zapcore.Core { return masked{m.Core.With(mask(fields))} }

// Check implements zapcore.Core.
func (m masked) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if m.Enabled(entry.Level) {
		return checked.AddCore(entry, m)
	}
	return checked
}

// Write implements zapcore.Core.
func (m masked) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	entry.Message = scrub.Mask(entry.Message)
	return m.Core.Write(entry, mask(fields))
}

func mask(fields []zapcore.Field) []zapcore.Field {
	var changed []zapcore.Field
	for i, f := range fields {
		text, ok := textOf(f)
		if !ok || !scrub.PAN(text) {
			continue
		}
		if changed == nil {
			changed = append(changed, fields...)
		}
		changed[i] = zap.String(f.Key, scrub.Mask(text))
	}
	if changed == nil {
		return fields
	}
	return changed
}

func textOf(f zapcore.Field) (string, bool) {
	switch f.Type {
	case zapcore.StringType:
		return f.String, true
	case zapcore.ErrorType:
		if err, ok := f.Interface.(error); ok && err != nil {
			return err.Error(), true
		}
	case zapcore.ByteStringType, zapcore.BinaryType:
		if b, ok := f.Interface.([]byte); ok {
			return string(b), true
		}
	}
	return "", false
}
