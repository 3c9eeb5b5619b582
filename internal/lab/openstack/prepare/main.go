// Command prepare makes the saved state that OpenStack control planes start from, unless it is there. make lab runs it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "make lab:", err)
		stop()
		os.Exit(1)
	}
}

// run prepares it where that can be done.
func run(ctx context.Context) error {
	if err := openstack.Missing(); err != nil {
		return err
	}
	saved, err := openstack.Prepare(ctx)
	if err != nil {
		return err
	}
	fmt.Println("make lab: OpenStack in", saved)
	return nil
}
