// Package stack runs a whole shop on one machine: Postgres, the sandbox payment provider, the token issuer and every
// service as a process of its own. `make up`, the acceptance journeys, the replay and the bench start the same one.
package stack

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Options say what to run.
type Options struct {
	// Root is the folder of the repository.
	Root string
	// Dir keeps binaries, logs, secrets and, unless DatabaseURL is set, the data. It is made when it is missing.
	Dir string
	// Bin keeps the binaries; empty means Dir/bin. Test stacks share one.
	Bin string
	// Ports are where everything listens.
	Ports Ports
	// DataDir keeps the data of our own Postgres; empty chooses a place for Dir.
	DataDir string
	// DatabaseURL is an administrator's connection to a Postgres that runs already; empty starts one.
	DatabaseURL string
	// Fresh drops all data first.
	Fresh bool
	// Fsync says whether commits survive a crash of the machine.
	Fsync bool
	// Output gets progress and nothing else.
	Output io.Writer
	// Env is added to the settings of every service, as "NAME=value".
	Env []string
	// EnvOf is added to the settings of one program, each time that it is started; nil adds nothing.
	EnvOf func(program string) []string
	// Via gives the address at which a program reaches another one, or "postgres", when that is not its own; nil means its own.
	Via func(from, to, address string) string
	// MTLS makes the services know each other by certificates of an authority of the shop's own.
	MTLS bool
	// BinaryOf gives the binary that runs as a program, and MigratorOf the one that migrates the schema of a service, when that
	// is not the one in Bin. Nil and "" mean Bin.
	BinaryOf, MigratorOf func(program string) string
	// Tags are build tags.
	Tags string
}

// secrets are made once per Dir, so that tokens, gift cards and passwords outlive a restart.
type secrets struct {
	OwnerPassword string `json:"ownerPassword"`
	AppPassword   string `json:"appPassword"`
	Auditor       string `json:"auditorPassword"`
	GiftCardKey   string `json:"giftCardKey"`
	ProviderKey   string `json:"providerKey"`
	WebhookSecret string `json:"webhookSecret"`
	IssuerSeed    string `json:"issuerSeed"`
}

const (
	filePrivate = 0o600
	dirPublic   = 0o755
	readyTime   = 60 * time.Second
)

func loadSecrets(dir string) (*secrets, error) {
	path := filepath.Join(dir, "secrets.json")
	text, err := os.ReadFile(path)
	if err == nil {
		s := &secrets{}
		if err := json.Unmarshal(text, s); err != nil {
			return nil, fmt.Errorf("%s is damaged: start over with make up FRESH=1: %w", relative(path), err)
		}
		return s, s.complete(path)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	s := &secrets{
		OwnerPassword: random(16), AppPassword: random(16), GiftCardKey: random(32), ProviderKey: random(16),
		WebhookSecret: random(32), IssuerSeed: random(32),
	}
	return s, s.complete(path)
}

// complete makes what secrets of an earlier version lack, and writes them.
func (s *secrets) complete(path string) error {
	if s.Auditor != "" {
		return nil
	}
	s.Auditor = random(16)
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, filePrivate)
}

func random(bytes int) string {
	b := make([]byte, bytes)
	if _, err := rand.Read(b); err != nil {
		panic(err) // the system has no randomness: nothing safe can be made
	}
	return hex.EncodeToString(b)
}
