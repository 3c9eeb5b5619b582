// Command terraform-provider-virt serves the provider to Terraform and OpenTofu.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

// version is set by the release build.
var version = "dev"

// closing is how long sessions may take to log out: the CLI kills a provider two seconds after asking it to stop.
const closing = 1500 * time.Millisecond

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	debug := flag.Bool("debug", false, "run under a debugger: print how the CLI can attach")
	flag.Parse()
	p := provider.New(version)
	err := provider.Serve(p, *debug)
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if closeErr := p.Close(ctx); err == nil {
		err = closeErr
	}
	return err
}
