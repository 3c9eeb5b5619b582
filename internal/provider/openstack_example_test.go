package provider_test

import (
	"strings"
	"testing"
)

// testOpenStackExample runs the module of the guide: it grows by a machine, takes another flavor with a restart that the
// plan announces, and leaves nothing.
func testOpenStackExample(t *testing.T, dir string) {
	s := openStackSite(t)
	s.openstack.CLI(t, "network", "delete", "app")
	w := copied(t, dir, s.openstack.Env())
	w.must(0, "apply", "-auto-approve")
	w.nothing()
	p := w.planned("-var=machines=3", "-var=memory=1GiB")
	if got := p.Actions["virt_machine.web[2]"]; got != "create" {
		t.Errorf("one more machine plans %q", got)
	}
	if got := p.Changes["virt_machine.web[0]"]; p.Actions["virt_machine.web[0]"] != "update" || !strings.Contains(got["booted_at"], "unknown") || !strings.Contains(got["size"], "unknown") {
		t.Errorf("another flavor plans %v", got)
	}
	w.must(0, "apply", "-auto-approve", "-var=machines=3", "-var=memory=1GiB")
	w.must(0, "plan", "-detailed-exitcode", "-var=machines=3", "-var=memory=1GiB")
	shows(t, s.openstack.CLI(t, "server", "list", "-f", "value"), "web-1 ACTIVE", "t1.medium")
	w.must(0, "destroy", "-auto-approve", "-var=machines=3", "-var=memory=1GiB")
	if left := leftovers(t, s); len(left) != 0 {
		t.Errorf("destroy left %v", left)
	}
}
