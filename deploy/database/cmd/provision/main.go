// Command provision makes the roles and the schema of one service in a database, see package database. The charts run it as a Job
// when they are given an administrator's URL only.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cartwright-shop/cartwright/deploy/database"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: provision SERVICE, with ADMIN_DATABASE_URL, DATABASE_URL and OWNER_DATABASE_URL")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := database.Prepare(ctx, os.Args[1], os.Environ())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "provision:", err)
		os.Exit(1)
	}
	fmt.Printf("the roles and the schema of %s are ready\n", os.Args[1])
}
