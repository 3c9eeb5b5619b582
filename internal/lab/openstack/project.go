package openstack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Project is a project and a user of it, both of the domain Default.
type Project struct {
	Name, ID, User, Password string

	AuthURL, Region string

	cloud *Cloud
}

// Project gives a test a project and a user of its own, with the roles member and reader and those that are named, such
// as admin. What is in it stays until the cloud goes.
func (c *Cloud) Project(t testing.TB, roles ...string) *Project {
	t.Helper()
	p, err := c.NewProject(t.Context(), t.Name(), roles...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// NewProject is Project outside of a test. The name gets numbers, so that it is the only one of its kind.
func (c *Cloud) NewProject(ctx context.Context, name string, roles ...string) (*Project, error) {
	c.mu.Lock()
	c.projects++
	number := c.projects
	c.mu.Unlock()
	name = strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
	name = fmt.Sprintf("%.40s-%d-%d", name, os.Getpid(), number)
	p := &Project{Name: name, User: name, Password: "secret", AuthURL: c.AuthURL, Region: Region, cloud: c}
	var err error
	if p.ID, err = c.admin.create(ctx, c.AuthURL+"/projects", "project", object{"name": name, "domain_id": "default"}); err != nil {
		return nil, err
	}
	return p, c.user(ctx, p.User, p.Password, p.ID, append([]string{"member", "reader"}, roles...)...)
}

// Admin is the administrator in a project of its own. Its ID is not known here.
func (c *Cloud) Admin() *Project {
	return &Project{Name: "admin", User: "admin", Password: "secret", AuthURL: c.AuthURL, Region: Region, cloud: c}
}

// Through is the same project, for clients that log in at a proxy.
func (p *Project) Through(x *Proxy) *Project {
	other := *p
	other.AuthURL = x.AuthURL()
	return &other
}

// Env is what leads OpenStack's own tools, and those that heed the same environment, to the project.
func (p *Project) Env() []string {
	return []string{
		"OS_AUTH_URL=" + p.AuthURL, "OS_REGION_NAME=" + p.Region, "OS_IDENTITY_API_VERSION=3",
		"OS_PROJECT_NAME=" + p.Name, "OS_USERNAME=" + p.User, "OS_PASSWORD=" + p.Password,
		"OS_PROJECT_DOMAIN_NAME=Default", "OS_USER_DOMAIN_NAME=Default",
	}
}

// CloudsYAML writes a clouds.yaml in which the project is the cloud named lab, and gives its path.
func (p *Project) CloudsYAML(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clouds.yaml")
	text := fmt.Sprintf(`clouds:
  lab:
    region_name: %s
    identity_api_version: 3
    auth:
      auth_url: %s
      username: %s
      password: %s
      project_name: %s
      user_domain_name: Default
      project_domain_name: Default
`, p.Region, p.AuthURL, p.User, p.Password, p.Name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
