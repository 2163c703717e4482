// Command registrylogin reads a password from its input and writes it down where tools that push and sign images look for it:
// config.json in DOCKER_CONFIG. It needs no container daemon.
//
//	aws ecr get-login-password | registrylogin REGISTRY
package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Getenv("DOCKER_CONFIG")); err != nil {
		fmt.Fprintln(os.Stderr, "registrylogin:", err)
		os.Exit(1)
	}
}

func run(arguments []string, input io.Reader, dir string) error {
	if len(arguments) != 1 || arguments[0] == "" {
		return errors.New("name the registry")
	}
	if dir == "" {
		return errors.New("set DOCKER_CONFIG to a folder of this build")
	}
	text, err := io.ReadAll(io.LimitReader(input, 1<<16))
	if err != nil {
		return err
	}
	password := strings.TrimSpace(string(text))
	if password == "" {
		return errors.New("there is no password on the input")
	}
	login := base64.StdEncoding.EncodeToString([]byte("AWS:" + password))
	config, err := json.Marshal(map[string]any{"auths": map[string]any{arguments[0]: map[string]string{"auth": login}}})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600)
}
