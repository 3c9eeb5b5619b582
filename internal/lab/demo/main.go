// Command demo shows the provider in two minutes: one module on two platforms, a simulated vCenter and a sandbox that
// follows vSphere's rules. It needs Go and a Terraform or OpenTofu >= 1.8, no network beyond Go modules, and no rights.
// Where make lab has been run and root runs the demo, a real libvirt with a Linux guest is the third platform.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
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
	kvm, err := startKVM(ctx, dir, out)
	if err != nil {
		return err
	}
	if kvm != nil {
		defer func() { _ = kvm.Close() }()
	}
	s, err := prepare(ctx, dir, server, out)
	if err != nil {
		return err
	}
	where := "dc1 (vSphere) and lab (sandbox like vSphere)"
	if kvm != nil {
		where = "dc1 (vSphere), kvm1 (libvirt) and lab (sandbox like vSphere)"
		s.Env = append(s.Env, "LIBVIRT_DEFAULT_URI="+kvm.URI(), `TF_VAR_sites=["dc1", "kvm1", "lab"]`)
	}
	if err := play(ctx, s, out, where); err != nil {
		return err
	}
	out.title("That was one module on every one of them")
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

// startKVM starts a real libvirt where there is all that it needs; otherwise it says what is missing and gives nil.
func startKVM(ctx context.Context, dir string, out *screen) (*libvirt.Server, error) {
	guest, err := libvirt.RealGuest()
	if missing := libvirt.Missing(); missing != nil {
		err = missing
	}
	disk := filepath.Join(dir, "guest")
	if err == nil {
		err = guest.WriteDisk(ctx, disk)
	}
	if err != nil {
		out.say("Without a real libvirt: %v.", err)
		return nil, nil //nolint:nilnil // the demo goes without
	}
	server, err := libvirt.Start(ctx, libvirt.Options{})
	if err != nil {
		return nil, err
	}
	if err := server.Furnish(ctx, disk); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	out.say("A real libvirt is the third platform. Its guest is emulated and takes a while to start.")
	return server, nil
}

// play runs the scenes; each says what must come out.
func play(ctx context.Context, s *stage, out *screen, where string) error {
	out.title("1. Plan and apply: the same module on " + where)
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
