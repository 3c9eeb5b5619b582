package openstack

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// What a service said last is what one wants to read when it does not start.
func TestServiceThatEnds(t *testing.T) {
	t.Parallel()
	Need(t)
	c, err := newCloud(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = c.startServices(t.Context(), service{name: "keystone", command: []string{"sh", "-c", "echo no such file; exit 1"}})
	if err == nil || !strings.Contains(err.Error(), "keystone ended at its start; its log:\nno such file") {
		t.Errorf("%v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(c.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after its end its folder is there: %v", err)
	}
}
