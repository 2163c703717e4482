package stack

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTime is how long a process may take to end after SIGTERM. It is longer than the services' own drain.
const stopTime = 30 * time.Second

// process is one program of the shop.
type process struct {
	name    string
	binary  string
	env     []string
	more    func() []string // settings that differ from start to start
	logPath string

	mu      sync.Mutex
	command *exec.Cmd
	ended   chan struct{}
	err     error
	wanted  bool // false once we asked it to end
}

// starter starts processes from one thread that lives as long as the program: Linux sends the death signal of a child
// when the thread that started it ends.
type starter struct {
	once sync.Once
	work chan func()
}

func (s *starter) run(fn func() error) error {
	s.once.Do(func() {
		s.work = make(chan func())
		go func() {
			runtime.LockOSThread()
			for job := range s.work {
				job()
			}
		}()
	})
	result := make(chan error)
	s.work <- func() { result <- fn() }
	return <-result
}

// start runs the program with its output in its log file. It ends when this process ends, however that happens.
func (p *process) start(s *starter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	command := exec.Command(p.binary, "serve")
	command.Env = append(append(os.Environ(), p.env...), p.more()...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.run(command.Start); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.command, p.ended, p.wanted = command, make(chan struct{}), true
	go p.wait(command, p.ended)
	return nil
}

func (p *process) wait(command *exec.Cmd, ended chan struct{}) {
	err := command.Wait()
	p.mu.Lock()
	if p.command == command {
		p.err = err
	}
	p.mu.Unlock()
	close(ended)
}

// signal sends a signal and waits for the end, for at most stopTime, then kills.
func (p *process) signal(sig syscall.Signal) {
	p.mu.Lock()
	command, ended := p.command, p.ended
	p.wanted = false
	p.mu.Unlock()
	if command == nil {
		return
	}
	_ = command.Process.Signal(sig)
	select {
	case <-ended:
	case <-time.After(stopTime):
		_ = command.Process.Kill()
		<-ended
	}
}

// crashed tells whether the process ended without being asked to.
func (p *process) crashed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil || !p.wanted {
		return false
	}
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// how tells how the process ended, such as "signal: killed".
func (p *process) how() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		return "exit status 0"
	}
	return p.err.Error()
}

// lastWords is the end of the log, for the one line that tells why a process ended.
func (p *process) lastWords() string {
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(bytes.ToValidUTF8(text, nil))), "\n")
	return fmt.Sprintf("%.400s (log: %s)", lines[len(lines)-1], relative(p.logPath))
}

func relative(path string) string {
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(short, "..") {
		return short
	}
	return path
}
