// Package program finds and runs the programs that a lab is made of, and says what a machine lacks for a lab.
package program

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strings"
	"testing"
)

// Needs is what a lab asks of a machine beside Linux and root.
type Needs struct {
	Lab      string   // what is started, as errors call it: "a Docker engine"
	Programs []string // names, as Find wants them
	Users    []string // accounts of the machine
}

// Missing says what this machine lacks, all of it in one error; nil when it has everything.
func (n Needs) Missing() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("%s needs Linux", n.Lab)
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("%s of one's own needs root, for namespaces and mounts: run the tests as root", n.Lab)
	}
	var missing []string
	for _, name := range n.Programs {
		if Find(name) == "" {
			missing = append(missing, name)
		}
	}
	for _, name := range n.Users {
		if _, err := user.Lookup(name); err != nil {
			missing = append(missing, "the user "+name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s needs %s: make lab installs what is missing", n.Lab, strings.Join(missing, ", "))
	}
	return nil
}

// Need skips a test for the want of something, and fails it where VIRT_LAB=require says that the machine has to have it.
// Without an error the test goes on.
func Need(t testing.TB, missing error) {
	t.Helper()
	switch {
	case missing == nil:
	case os.Getenv("VIRT_LAB") == "require":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}

// Find is the path of a program, which may lie outside of an ordinary user's PATH; empty when there is none.
func Find(name string) string {
	for _, place := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
	}
	return ""
}

// Output runs a command and gives its standard output; an error names the command and what it complained about. A
// command without an environment gets ours, and speaks English.
func Output(c *exec.Cmd) (string, error) {
	stderr := new(bytes.Buffer)
	c.Stderr = stderr
	if c.Env == nil {
		c.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	}
	out, err := c.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", strings.Join(c.Args, " "), err, strings.TrimSpace(stderr.String()+" "+string(out)))
	}
	return string(out), nil
}
