package program_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

func TestMissing(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		if err := (program.Needs{Lab: "a lab"}).Missing(); err == nil || !strings.HasPrefix(err.Error(), "a lab ") {
			t.Errorf("%v, want what the lab needs first of all", err)
		}
		t.Skip("only root on Linux gets further")
	}
	for name, c := range map[string]struct {
		needs program.Needs
		want  string // of the error; empty is none
	}{
		"nothing": {},
		"there":   {needs: program.Needs{Programs: []string{"sh"}, Users: []string{"root"}}},
		"both":    {needs: program.Needs{Programs: []string{"sh", "no-program"}, Users: []string{"no-one"}}, want: "a lab needs no-program, the user no-one: make lab installs what is missing"},
	} {
		c.needs.Lab = "a lab"
		switch err := c.needs.Missing(); {
		case err == nil && c.want == "":
		case err == nil || err.Error() != c.want:
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// verdict is a test that notes what becomes of it.
type verdict struct {
	testing.TB
	said string
}

func (*verdict) Helper()             {}
func (v *verdict) Fatal(args ...any) { v.said = "failed: " + fmt.Sprint(args...) }
func (v *verdict) Skip(args ...any)  { v.said = "skipped: " + fmt.Sprint(args...) }

func TestNeed(t *testing.T) {
	for name, c := range map[string]struct {
		lab     string
		missing error
		want    string
	}{
		"nothing is missing":  {lab: "require"},
		"the lab is welcome":  {missing: os.ErrNotExist, want: "skipped: file does not exist"},
		"the lab is required": {lab: "require", missing: os.ErrNotExist, want: "failed: file does not exist"},
	} {
		t.Setenv("VIRT_LAB", c.lab)
		v := &verdict{}
		program.Need(v, c.missing)
		if v.said != c.want {
			t.Errorf("%s: %q, want %q", name, v.said, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if got := program.Find("lab-program"); got != "" {
		t.Errorf("found %s, want nothing", got)
	}
	path := filepath.Join(dir, "lab-program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := program.Find("lab-program"); runtime.GOOS != "windows" && got != path {
		t.Errorf("found %q, want %s", got, path)
	}
}

func TestOutput(t *testing.T) {
	sh := program.Find("sh")
	if sh == "" {
		t.Skip("there is no shell")
	}
	for name, c := range map[string]struct {
		script, out, fails string
		env                []string
	}{
		"plain":       {script: "echo out; echo err >&2", out: "out\n"},
		"English":     {script: "echo $LC_ALL", out: "C.UTF-8\n"},
		"environment": {script: "echo $LC_ALL $A", env: []string{"A=b"}, out: "b\n"},
		"failure":     {script: "echo out; echo err >&2; exit 3", out: "out\n", fails: "exit 3: exit status 3: err\n out"},
	} {
		cmd := exec.CommandContext(t.Context(), sh, "-c", c.script)
		cmd.Env = c.env
		out, err := program.Output(cmd)
		if out != c.out || (err != nil) != (c.fails != "") || err != nil && !strings.HasSuffix(err.Error(), c.fails) {
			t.Errorf("%s: %q, %v; want %q, %q", name, out, err, c.out, c.fails)
		}
	}
}
