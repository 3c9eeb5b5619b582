package openstack_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
)

// await waits until the last argument, a column of what the client shows, has a value.
func await(t *testing.T, p *openstack.Project, value string, args ...string) {
	t.Helper()
	last := len(args) - 1
	command := append(slices.Clone(args[:last]), "-f", "value", "-c", args[last])
	got := ""
	for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(200 * time.Millisecond) {
		if got = strings.TrimSpace(p.CLI(t, command...)); got == value {
			return
		}
	}
	t.Fatalf("openstack %s: %q, want %q", strings.Join(command, " "), got, value)
}

// network makes one with a subnet.
func network(t *testing.T, p *openstack.Project) {
	t.Helper()
	p.CLI(t, "network", "create", "net")
	p.CLI(t, "subnet", "create", "--network", "net", "--subnet-range", "10.0.0.0/24", "sub")
}

func TestServer(t *testing.T) {
	t.Parallel()
	p := openstack.Start(t).Project(t)
	network(t, p)
	p.CLI(t, "volume", "create", "--size", "1", "data")
	start := time.Now()
	p.CLI(t, "server", "create", "--image", "tiny", "--flavor", "t1.nano", "--network", "net", "--wait", "web")
	t.Logf("server in %s", time.Since(start))
	await(t, p, "ACTIVE", "server", "show", "web", "status")
	if log := p.CLI(t, "console", "log", "show", "web"); !strings.Contains(log, "Booting web\n") {
		t.Errorf("console %q", log)
	}

	p.CLI(t, "server", "add", "volume", "web", "data")
	await(t, p, "in-use", "volume", "show", "data", "status")
	p.CLI(t, "--os-volume-api-version", "3.42", "volume", "set", "--size", "2", "data")
	await(t, p, "2", "volume", "show", "data", "size")
	await(t, p, "in-use", "volume", "show", "data", "status")

	p.CLI(t, "server", "resize", "--flavor", "t1.micro", "web")
	await(t, p, "VERIFY_RESIZE", "server", "show", "web", "status")
	p.CLI(t, "server", "resize", "confirm", "web")
	await(t, p, "ACTIVE", "server", "show", "web", "status")

	p.CLI(t, "server", "image", "create", "--name", "web-1", "web")
	await(t, p, "active", "image", "show", "web-1", "status")
	p.CLI(t, "volume", "snapshot", "create", "--volume", "data", "--force", "data-1")
	await(t, p, "available", "volume", "snapshot", "show", "data-1", "status")
	p.CLI(t, "volume", "create", "--size", "1", "other")
	await(t, p, "available", "volume", "show", "other", "status")
	p.CLI(t, "volume", "set", "--type", "fast", "other")
	await(t, p, "fast", "volume", "show", "other", "type")
	p.CLI(t, "server", "delete", "--wait", "web")
	await(t, p, "available", "volume", "show", "data", "status")
}

func TestBootFromVolume(t *testing.T) {
	t.Parallel()
	p := openstack.Start(t).Project(t)
	network(t, p)
	p.CLI(t, "volume", "create", "--size", "1", "--image", "tiny", "root")
	await(t, p, "available", "volume", "show", "root", "status")
	p.CLI(t, "server", "create", "--volume", "root", "--flavor", "t1.diskless", "--network", "net", "web")
	await(t, p, "ACTIVE", "server", "show", "web", "status")
}

func TestMisbehaviour(t *testing.T) {
	t.Parallel()
	p := openstack.Start(t).Project(t)
	network(t, p)
	boot := []string{"server", "create", "--image", "tiny", "--network", "net", "--flavor"}
	p.CLI(t, append(boot, "t1.nano", "--property", "virtlab:spawn=error", "bad")...)
	p.CLI(t, append(boot, "t1.nano", "--property", "virtlab:spawn=hang", "slow")...)
	p.CLI(t, append(boot, "t1.huge", "huge")...)
	p.CLI(t, "volume", "create", "--size", "1", "--property", "virtlab:create=error", "bad")
	p.CLI(t, "volume", "create", "--size", "1", "--property", "virtlab:create=hang", "slow")
	p.CLI(t, "volume", "create", "--size", "1", "--property", "virtlab:extend=error", "rigid")
	for name, want := range map[string]string{"bad": "spawn refused", "huge": "No valid host"} {
		await(t, p, "ERROR", "server", "show", name, "status")
		if fault := p.CLI(t, "server", "show", name, "-f", "value", "-c", "fault"); !strings.Contains(fault, want) {
			t.Errorf("fault of %s: %s", name, fault)
		}
	}
	await(t, p, "error", "volume", "show", "bad", "status")
	await(t, p, "available", "volume", "show", "rigid", "status")
	p.CLI(t, "volume", "set", "--size", "2", "rigid")
	await(t, p, "error_extending", "volume", "show", "rigid", "status")
	await(t, p, "creating", "volume", "show", "slow", "status")
	await(t, p, "BUILD", "server", "show", "slow", "status")
}

func TestProject(t *testing.T) {
	t.Parallel()
	c := openstack.Start(t)
	start := time.Now()
	mine, other := c.Project(t), c.Project(t)
	t.Logf("two projects in %s", time.Since(start))
	network(t, mine)
	if _, err := other.Try(t.Context(), "network", "show", "net"); err == nil || !strings.Contains(err.Error(), "No Network found for net") {
		t.Errorf("another project's network: %v", err)
	}
	if _, err := mine.Try(t.Context(), "user", "list"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a member lists the users: %v", err)
	}
	if users := c.Project(t, "admin").CLI(t, "user", "list"); !strings.Contains(users, mine.User) {
		t.Errorf("an administrator sees the users\n%s", users)
	}
	var projects []struct{ ID, Name string }
	mine.JSON(t, &projects, "project", "list")
	if len(projects) != 1 || projects[0].ID != mine.ID || projects[0].Name != mine.Name {
		t.Errorf("projects %v", projects)
	}
}

// The client that stays in memory says what the tool itself says.
func TestClient(t *testing.T) {
	t.Parallel()
	p := openstack.Start(t).Project(t)
	for _, line := range []string{"flavor list", "network show public", "image list -f json", "flavor show nothing", "no such command"} {
		args := strings.Fields(line)
		start := time.Now()
		got, err := p.Try(t.Context(), args...)
		quick := time.Since(start)
		tool := exec.CommandContext(t.Context(), "openstack", append([]string{"--os-cloud", "lab"}, args...)...)
		tool.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=" + t.TempDir(), "OS_CLIENT_CONFIG_FILE=" + p.CloudsYAML(t)}
		start = time.Now()
		want, failed := tool.Output()
		t.Logf("%s: %s, the tool %s", line, quick, time.Since(start))
		if got != string(want) || (err == nil) != (failed == nil) {
			t.Errorf("openstack %s: %v\n%s\nthe tool itself: %v\n%s", line, err, got, failed, want)
		}
	}
}
