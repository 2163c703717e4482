// Package progress draws a progress bar on a terminal and plain lines elsewhere.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

const width = 32

// Bar is one bar. It is safe for concurrent use.
type Bar struct {
	out      io.Writer
	label    string
	terminal bool
	start    time.Time

	mu    sync.Mutex
	total int
	done  int
	drawn time.Time
	ended bool
}

// New starts a bar of total steps.
func New(out io.Writer, label string, total int) *Bar {
	b := &Bar{out: out, label: label, total: max(total, 1), start: time.Now()}
	if file, ok := out.(*os.File); ok {
		info, err := file.Stat()
		b.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	b.draw(false)
	return b
}

// Add counts n steps.
func (b *Bar) Add(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done = min(b.done+n, b.total)
	if time.Since(b.drawn) > 100*time.Millisecond {
		b.draw(false)
	}
}

// Done fills the bar and ends its line.
func (b *Bar) Done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return
	}
	b.ended, b.done = true, b.total
	b.draw(true)
}

// Fail ends the line where the bar stands.
func (b *Bar) Fail() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return
	}
	b.ended = true
	if b.terminal {
		fmt.Fprintln(b.out)
	}
}

func (b *Bar) draw(last bool) {
	b.drawn = time.Now()
	seconds := time.Since(b.start).Seconds()
	if !b.terminal {
		if last {
			fmt.Fprintf(b.out, "%-22s %d/%d in %.1f s\n", b.label, b.done, b.total, seconds)
		}
		return
	}
	filled := width * b.done / b.total
	fmt.Fprintf(b.out, "\r%-22s [%s%s] %d/%d %.1f s ", b.label, strings.Repeat("█", filled), strings.Repeat("·", width-filled), b.done, b.total, seconds)
	if last {
		fmt.Fprintln(b.out)
	}
}
