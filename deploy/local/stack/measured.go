package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Measured builds and starts a shop for whoever measures it: on free ports, below .local under a name, with a new database that writes
// through to the disk. The caller stops it.
func Measured(ctx context.Context, name string, o Options) (*Shop, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if err := InstallPostgres(ctx, func(text string) { fmt.Fprintln(o.Output, text) }); err != nil {
		return nil, err
	}
	if o.Ports, err = FreePorts(); err != nil {
		return nil, err
	}
	o.Root, o.Dir, o.Bin = root, filepath.Join(root, ".local", name), filepath.Join(root, ".local", "bin")
	o.Fresh, o.Fsync = true, true
	if err := Build(ctx, o); err != nil {
		return nil, err
	}
	return Start(ctx, o)
}
