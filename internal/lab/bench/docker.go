package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
)

// docker compares a plan of containers that are there, on a real engine, with one of as many terraform_data, and counts
// the calls. They are made and not started: a plan reads them all the same.
func (b *bench) docker(ctx context.Context, t *table) (err error) {
	if missing := docker.Missing(); missing != nil {
		say("not on Docker: %v", missing)
		t.add("Docker", "not measured", "", missing.Error())
		return nil
	}
	engine, err := docker.Start(ctx, docker.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	image, err := engine.Load(ctx, "bench:1", docker.ImageOptions{})
	if err != nil {
		return err
	}
	proxy, err := docker.NewProxy(ctx, engine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, proxy.Close()) }()
	ours, err := b.workspace("containers", head(fmt.Sprintf("docker { host = %q }", proxy.Host()))+fmt.Sprintf(`
resource "virt_container" "web" {
  count    = %d
  name     = "web-${count.index}"
  image_id = %q
  memory   = "64MiB"
  power    = "off"
  env      = { ROLE = "web" }
  ports    = { http = { port = 8080, host_port = 20000 + count.index } }
}
`, t.containers, image))
	if err != nil {
		return err
	}
	theirs, err := b.workspace("containers-reference", reference(t.containers))
	if err != nil {
		return err
	}
	name := fmt.Sprintf("Docker: plan of %d containers", t.containers)
	return b.real(ctx, t, name, ours, theirs, func() (int, string) { return tally(proxy.Calls()) })
}
