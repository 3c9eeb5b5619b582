package docker_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// networks is what a person does to networks.
func (p *person) networks() fixture {
	return fixture{
		Case: platformtest.Case{
			Values: p.ranges.values(), Path: shortID, Together: 2,
			Elements: map[string]func(*platformtest.Bench, int) block{"subnets": p.ranges.element},
			Beside:   map[string]block{"subnets": {"mode": "overlay"}}, // a bridge has one range of each family
		},
		remove: func(ctx context.Context, id string) error { return p.docker(ctx, "network", "rm", id) },
		slots:  p.rangesOf,
		twin:   p.sameNetwork,
		faults: map[string][]lab.Fault{
			"create":      {{Method: "POST", Path: "/networks/create"}},
			"create half": {{Method: "GET", Path: "/networks", After: 1}},
			"delete half": {{Method: "DELETE", Path: "/networks/{id}"}},
		},
		hangs: map[string][]lab.Fault{
			"create half": {{Method: "POST", Path: "/networks/create"}},
		},
		cannot: map[string]string{
			"another value of network docker.ingress":     "a swarm has one such network, and it is there",
			"another value of network docker.ipam_driver": "an engine without plugins has one alone",
			"change network name":                         "nothing of a network changes",
			"change network tags":                         "nothing of a network changes",
			"change network mtu":                          "nothing of a network changes",
			"change network subnets.*.gateway":            "nothing of a network changes",
			"fault update network*":                       "nothing of a network changes in place",
		},
	}
}

// shortID is how the docker tool shows ids.
func shortID(state map[string]any) string { return fmt.Sprint(state["id"])[:12] }

// ranges gives every network ranges of its own: engines let no two bridges have the same.
type ranges struct {
	mu   sync.Mutex
	last int
	of   map[*platformtest.Bench]int // the range that the first subnet of a case got last
}

// next is the number of a range that nobody has. There is room for 3,000.
func (r *ranges) next() int {
	r.last++
	return r.last
}

func (r *ranges) element(b *platformtest.Bench, n int) block {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.next()
	if n == 1 {
		return block{"cidr": fmt.Sprintf("fd00:%x::/64", at)}
	}
	if n == 0 {
		r.of[b] = at
	}
	return block{"cidr": address(at, 0) + "/24"}
}

// address is the one with a number in a range.
func address(at, host int) string { return fmt.Sprintf("172.%d.%d.%d", 18+at/250, at%250, host) }

// in is an address in the first subnet of a case.
func (r *ranges) in(host int) func(*platformtest.Bench) any {
	return func(b *platformtest.Bench) any {
		r.mu.Lock()
		defer r.mu.Unlock()
		return address(r.of[b], host)
	}
}

// fresh is the range of a subnet.
func (r *ranges) fresh(b *platformtest.Bench) any { return r.element(b, 0)["cidr"] }

// values are what Docker needs beside the values of every platform.
func (r *ranges) values() platformtest.Values {
	one := func(more block) block { return block{"subnets": block{"one": more}} }
	none := one(block{"dhcp": nil})
	return platformtest.Values{
		"mtu":                  platformtest.Of(1500, 1400),
		"subnets.*.cidr":       {Old: r.fresh, New: r.fresh},
		"subnets.*.gateway":    {Old: r.in(1), New: r.in(2)},
		"subnets.*.dhcp.first": {Old: r.in(64), New: r.in(96), With: one(block{"dhcp": block{"last": r.in(127)}}), Gone: none},
		"subnets.*.dhcp.last":  {Old: r.in(127), New: r.in(95), With: one(block{"dhcp": block{"first": r.in(64)}}), Gone: none},
		"docker.ingress":       {Old: false, New: false},
		"docker.ipam_driver":   {Old: "default", New: "default"},
		"docker.reserved":      {Old: block{"a": r.in(7)}, New: block{"a": r.in(8), "b": r.in(7)}, With: one(block{"cidr": r.fresh}), Alone: true},
	}
}

// rangesOf lists the ranges of a network.
func (p *person) rangesOf(ctx context.Context, id, _ string) ([]string, error) {
	text, err := p.shown(ctx, "network", id, "{{range .IPAM.Config}}{{.Subnet}} {{end}}")
	return strings.Fields(text), err
}

// sameNetwork makes another network of the same name, which the engine's API allows and its tool does not.
func (p *person) sameNetwork(ctx context.Context, id string) error {
	name, err := p.shown(ctx, "network", id, "{{.Name}}")
	if err != nil {
		return err
	}
	body := fmt.Sprintf(`{"Name":%q,"CheckDuplicate":false}`, name)
	_, err = p.engine.Exec(ctx, "curl", "--silent", "--fail", "--unix-socket", p.engine.Socket(), "-H", "Content-Type: application/json", "-d", body, "http://docker/v1.41/networks/create")
	return err
}
