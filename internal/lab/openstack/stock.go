package openstack

import (
	"context"
	"fmt"
	"net/http"
)

// flavor is a size of servers that every cloud has.
type flavor struct {
	name           string
	cpus, mib, gib int
}

// ware is what every cloud has beside its services.
type ware struct {
	flavors     []flavor
	volumeTypes []string
	image       string // of 4 KiB of nothing
	network     string // external, with a subnet of its own
	subnet      string
	zones       []string // of routers, with one agent in each
}

// wares are what a saved state is stocked with.
func wares() ware {
	return ware{
		flavors: []flavor{
			{"t1.nano", 1, 64, 1},
			{"t1.micro", 1, 128, 1},
			{"t1.diskless", 1, 128, 0},
			{"t1.small", 1, 512, 1},
			{"t1.medium", 2, 1024, 1},
			{"t1.large", 4, 4096, 10},
			{"t1.huge", 4096, 4096, 1}, // has more processors than the only host
		},
		volumeTypes: []string{"fast"},
		image:       "tiny",
		network:     "public",
		subnet:      "172.24.0.0/16",
		zones:       []string{"nova", "edge"},
	}
}

// stock fills a new control plane.
func (c *Cloud) stock(ctx context.Context) error {
	w := wares()
	for i, f := range w.flavors {
		if _, err := c.admin.create(ctx, c.url("nova")+"/v2.1/flavors", "flavor", object{
			"id": string(rune('1' + i)), "name": f.name, "vcpus": f.cpus, "ram": f.mib, "disk": f.gib,
		}); err != nil {
			return err
		}
	}
	for _, name := range w.volumeTypes {
		project, err := c.projectID(ctx)
		if err != nil {
			return err
		}
		if _, err := c.admin.create(ctx, c.url("cinder")+"/v3/"+project+"/types", "volume_type", object{"name": name}); err != nil {
			return err
		}
	}
	if err := c.upload(ctx, w.image, make([]byte, 4096)); err != nil {
		return err
	}
	network, err := c.admin.create(ctx, c.url("neutron")+"/v2.0/networks", "network", object{
		"name": w.network, "router:external": true, "provider:network_type": "flat", "provider:physical_network": w.network,
	})
	if err != nil {
		return err
	}
	if _, err := c.admin.create(ctx, c.url("neutron")+"/v2.0/subnets", "subnet", object{
		"name": w.network + "-subnet", "network_id": network, "ip_version": 4, "cidr": w.subnet, "enable_dhcp": false,
	}); err != nil {
		return err
	}
	return c.man(ctx, w.zones)
}

// man puts an agent for routers into each zone. There is none in truth, so that none reports: what it would report is
// written into the database, and stays true for as long as neutron.conf says.
func (c *Cloud) man(ctx context.Context, zones []string) error {
	var statements []string
	for _, zone := range zones {
		statements = append(statements, fmt.Sprintf("INSERT INTO neutron.agents (id, agent_type, `binary`, topic, host, availability_zone, "+
			"created_at, started_at, heartbeat_timestamp, configurations) VALUES "+
			`(UUID(), 'L3 agent', 'neutron-l3-agent', 'l3_agent', 'router-%s', '%[1]s', UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP(), '{"agent_mode": "dvr_snat"}')`, zone))
	}
	return c.sql(ctx, statements...)
}

// register makes the services' own user and fills the catalog; keystone has put itself there.
func (c *Cloud) register(ctx context.Context) error {
	project, err := c.admin.create(ctx, c.AuthURL+"/projects", "project", object{"name": "service", "domain_id": "default"})
	if err != nil {
		return err
	}
	if err := c.user(ctx, "service", "secret", project, "admin", "service"); err != nil {
		return err
	}
	for _, s := range services() {
		if s.name == "keystone" {
			continue
		}
		id, err := c.admin.create(ctx, c.AuthURL+"/services", "service", object{"name": s.label, "type": s.catalog})
		if err != nil {
			return err
		}
		for _, face := range []string{"public", "internal", "admin"} {
			if _, err := c.admin.create(ctx, c.AuthURL+"/endpoints", "endpoint", object{
				"service_id": id, "interface": face, "url": c.url(s.name) + s.path, "region_id": Region,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// user makes a user with roles in a project; a role that is not there is made.
func (c *Cloud) user(ctx context.Context, name, password, project string, roles ...string) error {
	user, err := c.admin.create(ctx, c.AuthURL+"/users", "user", object{"name": name, "password": password, "domain_id": "default"})
	if err != nil {
		return err
	}
	known, err := c.roles(ctx)
	if err != nil {
		return err
	}
	for _, role := range roles {
		id := known[role]
		if id == "" {
			if id, err = c.admin.create(ctx, c.AuthURL+"/roles", "role", object{"name": role}); err != nil {
				return err
			}
		}
		if err := c.admin.call(ctx, http.MethodPut, c.AuthURL+"/projects/"+project+"/users/"+user+"/roles/"+id, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// roles are the ids of all roles.
func (c *Cloud) roles(ctx context.Context) (map[string]string, error) {
	var list struct{ Roles []struct{ ID, Name string } }
	if err := c.admin.call(ctx, http.MethodGet, c.AuthURL+"/roles", nil, &list); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, role := range list.Roles {
		ids[role.Name] = role.ID
	}
	return ids, nil
}

// projectID is the id of the administrator's project.
func (c *Cloud) projectID(ctx context.Context) (string, error) {
	var list struct{ Projects []struct{ ID string } }
	if err := c.admin.call(ctx, http.MethodGet, c.AuthURL+"/projects?name=admin", nil, &list); err != nil || len(list.Projects) == 0 {
		return "", err
	}
	return list.Projects[0].ID, nil
}

// upload makes a public image.
func (c *Cloud) upload(ctx context.Context, name string, data []byte) error {
	var image struct{ ID string }
	if err := c.admin.call(ctx, http.MethodPost, c.url("glance")+"/v2/images", object{
		"name": name, "disk_format": "raw", "container_format": "bare", "visibility": "public",
	}, &image); err != nil {
		return err
	}
	return c.admin.call(ctx, http.MethodPut, c.url("glance")+"/v2/images/"+image.ID+"/file", data, nil)
}
