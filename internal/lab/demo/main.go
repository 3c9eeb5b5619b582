// Command demo shows the provider in two minutes: one module on two platforms, a simulated vCenter and a sandbox that
// follows vSphere's rules. It needs Go and a Terraform or OpenTofu >= 1.8, no network beyond Go modules, and no rights.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/terraform"
	"github.com/terraform-virt/terraform-provider-virt/internal/lab/vcenter"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1) //nolint:gocritic // run has cleaned up
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "virt-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	log.SetOutput(io.Discard) // the simulator logs as it likes
	out := newScreen(os.Stdout)

	out.title("Building the provider and starting a simulated vCenter")
	server, err := vcenter.Start(ctx, vcenter.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	s, err := prepare(ctx, dir, server, out)
	if err != nil {
		return err
	}
	if err := play(ctx, s, out); err != nil {
		return err
	}
	out.title("That was one module on two platforms")
	out.say("The vCenter was asked %d times in all.", total(server.Calls()))
	out.say("Next: README.md has a first module, examples/ one for every resource, docs/ the reference.")
	return nil
}

// prepare builds the provider and copies the example to a directory of its own.
func prepare(ctx context.Context, dir string, server *vcenter.Server, out *screen) (*stage, error) {
	start := time.Now()
	cli, err := terraform.Build(ctx, dir, ".")
	if err != nil {
		return nil, err
	}
	if err := cli.Mirror(dir); err != nil {
		return nil, err
	}
	root, err := terraform.Repository()
	if err != nil {
		return nil, err
	}
	s := &stage{&terraform.Workspace{CLI: cli, Dir: filepath.Join(dir, "quickstart"), Out: out.to, Env: []string{
		"VSPHERE_SERVER=" + server.Host, "VSPHERE_USER=" + server.User, "VSPHERE_PASSWORD=" + server.Password,
		"VIRT_DC1_CA_FILE=" + server.CAFile,
	}}, out}
	if err := os.CopyFS(s.Dir, os.DirFS(filepath.Join(root, "examples", "quickstart"))); err != nil {
		return nil, err
	}
	version, err := cli.Version(ctx)
	if err != nil {
		return nil, err
	}
	if got, err := s.Run(ctx, "init"); err != nil || got.Code != 0 {
		return nil, fmt.Errorf("terraform init: %w\n%s", err, got.Output)
	}
	out.say("Ready after %s: %s, a vCenter at %s whose certificate is verified.", time.Since(start).Round(time.Second), version, server.Host)
	return s, nil
}

// play runs the scenes; each says what must come out.
func play(ctx context.Context, s *stage, out *screen) error {
	out.title("1. Plan and apply: the same module on dc1 (vSphere) and lab (sandbox like vSphere)")
	if err := s.run(ctx, changes, "plan", "-out=first"); err != nil {
		return err
	}
	if err := s.run(ctx, succeeds, "apply", "first"); err != nil {
		return err
	}
	out.title("2. Plan again: nothing to do")
	if err := s.run(ctx, empty, "plan"); err != nil {
		return err
	}
	out.title("3. A live change: the data disk grows, nobody notices")
	if err := s.change(ctx, "-var=disk_size=20GiB"); err != nil {
		return err
	}
	out.title("4. A change that needs a restart: the plan says so first, and booted_at is unknown")
	if err := s.change(ctx, "-var=disk_size=20GiB", "-var=memory=2GiB"); err != nil {
		return err
	}
	out.title("5. What a platform lacks is refused at plan, on the attribute")
	if err := s.run(ctx, refused, "plan", "-var=disk_size=20GiB", "-var=memory=2GiB", "-var=size=large"); err != nil {
		return err
	}
	out.title("6. Destroy")
	return s.run(ctx, succeeds, "destroy", "-auto-approve", "-var=disk_size=20GiB", "-var=memory=2GiB")
}

func total(calls map[string]int) int {
	n := 0
	for _, count := range calls {
		n += count
	}
	return n
}
