// Command terraform-provider-virt serves the provider to Terraform and OpenTofu.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

// version is set by the release build.
var version = "dev" //nolint:gochecknoglobals // the linker sets it

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
	quietSDK()
	p := provider.New(version)
	err := providerserver.Serve(context.Background(), func() fwprovider.Provider { return p }, providerserver.ServeOpts{
		Address: "registry.terraform.io/terraform-virt/virt",
		Debug:   *debug,
	})
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if closeErr := p.Close(ctx); err == nil {
		err = closeErr
	}
	return err
}

// quietSDK switches the SDK's trace off when nobody asked for a log: it writes JSON for the CLI to throw away, which
// costs 40 % of the CPU of a plan.
func quietSDK() {
	asked := func(e string) bool { return strings.HasPrefix(e, "TF_LOG") }
	if !slices.ContainsFunc(os.Environ(), asked) {
		os.Setenv("TF_LOG_SDK", "off") //nolint:errcheck,gosec // it cannot fail for a constant name
	}
}
