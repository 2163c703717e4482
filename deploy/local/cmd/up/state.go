package main

import (
	"os"

	"github.com/cartwright-shop/cartwright/deploy/local/running"
	"github.com/cartwright-shop/cartwright/deploy/local/stack"
)

// remember tells other commands, such as the replay, where the shop runs.
func remember(o stack.Options, shop *stack.Shop, token string) error {
	return running.Write(o.Dir, running.Shop{
		PID: os.Getpid(), URL: shop.URL(), Sandbox: shop.SandboxURL(), Issuer: shop.IssuerURL(), StaffToken: token,
	})
}

func forget(o stack.Options) error { return running.Remove(o.Dir) }
