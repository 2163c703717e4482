package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cartwright-shop/cartwright/deploy/local/stack"
	"github.com/cartwright-shop/cartwright/deploy/prove"
)

func soak(ctx context.Context, arguments []string) error {
	p := prove.Soak{Output: os.Stdout}
	flags := flag.NewFlagSet("prove soak", flag.ContinueOnError)
	minutes := flags.Float64("minutes", 60, "how long it takes")
	flags.DurationVar(&p.Look, "look", 2*time.Minute, "how long the shop is used between two looks at its books and its memory")
	flags.Float64Var(&p.Rate, "rate", 4, "purchases that begin in a second, at most")
	flags.IntVar(&p.Buyers, "buyers", 8, "buyers at once, at most")
	flags.Uint64Var(&p.Seed, "seed", 0, "what is left to chance; 0 draws one")
	flags.StringVar(&p.Dir, "dir", "", "where the shop and its data are; a folder of the repository when it is empty")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *minutes <= 0 || p.Look <= 0 || p.Rate <= 0 || p.Buyers <= 0 {
		return fmt.Errorf("minutes, look, rate and buyers are more than 0")
	}
	p.Length = time.Duration(*minutes * float64(time.Minute))
	var err error
	if p.Root, err = root(); err != nil {
		return err
	}
	if p.Dir == "" {
		p.Dir = filepath.Join(p.Root, ".local", "soak")
	}
	if err := stack.InstallPostgres(ctx, func(text string) { fmt.Println(text) }); err != nil {
		return err
	}
	return p.Run(ctx)
}
