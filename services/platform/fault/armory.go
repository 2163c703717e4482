//go:build faults

package fault

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// lookEvery is how often the file of arms is looked at: more often would cost more than a quiet service does.
const lookEvery = 50 * time.Millisecond

// stock are the arms of this process.
type stock struct {
	mu     sync.Mutex
	arms   []*armed
	passed map[string]bool
	log    *os.File
}

type armed struct {
	Arm
	passages, hits int
}

// armory is read once, at the first place that is passed.
var armory = sync.OnceValue(func() *stock {
	s := &stock{passed: map[string]bool{}}
	if name := os.Getenv("CARTWRIGHT_FAULT_LOG"); name != "" {
		log, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			panic(fmt.Sprintf("fault: %v", err))
		}
		s.log = log
	}
	if text := os.Getenv("CARTWRIGHT_FAULT"); text != "" {
		s.load([]byte(text))
	}
	if name := os.Getenv("CARTWRIGHT_FAULT_FILE"); name != "" {
		before := s.look(name, time.Time{})
		go func() {
			for range time.Tick(lookEvery) {
				before = s.look(name, before)
			}
		}()
	}
	return s
})

// look reads the file when it is another one than before. Writers replace it by renaming.
func (s *stock) look(name string, before time.Time) time.Time {
	info, err := os.Stat(name)
	if err != nil || info.ModTime().Equal(before) {
		return before
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return before
	}
	s.load(text)
	return info.ModTime()
}

func (s *stock) load(text []byte) {
	var arms []Arm
	if err := json.Unmarshal(text, &arms); err != nil {
		panic(fmt.Sprintf("fault: %v in %s", err, text))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arms = nil
	for _, a := range arms {
		a.Nth, a.Times = cmp.Or(a.Nth, 1), cmp.Or(a.Times, 1)
		s.arms = append(s.arms, &armed{Arm: a})
	}
}

// pass tells whether a fault waits at a place, and counts it.
func (s *stock) pass(point string) Arm {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.passed[point] {
		s.passed[point] = true
		s.tell(Line{Point: point})
	}
	for _, a := range s.arms {
		if !a.at(point) {
			continue
		}
		if a.passages++; a.passages < a.Nth || a.Times > 0 && a.hits >= a.Times {
			continue
		}
		a.hits++
		s.tell(Line{Point: point, Arm: a.ID})
		return a.Arm
	}
	return Arm{}
}

func (a *armed) at(point string) bool {
	if prefix, open := strings.CutSuffix(a.Point, "*"); open {
		return strings.HasPrefix(point, prefix)
	}
	return a.Point == point
}

// tell writes at once: the next thing may be the end of the process.
func (s *stock) tell(l Line) {
	if s.log == nil {
		return
	}
	l.Pid, l.Millis = os.Getpid(), time.Now().UnixMilli()
	text, err := json.Marshal(l)
	if err == nil {
		_, _ = s.log.Write(append(text, '\n'))
	}
}
