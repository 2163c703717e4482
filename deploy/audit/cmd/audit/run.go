package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/audit"
	"github.com/cartwright-shop/cartwright/deploy/local/running"
)

// Exit codes.
const (
	sound    = 0
	violated = 1
	notRun   = 2
)

type settings struct {
	audit.Options
	json bool
	// fromEnvironment tells that the database's URL was not given as a flag.
	fromEnvironment bool
	every           time.Duration
	listen          string
	provision       bool
	await           string
	within          time.Duration
}

func parse(arguments []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	flags.StringVar(&s.Database, "database", "", "Postgres URL of the auditor's role; empty: "+databaseEnv+" or the file of "+databaseEnv+"_FILE, else the shop that make up runs here")
	flags.StringVar(&s.Provider, "provider", "", "URL of the sandbox provider whose log is compared")
	flags.StringVar(&s.Settlement, "settlement", "", "settlement file of the provider, instead of its log")
	flags.StringVar(&s.ProviderName, "provider-name", "sandbox", "name of the provider in our operations")
	flags.StringVar(&s.Acknowledged, "acknowledged", "", "log of what callers were told, as JSON lines")
	logs := flags.String("logs", "", "log files to search for secrets, comma-separated; patterns such as logs/*.log are allowed")
	flags.BoolVar(&s.json, "json", false, "print one JSON object instead of a table")
	flags.BoolVar(&s.QuietShop, "quiet-shop", false, "nothing is at work in the shop: what is wrong now is wrong")
	flags.DurationVar(&s.ConfirmAfter, "confirm-after", audit.ConfirmDefault, "how long after it was seen a violation must still be there")
	flags.IntVar(&s.Connections, "connections", 2, "connections that read at once")
	flags.Int64Var(&s.TextBudget, "text-budget", audit.TextDefault, "bytes of each table that are searched for secrets; below 0: all")
	flags.DurationVar(&s.every, "every", 0, "audit again and again, so long after each audit, and tell the last result as metrics; 0: once")
	flags.StringVar(&s.listen, "listen", ":9090", "address of /metrics, /livez and /readyz with -every")
	flags.BoolVar(&s.provision, "provision", false, "only make the auditor's role, as the administrator of ADMIN_DATABASE_URL, with the password of "+databaseEnv)
	flags.StringVar(&s.await, "await", "", "only wait until the auditor at this URL, which runs with -every, has ended an audit, and print what it tells")
	flags.DurationVar(&s.within, "within", 4*time.Minute, "how long -await waits")
	only := flags.String("only", "", "invariants to check, comma-separated; empty: all")
	if err := flags.Parse(arguments); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, errors.New("unexpected argument " + flags.Arg(0))
	}
	if *only != "" {
		s.Only = strings.Split(*only, ",")
	}
	for pattern := range strings.SplitSeq(*logs, ",") {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return s, err
		}
		if pattern != "" && len(found) == 0 {
			return s, errors.New("there is no log file " + pattern)
		}
		s.Logs = append(s.Logs, found...)
	}
	if s.provision || s.await != "" {
		return s, nil
	}
	return s, s.find()
}

// find fills in where the shop is.
func (s *settings) find() error {
	if s.Database != "" {
		return nil
	}
	given, err := environment()
	if err != nil || given.Database != "" {
		s.Database, s.fromEnvironment = given.Database, true
		return err
	}
	dir := os.Getenv("CARTWRIGHT_LOCAL_DIR")
	if dir == "" {
		dir = ".local"
	}
	shop, alive, err := running.Find(dir)
	if err != nil {
		return err
	}
	if !alive || shop.Auditor == "" {
		return errors.New("no shop: give -database or " + databaseEnv + ", or start one with make up")
	}
	s.Database = shop.Auditor
	if s.Provider == "" && s.Settlement == "" {
		s.Provider = shop.Sandbox
	}
	return nil
}

func run(ctx context.Context, arguments []string, output io.Writer) (code int, err error) {
	s, err := parse(arguments)
	if errors.Is(err, flag.ErrHelp) {
		return sound, nil
	}
	if err != nil {
		return notRun, err
	}
	switch {
	case s.provision:
		return ended(provision(ctx))
	case s.await != "":
		return ended(await(ctx, s.await, s.within, output))
	case s.every > 0:
		return ended(repeat(ctx, s, output))
	}
	report, err := audit.Run(ctx, s.Options)
	if err != nil {
		return notRun, err
	}
	if err := s.print(output, report); err != nil {
		return notRun, err
	}
	if report.Violations() > 0 {
		return violated, nil
	}
	return sound, nil
}

// ended is the exit code of what is no audit.
func ended(err error) (int, error) {
	if err != nil {
		return notRun, err
	}
	return sound, nil
}

func (s settings) print(output io.Writer, report *audit.Report) error {
	if s.json {
		return report.JSON(output)
	}
	report.Print(output)
	return nil
}
