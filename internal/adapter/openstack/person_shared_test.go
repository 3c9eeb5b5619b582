package openstack_test

import (
	"context"
	"fmt"
	"strings"
)

// share makes what all cases share, once each.
func (p *person) share(ctx context.Context) {
	p.t.Helper()
	must := func(id string, err error) string {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
		return id
	}
	p.shared = map[string][]string{"image": {p.image}}
	for n := range 2 {
		name := fmt.Sprintf("ct-shared-%d", n)
		network := must(p.made(ctx, "network", "networks", "network", block{"name": name}))
		cidr := fmt.Sprintf("10.%d.0.0/16", 10+n)
		subnet := block{"name": name, "network_id": network, "cidr": cidr, "ip_version": 4, "allocation_pools": []any{block{"start": fmt.Sprintf("10.%d.128.1", 10+n), "end": fmt.Sprintf("10.%d.255.250", 10+n)}}}
		p.shared["network"] = append(p.shared["network"], network)
		must(p.made(ctx, "network", "subnets", "subnet", subnet))
		p.shared["group"] = append(p.shared["group"], must(p.made(ctx, "network", "security-groups", "security_group", block{"name": name})))
		group := block{"name": name, "policy": "soft-anti-affinity"}
		p.shared["server group"] = append(p.shared["server group"], must(p.made(ctx, "compute", "os-server-groups", "server_group", group)))
		key := block{"name": name, "public_key": publicKey}
		if err := p.do(ctx, "POST", "compute", "os-keypairs", block{"keypair": key}, nil); err != nil {
			p.t.Fatal(err)
		}
		p.shared["key pair"] = append(p.shared["key pair"], name)
	}
	network := must(p.made(ctx, "network", "networks", "network", block{"name": "ct-shared-subnets"}))
	for n := range 2 {
		subnet := block{"name": fmt.Sprintf("ct-shared-subnet-%d", n), "network_id": network, "cidr": fmt.Sprintf("10.%d.0.0/16", 20+n), "ip_version": 4}
		p.shared["subnet"] = append(p.shared["subnet"], must(p.made(ctx, "network", "subnets", "subnet", subnet)))
	}
	p.shared["image"] = append(p.shared["image"], p.copyImage(ctx))
	p.flavor = "ct-memory-" + p.project.Name
	must(p.made(ctx, "compute", "flavors", "flavor", block{"name": p.flavor, "vcpus": 2, "ram": 2048, "disk": 1}))
	var hosts struct {
		Hypervisors []struct {
			Host string `json:"hypervisor_hostname"`
		}
	}
	if err := p.do(ctx, "GET", "compute", "os-hypervisors", nil, &hosts); err != nil || len(hosts.Hypervisors) == 0 {
		p.t.Fatal("no host: ", err)
	}
	p.shared["host"] = []string{hosts.Hypervisors[0].Host}
}

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GJKl ct"

func (p *person) images(n int) string      { return p.shared["image"][n] }
func (p *person) network(n int) string     { return p.shared["network"][n] }
func (p *person) subnet(n int) string      { return p.shared["subnet"][n] }
func (p *person) group(n int) string       { return p.shared["group"][n] }
func (p *person) serverGroup(n int) string { return p.shared["server group"][n] }
func (p *person) keyPair(n int) string     { return p.shared["key pair"][n] }
func (p *person) host() string             { return p.shared["host"][0] }

// copyImage makes another image of a few bytes.
func (p *person) copyImage(ctx context.Context) string {
	p.t.Helper()
	var made struct{ ID string }
	err := p.do(ctx, "POST", "image", "images", block{"name": "ct-other", "disk_format": "raw", "container_format": "bare"}, &made)
	if err == nil {
		err = p.upload(ctx, made.ID, strings.Repeat("x", 512))
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return made.ID
}

// mac is an address that no other adapter has.
func (p *person) mac() any {
	n := p.serial.Add(1)
	return fmt.Sprintf("fa:16:3e:77:%02x:%02x", n>>8&0xff, n&0xff)
}

// ip is an address of the first shared network that no other adapter has.
func (p *person) ip() any {
	n := p.serial.Add(1)
	return fmt.Sprintf("10.10.%d.%d/16", 1+n/200, 1+n%200)
}

// port makes a port that stays.
func (p *person) port() any {
	id, err := p.made(p.t.Context(), "network", "ports", "port", block{"network_id": p.network(0), "name": "ct-port"})
	if err != nil {
		p.t.Error(err)
	}
	return id
}

// volume makes a volume that stays.
func (p *person) volume() any {
	id, err := p.newVolume(p.t.Context())
	if err != nil {
		p.t.Error(err)
	}
	return id
}

func (p *person) newVolume(ctx context.Context) (string, error) {
	id, err := p.made(ctx, "volumev3", "volumes", "volume", block{"name": "ct-volume", "size": 1})
	if err != nil {
		return "", err
	}
	return id, p.volumeIs(ctx, id, "available", 0)
}
