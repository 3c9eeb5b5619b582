package docker

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// TestOneWayBySSH makes many requests at a time: all go through one connection to the host, which ends with the last one.
func TestOneWayBySSH(t *testing.T) {
	e := lab.Serve(t, lab.Options{SSH: true})
	t.Setenv("PATH", e.SSH.Bin+":"+os.Getenv("PATH"))
	logins := func() int {
		out, _ := e.Exec(t.Context(), "sh", "-c", "ps -eo args= | grep -c '^sshd: root'") // grep finds none: an error
		return number(out)
	}
	config, err := platform.Resolve(settings(), map[string]any{"host": "ssh://root@" + e.SSH.Jump}, platform.Source{Env: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := networkNames(t.Context(), conn); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := logins(); n != 1 {
		t.Errorf("there are %d connections", n)
	}
	began := time.Now()
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("closing took %s", took)
	}
	for range 50 {
		if logins() == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d connections are left", logins())
}

// number reads what grep counts.
func number(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0
	}
	return n
}

// TestEvents waits for what happens to one object, over an interruption.
func TestEvents(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	config, err := platform.Resolve(settings(), map[string]any{"host": e.Host()}, platform.Source{Env: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	s, err := openSession(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	words, leave := s.changed("spoken-of")
	others, leaveOthers := s.changed("not-spoken-of")
	defer leaveOthers()
	word(t, words, "that the stream is open")
	word(t, others, "that the stream is open")
	lab.CLI(t, e, "volume", "create", "spoken-of")
	word(t, words, "of a new volume")
	select {
	case <-others:
		t.Error("a word came to somebody who waits for another object")
	case <-time.After(100 * time.Millisecond):
	}
	if err := e.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	word(t, words, "of an interruption")
	for len(words) > 0 {
		<-words
	}
	word(t, words, "that the stream is open again")
	lab.CLI(t, e, "volume", "rm", "spoken-of")
	word(t, words, "of the volume's end")
	leave()
	again, leaveAgain := s.changed("again")
	defer leaveAgain()
	lab.CLI(t, e, "volume", "create", "again")
	word(t, again, "for one who came later")
}

func word(t *testing.T, words <-chan struct{}, of string) {
	t.Helper()
	select {
	case <-words:
	case <-time.After(10 * time.Second):
		t.Fatalf("no word came %s", of)
	}
}
