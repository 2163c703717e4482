package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

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
	env := []string{
		"GRPC_ADDR=" + local(p.GRPC[name]), "OPS_ADDR=" + local(p.Ops[name]), "VERSION=local",
		"PRODUCT_ADDR=" + local(p.GRPC["product"]), "PRICING_ADDR=" + local(p.GRPC["pricing"]),
		"INVENTORY_ADDR=" + local(p.GRPC["inventory"]), "PAYMENT_ADDR=" + local(p.GRPC["payment"]), "CART_ADDR=" + local(p.GRPC["cart"]),
	}
	switch name {
	case "gateway":
		env = append(env, "HTTP_ADDR="+local(p.Gateway), "OIDC_ISSUER="+s.IssuerURL(), "OIDC_AUDIENCE="+audience, "CORS_ORIGINS=*")
		return append(env, s.options.Env...), nil
	case "payment":
		env = append(env, "SANDBOX_URL="+s.SandboxURL(), "SANDBOX_API_KEY="+s.secrets.ProviderKey, "SANDBOX_MERCHANT="+merchant,
			"SANDBOX_WEBHOOK_SECRET="+s.secrets.WebhookSecret, "GIFT_CARD_KEY="+s.secrets.GiftCardKey,
			"RETURN_URL_HOSTS=localhost,127.0.0.1,shop.example.com")
	}
	serving, err := s.database.url(provision.App(name), s.secrets.AppPassword)
	if err != nil {
		return nil, err
	}
	return append(append(env, "DATABASE_URL="+serving), s.options.Env...), nil
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

func (s *Shop) runMigrate(ctx context.Context, name string) error {
	env, err := s.environment(name)
	if err != nil {
		return err
	}
	owner, err := s.database.url(provision.Owner(name), s.secrets.OwnerPassword)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, filepath.Join(s.options.bin(), name), "migrate")
	command.Env = append(append(os.Environ(), env...), "OWNER_DATABASE_URL="+owner)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate %s: %w: %.1000s", name, err, output)
	}
	return nil
}
