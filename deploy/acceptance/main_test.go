package acceptance_test

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/shopclient"
)

// slowest is the longest that any answer may take: the gateway's deadline of 25 s, and what a busy machine adds.
const slowest = 28 * time.Second

// theShop is the shop under test. TestMain sets it before the first journey and nobody changes it.
var theShop *shop

// shop is a running shop and who watches it.
type shop struct {
	url, sandbox, issuer string
	staffToken           string
	run                  string // makes keys of this run differ from those of others
	web                  *shopclient.Client
	watch                *watch
	own                  *stack.Shop // nil when somebody else runs it
	options              stack.Options
	markets              map[string]*market

	mu     sync.Mutex
	notRun []string
}

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "8") // journeys wait more than they work
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	ctx := context.Background()
	s, err := find(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "acceptance:", err)
		return 1
	}
	theShop = s
	code := m.Run()
	for _, line := range s.notRun {
		fmt.Println("NOT RUN:", line)
	}
	for _, complaint := range s.watch.complaints() {
		fmt.Println("FAIL: whatever was asked:", complaint)
		code = 1
	}
	if err := s.audit(ctx, "", os.Stdout); err != nil {
		fmt.Println("FAIL: the audit of the shop's data:", err)
		code = 1
	}
	fmt.Println(s.watch.figures())
	if err := s.close(ctx, code == 0); err != nil {
		fmt.Fprintln(os.Stderr, "acceptance:", err)
		return 1
	}
	return code
}

// find returns the shop that the environment names, else one that is started now, with the markets of this run.
func find(ctx context.Context) (*shop, error) {
	s := &shop{
		url: strings.TrimSuffix(os.Getenv("ACCEPTANCE_URL"), "/"), staffToken: os.Getenv("ACCEPTANCE_STAFF_TOKEN"),
		issuer: strings.TrimSuffix(os.Getenv("ACCEPTANCE_ISSUER"), "/"), sandbox: strings.TrimSuffix(os.Getenv("ACCEPTANCE_SANDBOX"), "/"),
	}
	if s.url == "" {
		var err error
		if s, err = startOwn(ctx); err != nil {
			return nil, err
		}
	}
	if s.staffToken == "" || s.issuer == "" || s.sandbox == "" {
		return nil, errors.New("ACCEPTANCE_URL needs ACCEPTANCE_STAFF_TOKEN, ACCEPTANCE_ISSUER and ACCEPTANCE_SANDBOX beside it")
	}
	s.connect()
	if err := s.openMarkets(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the markets of this run: %w", err), s.close(ctx, false))
	}
	return s, nil
}

func (s *shop) connect() {
	s.run = strings.ToLower(rand.Text()[:6])
	s.watch = newWatch()
	s.web = shopclient.New(s.url).WithTransport(s.watch.wrap)
}

// startOwn builds the shop and runs it on free ports in a temporary folder.
func startOwn(ctx context.Context) (*shop, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	if err := stack.InstallPostgres(ctx, func(text string) { fmt.Println(text) }); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "cartwright-acceptance-")
	if err != nil {
		return nil, err
	}
	ports, err := stack.FreePorts()
	if err != nil {
		return nil, err
	}
	o := stack.Options{Root: root, Dir: dir, Bin: filepath.Join(root, ".local", "test-bin"), Ports: ports, Output: os.Stdout, MTLS: true}
	if err := stack.Build(ctx, o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return start(ctx, o)
}

// start runs a shop of which the binaries are built.
func start(ctx context.Context, o stack.Options) (*shop, error) {
	own, err := stack.Start(ctx, o)
	if err != nil {
		return nil, errors.Join(err, stack.Remove(o), os.RemoveAll(o.Dir))
	}
	token, err := own.StaffToken()
	if err != nil {
		return nil, errors.Join(err, own.Stop(ctx), stack.Remove(o))
	}
	return &shop{url: own.URL(), sandbox: own.SandboxURL(), issuer: own.IssuerURL(), staffToken: token, own: own, options: o}, nil
}

// close ends a shop of ours. A clean one leaves nothing; the logs of another stay.
func (s *shop) close(ctx context.Context, clean bool) error {
	if s.own == nil {
		return nil
	}
	logs := filepath.Join(s.options.Dir, "logs")
	kept := s.options.Dir + ".logs"
	err := s.own.Stop(ctx)
	if !clean && os.Rename(logs, kept) == nil {
		fmt.Println("logs of the services:", kept)
	}
	return errors.Join(err, stack.Remove(s.options), os.RemoveAll(s.options.Dir))
}

// leaveOut notes a journey that cannot run here.
func (s *shop) leaveOut(t *testing.T, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notRun = append(s.notRun, t.Name()+": "+why)
	t.Log("NOT RUN:", why)
}
