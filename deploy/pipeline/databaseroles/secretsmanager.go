package databaseroles

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// SecretsManager is the vault of AWS, by its command line. Secrets are handed over in a file that others cannot read, because
// everybody on a machine sees the arguments of its processes.
type SecretsManager struct{ Command string }

// Get reads the current version of a secret.
func (s SecretsManager) Get(ctx context.Context, name string) (login Login, err error) {
	output, err := s.run(ctx, "get-secret-value", "--secret-id", name, "--query", "SecretString", "--output", "text")
	if err != nil {
		return Login{}, err
	}
	if err := json.Unmarshal(output, &login); err != nil {
		return Login{}, errors.New("it is not a JSON object") // the error of the parser would quote it
	}
	return login, nil
}

// Put writes a new version of a secret.
func (s SecretsManager) Put(ctx context.Context, name string, login Login) (err error) {
	text, err := json.Marshal(login) //nolint:gosec // it goes to where secrets are kept
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "login-*.json")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	if _, err := file.Write(text); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	_, err = s.run(ctx, "put-secret-value", "--secret-id", name, "--secret-string", "file://"+file.Name())
	return err
}

func (s SecretsManager) run(ctx context.Context, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, s.Command, append([]string{"secretsmanager"}, arguments...)...)
	output, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("%s secretsmanager %s: %w: %.300s", s.Command, arguments[0], err, exit.Stderr)
		}
		return nil, fmt.Errorf("%s secretsmanager %s: %w", s.Command, arguments[0], err)
	}
	return output, nil
}
