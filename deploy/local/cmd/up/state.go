package main

import (
	"fmt"
	"os"

	"github.com/cartwright-shop/cartwright/deploy/local/running"
	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

// remember tells other commands, such as the replay, where the shop runs.
func remember(o stack.Options, shop *stack.Shop, token string) error {
	auditor, err := shop.AuditorURL()
	if err != nil {
		return err
	}
	return running.Write(o.Dir, running.Shop{
		PID: os.Getpid(), URL: shop.URL(), Sandbox: shop.SandboxURL(), Issuer: shop.IssuerURL(), Auditor: auditor, StaffToken: token,
	})
}

func forget(o stack.Options) error { return running.Remove(o.Dir) }

// notTwice refuses a second shop in the same folder, which would share its data.
func notTwice(o stack.Options) error {
	found, alive, err := running.Find(o.Dir)
	if err != nil || !alive {
		return err
	}
	return fmt.Errorf("this shop is running already at %s (process %d): use it, or stop it with Ctrl-C where it runs", found.URL, found.PID)
}
