package openstack_test

import (
	"maps"
	"net"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/openstack"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

type block = platformtest.Config

func TestConformance(t *testing.T) {
	cloud := lab.Start(t)
	p := newPerson(t, cloud)
	s := platformtest.Suite{
		Driver:   openstack.New(),
		Config:   settings(p.project, nil),
		Second:   settings(cloud.Project(t), nil),
		Refused:  refused(t, p.project),
		Backend:  p,
		Together: true,
		Most:     6, // one control plane serves them all
		Kinds:    map[string]platformtest.Case{},
		Cannot:   map[string]string{},
		Given:    map[string][]string{"external network": p.outer(t.Context())},
	}
	for name, f := range p.fixtures() {
		s.Kinds[name] = f.Case
		maps.Copy(s.Cannot, f.cannot)
		if f.given != nil {
			s.Given[name] = f.given
		}
	}
	platformtest.Run(t, s)
}

// settings is what a user writes to reach a project.
func settings(p *lab.Project, more map[string]any) map[string]any {
	c := map[string]any{
		"auth_url": p.AuthURL, "username": p.User, "password": p.Password, "project_name": p.Name, "region": p.Region, "api_timeout": "3m",
		"external_network": outerNetwork,
	}
	maps.Copy(c, more)
	return c
}

func refused(t *testing.T, p *lab.Project) []platformtest.Refused {
	t.Helper()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	return []platformtest.Refused{
		{Name: "wrong password", Settings: settings(p, map[string]any{"password": "wrong-secret"}), Says: "username and password"},
		{Name: "nobody there", Settings: settings(p, map[string]any{"auth_url": "http://" + nobody + "/v3"}), Says: nobody},
		{Name: "no such region", Settings: settings(p, map[string]any{"region": "RegionTwo"}), Says: p.Region},
		{Name: "no such cloud", Settings: map[string]any{"cloud": "elsewhere"}, Says: "clouds_file"},
		{Name: "nobody named", Settings: map[string]any{"auth_url": p.AuthURL}, Says: "application_credential_id"},
	}
}
