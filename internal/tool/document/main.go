// Command document writes docs/ from the provider's schema, templates/ and
// examples/.
//
// It builds the provider, starts it as Terraform would, asks it for its schema
// over the plugin protocol and hands that to tfplugindocs as JSON. No Terraform
// takes part: one older than a feature leaves it out of the schema (identity
// before 1.12, list resources before 1.14), so the pages would depend on who
// generated them. Nothing is downloaded but Go modules.
//
//	go run -C internal/tool ./document
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	tfjson "github.com/hashicorp/terraform-json"
)

// patience is how long a provider may take to start and answer.
const patience = time.Minute

func main() {
	root := flag.String("root", "../..", "the repository: holds main.go, templates/ and examples/")
	name := flag.String("name", "virt", "the provider's type name")
	schema := flag.String("schema", "", "only write the schema as JSON to this file")
	flag.Parse()

	if err := run(context.Background(), *root, *name, *schema); err != nil {
		fmt.Fprintln(os.Stderr, "document:", err)
		os.Exit(1)
	}
}

// run writes the pages below root, or the schema alone where a file for it is
// given.
func run(ctx context.Context, root, name, schemaFile string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "document-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	only := schemaFile != ""
	if !only {
		schemaFile = filepath.Join(dir, "schema.json")
	}
	if err := writeSchema(ctx, root, name, filepath.Join(dir, "provider"), schemaFile); err != nil || only {
		return err
	}
	return render(ctx, root, name, schemaFile)
}

// writeSchema builds the provider as binary, asks it for its schema and writes
// that to file the way "terraform providers schema -json" does.
func writeSchema(ctx context.Context, root, name, binary, file string) error {
	build := exec.CommandContext(ctx, "go", "build", "-C", root, "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the provider in %s: %w\n%s", root, err, out)
	}

	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the provider did not answer in a minute"))
	defer cancel()
	schema, err := ask(ctx, binary)
	if err != nil {
		return fmt.Errorf("asking the provider for its schema: %w", err)
	}

	// tfplugindocs looks a provider up by its short name.
	text, err := json.MarshalIndent(tfjson.ProviderSchemas{
		FormatVersion: "1.0",
		Schemas:       map[string]*tfjson.ProviderSchema{name: schema},
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the schema as JSON: %w", err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}

// render runs tfplugindocs, at the version that this module pins.
func render(ctx context.Context, root, name, schemaFile string) error {
	cmd := exec.CommandContext(ctx, "go", "tool", "tfplugindocs", "generate",
		"--provider-dir", root, "--provider-name", "terraform-provider-"+name,
		"--rendered-provider-name", name, "--providers-schema", schemaFile)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("tfplugindocs: %w\n%s", err, out)
	}
	return nil
}
