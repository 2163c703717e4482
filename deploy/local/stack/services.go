package stack

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cartwright-shop/cartwright/services/platform/postgres/provision"
)

const (
	audience = "cartwright"
	merchant = "cartwright-local"
)

// environment is the settings of a program.
func (s *Shop) environment(name string) ([]string, error) {
	if name == sandboxName {
		return s.sandboxEnvironment()
	}
	p := s.options.Ports
	env := []string{"GRPC_ADDR=" + local(p.GRPC[name]), "OPS_ADDR=" + local(p.Ops[name]), "VERSION=local"}
	env = append(env, s.certificateEnvironment(name)...)
	for _, peer := range withDatabase() {
		env = append(env, strings.ToUpper(peer)+"_ADDR="+s.via(name, peer, local(p.GRPC[peer])))
	}
	switch name {
	case "gateway":
		env = append(env, "HTTP_ADDR="+local(p.Gateway), "OIDC_ISSUER="+s.IssuerURL(), "OIDC_AUDIENCE="+audience, "CORS_ORIGINS=*")
		return append(env, s.options.Env...), nil
	case "payment":
		env = append(env, "SANDBOX_URL=http://"+s.via(name, sandboxName, local(p.Sandbox)), "SANDBOX_API_KEY="+s.secrets.ProviderKey, "SANDBOX_MERCHANT="+merchant,
			"SANDBOX_WEBHOOK_SECRET="+s.secrets.WebhookSecret, "GIFT_CARD_KEY="+s.secrets.GiftCardKey,
			"RETURN_URL_HOSTS=localhost,127.0.0.1,shop.example.com")
	}
	serving, err := s.database.url(provision.App(name), s.secrets.AppPassword)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(serving)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	u.Host = s.via(name, "postgres", u.Host)
	return append(append(env, "DATABASE_URL="+u.String()), s.options.Env...), nil
}

func (s *Shop) via(from, to, address string) string {
	if s.options.Via == nil {
		return address
	}
	return s.options.Via(from, to, address)
}

func (s *Shop) sandboxEnvironment() ([]string, error) {
	dir := filepath.Join(s.options.Dir, "sandbox")
	if err := os.MkdirAll(dir, dirPublic); err != nil {
		return nil, err
	}
	return []string{
		"SANDBOX_ADDR=" + local(s.options.Ports.Sandbox), "SANDBOX_PUBLIC_URL=" + s.SandboxURL(),
		"SANDBOX_JOURNAL=" + filepath.Join(dir, "journal.jsonl"), "SANDBOX_MERCHANT=" + merchant,
		"SANDBOX_API_KEY=" + s.secrets.ProviderKey, "SANDBOX_WEBHOOK_URL=" + s.URL() + "/webhooks/sandbox",
		"SANDBOX_WEBHOOK_SECRET=" + s.secrets.WebhookSecret,
	}, nil
}

// Migrate brings the schema of a service to what its migrator needs. Start has done so; it is for a shop in which the migrator has
// changed since.
func (s *Shop) Migrate(ctx context.Context, name string) error {
	env, err := s.environment(name)
	if err != nil {
		return err
	}
	owner, err := s.database.url(provision.Owner(name), s.secrets.OwnerPassword)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, s.options.migrator(name), "migrate")
	command.Env = append(append(os.Environ(), env...), "OWNER_DATABASE_URL="+owner)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate %s: %w: %.1000s", name, err, output)
	}
	return nil
}
