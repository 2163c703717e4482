package config_test

import (
	"fmt"
	"time"

	"github.com/cartwright-shop/cartwright/services/platform/config"
)

func ExampleLoad() {
	type limits struct {
		Wait time.Duration `env:"WAIT" envDefault:"5s" desc:"How long to wait."`
	}
	cfg, err := config.Load[limits]([]string{"WAIT=250ms"})
	fmt.Println(cfg.Wait, err)
	fmt.Print(config.Table(config.Settings[limits]()))
	// Output:
	// 250ms <nil>
	// | setting | default | meaning |
	// |---|---|---|
	// | `WAIT` | `5s` | How long to wait. |
}
