package openstack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// running is the environment variable that names the folder of a control plane that runs already, as the command serve
// says it. Who tries one test over and over saves its start.
const running = "VIRT_LAB_OPENSTACK"

// portsFile tells where a control plane's services listen.
const portsFile = "ports.json"

// attach gives a control plane that another process runs.
func attach(dir string) (*Cloud, error) {
	text, err := os.ReadFile(filepath.Join(dir, portsFile))
	if err != nil {
		return nil, fmt.Errorf("find the control plane that %s names: %w", running, err)
	}
	c := &Cloud{Dir: dir}
	if err := json.Unmarshal(text, &c.ports); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, portsFile), err)
	}
	c.introduce()
	return c, nil
}

// introduce fills in how the services are spoken to.
func (c *Cloud) introduce() {
	c.Region = Region
	c.AuthURL = c.url("keystone") + "/v3"
	c.admin = &caller{client: &http.Client{}, identity: c.AuthURL, project: c.Admin()}
}

// tellPorts writes what attach reads.
func (c *Cloud) tellPorts() error {
	text, err := json.Marshal(c.ports)
	if err != nil {
		return err
	}
	return os.WriteFile(c.under(portsFile), text, 0o600)
}
