package openstack

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// Need skips the test on a machine that cannot run a control plane, and fails it where VIRT_LAB=require says that the
// machine has to.
func Need(t testing.TB) {
	t.Helper()
	program.Need(t, Missing())
}

// Missing says what this machine lacks; nil when it has everything.
func Missing() error {
	const lab = "an OpenStack control plane"
	err := program.Needs{Lab: lab, Programs: []string{
		"mariadbd", "mariadb", "mariadb-admin", "mariadb-install-db", "uwsgi", "qemu-img", "openstack", "unshare", "nsenter", "dpkg-query",
	}}.Missing()
	if err != nil {
		return err
	}
	var missing []string
	for _, s := range services() {
		if _, err := os.Stat(filepath.Join("/usr/lib/python3/dist-packages", s.name)); err != nil {
			missing = append(missing, "python3-"+s.name)
		}
	}
	if _, err := os.Stat("/usr/lib/uwsgi/plugins/python3_plugin.so"); err != nil {
		missing = append(missing, "uwsgi-plugin-python3")
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s needs %s: make lab installs what is missing", lab, strings.Join(missing, ", "))
	}
	return nil
}
