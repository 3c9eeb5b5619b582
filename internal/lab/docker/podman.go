package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// registriesConfig is registries.conf: as with dockerd, a registry on the loopback may be one without a certificate.
const registriesConfig = `[[registry]]
location = "127.0.0.1"
insecure = true
`

// containersConfig is containers.conf, without systemd. The first verb is the folder, the second the control group.
const containersConfig = `[containers]
cgroup_parent = "/%[2]s"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
static_dir = "%[1]s/libpod"
tmp_dir = "/run/libpod"
volume_path = "%[1]s/volumes"
runtime = "runc"
[network]
network_config_dir = "%[1]s/networks"
`

// storageConfig is storage.conf; the verbs are the driver and the folder.
const storageConfig = `[storage]
driver = %q
graphroot = "%[2]s/data"
runroot = "/run/containers"
`

// StartPodman starts podman's service for a test, a second server of Docker's API: no swarm, and health checks that
// nobody runs, for podman has systemd run them.
func StartPodman(t testing.TB) *Engine {
	t.Helper()
	Need(t)
	e, err := startPodman(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e.lend(t)
	return e
}

// startPodman starts the service and waits until it answers.
func startPodman(ctx context.Context) (*Engine, error) {
	e, err := newEngine()
	if err != nil {
		return nil, err
	}
	e.program = []string{"podman", "system", "service", "--time=0", e.Host()}
	e.prelude = "echo $$ >" + e.pidFile() + "; "
	e.env = []string{
		"CONTAINERS_CONF=" + e.under("containers.conf"), "CONTAINERS_REGISTRIES_CONF=" + e.under("registries.conf"),
		"CONTAINERS_STORAGE_CONF=" + e.under("storage.conf"),
	}
	driver, err := storageDriver(ctx, e.Dir)
	err = errors.Join(err,
		os.WriteFile(e.under("storage.conf"), fmt.Appendf(nil, storageConfig, driver, e.Dir), 0o600),
		os.WriteFile(e.under("containers.conf"), fmt.Appendf(nil, containersConfig, e.Dir, e.name()), 0o600),
		os.WriteFile(e.under("registries.conf"), []byte(registriesConfig), 0o600),
	)
	if err == nil {
		err = e.start(ctx, Options{})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start podman in %s: %w", e.Dir, err), e.Close())
	}
	return e, nil
}

// storageDriver is what works on a folder: layers on layers, as inside a container, do not.
func storageDriver(ctx context.Context, dir string) (string, error) {
	kind, err := output(exec.CommandContext(ctx, "stat", "--file-system", "--format", "%T", dir))
	if strings.TrimSpace(kind) == "overlayfs" {
		return "vfs", err
	}
	return "overlay", err
}
