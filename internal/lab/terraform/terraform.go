// Package terraform runs the real CLI, Terraform or OpenTofu, with a provider just built: for demos, measurements and
// tests that need the whole chain. The user's own CLI configuration takes no part.
package terraform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// CLI is a command with a provider to use.
type CLI struct {
	Binary   string // path of terraform or tofu
	Provider string // path of the provider's binary
	Config   string // path of the CLI configuration that points to it
}

// Find looks for terraform, then tofu, in PATH.
func Find() (string, error) {
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("neither terraform nor tofu is in PATH: install one of them, version 1.8 or newer")
}

// Repository is the folder of this module's source.
func Repository() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("the source of this program cannot be found")
	}
	return filepath.Join(filepath.Dir(file), "..", "..", ".."), nil
}

// Build finds the CLI and builds a package of this repository ("." is the provider itself) into dir, with the given
// flags of go build.
func Build(ctx context.Context, dir, pkg string, flags ...string) (*CLI, error) {
	binary, err := Find()
	if err != nil {
		return nil, err
	}
	root, err := Repository()
	if err != nil {
		return nil, err
	}
	provider := filepath.Join(dir, "terraform-provider-virt")
	build := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", provider}, flags...), pkg)...)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	config := filepath.Join(dir, "cli.rc")
	text := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n    %q = %q\n  }\n  direct {}\n}\n",
		"registry.terraform.io/terraform-virt/virt", dir, "registry.opentofu.org/terraform-virt/virt", dir)
	return &CLI{Binary: binary, Provider: provider, Config: config}, os.WriteFile(config, []byte(text), 0o600)
}

// Mirror makes the CLI take the provider from a local mirror, as an installed release: quieter than an override, but
// every workspace has to be initialised.
func (c *CLI) Mirror(dir string) error {
	const version = "0.0.1"
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		into := filepath.Join(dir, "mirror", host, "terraform-virt", "virt", version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(into, 0o700); err != nil {
			return err
		}
		if err := os.Symlink(c.Provider, filepath.Join(into, "terraform-provider-virt_v"+version)); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.Join(dir, "mirror"))
	return os.WriteFile(c.Config, []byte(text), 0o600)
}

// Version is the first line of what the CLI says of itself.
func (c *CLI) Version(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, c.Binary, "version").Output()
	line, _, _ := strings.Cut(string(out), "\n")
	return line, err
}

// Workspace is a directory with a configuration.
type Workspace struct {
	*CLI
	Dir string
	Env []string  // beside the process's own
	Out io.Writer // where Show writes
}

// Result is how a command ended.
type Result struct {
	Code   int // of the exit; -1 when a signal ended it
	Output string
}

// Command prepares a command in the workspace. Cancelling its context interrupts it as Ctrl-C does, so that it
// releases its lock and stops its providers.
func (w *Workspace) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, w.Binary, args...)
	cmd.Dir = w.Dir
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+w.Config, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0")
	cmd.Env = append(cmd.Env, w.Env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd
}

// Run runs a command to its end. An error means that it could not run; a failure of the command is in the result.
func (w *Workspace) Run(ctx context.Context, args ...string) (Result, error) {
	var out bytes.Buffer
	cmd := w.Command(ctx, append(args, "-no-color")...)
	cmd.Stdout, cmd.Stderr = &out, &out
	return result(cmd, &out)
}

// Show runs a command and passes its output on as it comes.
func (w *Workspace) Show(ctx context.Context, args ...string) (Result, error) {
	cmd := w.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = w.Out, w.Out
	return result(cmd, &bytes.Buffer{})
}

func result(cmd *exec.Cmd, out *bytes.Buffer) (Result, error) {
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Result{Code: -1, Output: out.String()}, fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return Result{Code: cmd.ProcessState.ExitCode(), Output: out.String()}, nil
}

// Plain takes colours and the frames around errors away and joins broken lines, so that a sentence can be found.
func (r Result) Plain() string {
	var words []string
	for word := range strings.FieldsSeq(r.Output) {
		if strings.Trim(word, "│╷╵") != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}
