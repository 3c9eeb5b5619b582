package provider

import (
	"context"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Address is the provider's address in the public registry.
const Address = "registry.terraform.io/terraform-virt/virt"

// garbage is how far the heap may grow before it is collected, in percent of what is live. Little is live and much is
// thrown away: twice Go's default saves a fifth of a large plan's CPU for 25 MB more.
const garbage = 200

// Serve answers Terraform until it hangs up. With debugged it prints how the CLI can attach, and runs until interrupted.
// When nobody asked for a log it is quiet: see [hush].
func Serve(p provider.Provider, debugged bool) error {
	var opts []tf6server.ServeOpt
	if debugged {
		opts = append(opts, tf6server.WithManagedDebug())
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	server := providerserver.NewProtocol6(p)
	if !logged(os.Environ()) {
		// The SDK would write its trace as JSON, which the CLI throws away: 40 % of the CPU of a plan.
		if err := os.Setenv("TF_LOG_SDK", "off"); err != nil {
			return err
		}
		return tf6server.Serve(Address, func() tfprotov6.ProviderServer { return hush(server()) }, opts...)
	}
	return tf6server.Serve(Address, server, opts...)
}

// logged reports whether somebody asked for a log of any kind.
func logged(env []string) bool {
	return slices.ContainsFunc(env, func(e string) bool {
		name, value, _ := strings.Cut(e, "=")
		return strings.HasPrefix(name, "TF_LOG") && value != ""
	})
}

// bare is a context that ends with ctx but carries none of its values, and holds nothing of it once it has ended. The
// framework keeps the context of every request until the provider stops; with the SDK's loggers in it that is many
// kilobytes for each.
func bare(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancelCause(context.Background())
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	return out, func() {
		stop()
		cancel(nil)
	}
}

// unary serves a request that is over when its answer is there.
func unary[Q, A any](ctx context.Context, req Q, serve func(context.Context, Q) (A, error)) (A, error) {
	out, cancel := bare(ctx)
	defer cancel()
	return serve(out, req)
}

// stream serves a request whose answer is read afterwards; its context ends with ctx, which the connection cancels.
func stream[Q, A any](ctx context.Context, req Q, serve func(context.Context, Q) (A, error)) (A, error) {
	out, _ := bare(ctx)
	return serve(out, req)
}
