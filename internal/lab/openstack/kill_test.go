package openstack_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
)

// A control plane beside that of the other tests; whoever started it is killed.
func TestKilled(t *testing.T) {
	const mark = "VIRTLAB_TEST_CHILD"
	if os.Getenv(mark) != "" {
		c, err := openstack.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("running", c.Dir, c.AuthURL)
		select {}
	}
	t.Parallel()
	c := openstack.Start(t)
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
	command.Env = append(os.Environ(), mark+"=1")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	fields := strings.Fields(line)
	if len(fields) != 3 {
		t.Fatalf("a second control plane did not start: %q", line)
	}
	dir, url := fields[1], fields[2]
	t.Logf("another one started in %s", time.Since(start))
	if dir == c.Dir || url == c.AuthURL {
		t.Errorf("two control planes share %s, %s", dir, url)
	}
	request(t, http.MethodGet, url, "", "")
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // it was killed
	start = time.Now()
	for running(t, url) || exists(dir) {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("20 s after its end: it answers %t, its folder is there %t", running(t, url), exists(dir))
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("gone in %s", time.Since(start))
	request(t, http.MethodGet, c.AuthURL, "", "")
}

// running says whether anything answers at an address.
func running(t *testing.T, url string) bool {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err == nil {
		_ = response.Body.Close() // nobody reads it
	}
	return err == nil
}

// exists says whether a file is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
