// Package postgres keeps the service's data in its schema: carts, orders, the checkout's machine, tax and shipping tables,
// settings and saved addresses.
package postgres

import (
	"embed"
	"io/fs"
)

//go:embed migration/*.sql
var migrations embed.FS

// Migrations are the files that make the schema.
func Migrations() fs.FS { return migrations }
