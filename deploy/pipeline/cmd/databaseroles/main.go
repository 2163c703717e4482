// Command databaseroles makes the database roles of all services and of the auditor from their secrets in Secrets Manager, or gives them new passwords.
//
//	databaseroles -environment production -host HOST -administrator SECRET [-rotate]
//
// It runs in the network of the database: deploy/aws/data.yaml has a project for it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"

	"github.com/cartwright-shop/cartwright/deploy/pipeline/databaseroles"
)

// query is how services reach the database: encrypted, and only the one whose certificate their chart mounts.
const query = "sslmode=verify-full&sslrootcert=/etc/cartwright/database/ca.pem"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "databaseroles:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("databaseroles", flag.ContinueOnError)
	environment := flags.String("environment", "", "staging or production")
	host := flags.String("host", "", "address of the database")
	administrator := flags.String("administrator", "", "secret of the administrator")
	rotate := flags.Bool("rotate", false, "give them new passwords")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *environment == "" || *host == "" || *administrator == "" {
		return errors.New("give -environment, -host and -administrator")
	}
	vault := databaseroles.SecretsManager{Command: "aws"}
	login, err := vault.Get(ctx, *administrator)
	if err != nil {
		return err
	}
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(login.Username, login.Password), Host: *host + ":5432", Path: "cartwright", RawQuery: "sslmode=require",
	}
	database := databaseroles.Database{AdministratorURL: address.String(), Host: *host + ":5432", Name: "cartwright", Query: query}
	services := []string{"product", "pricing", "cart", "payment", "inventory"}
	if *rotate {
		return errors.Join(database.Rotate(ctx, vault, *environment, services), database.RotateAuditor(ctx, vault, *environment))
	}
	if err := database.Apply(ctx, vault, *environment, services); err != nil {
		return err
	}
	return database.ApplyAuditor(ctx, vault, *environment)
}
