// Command serve runs an OpenStack control plane until it is interrupted, and prints the environment by which tests use it
// instead of starting their own, and OpenStack's tools reach it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context) (err error) {
	c, err := openstack.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	fmt.Printf("export VIRT_LAB_OPENSTACK=%s\nexport %s\n", c.Dir, strings.Join(c.Admin().Env(), " "))
	<-ctx.Done()
	return nil
}
