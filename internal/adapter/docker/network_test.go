package docker

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/api/types/system"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// onEngine is the adapter of an engine that nobody asks.
func onEngine(podman, manager bool) *networks {
	return &networks{&session{podman: podman, info: system.Info{OSType: "linux", Swarm: swarm.Info{ControlAvailable: manager}}}}
}

// TestNetworkChecks refuses on their attributes what does not go together.
func TestNetworkChecks(t *testing.T) {
	subnet := func(more ...platform.Subnet) map[string]platform.Subnet {
		m := map[string]platform.Subnet{}
		for i, s := range more {
			m[string(rune('a'+i))] = s
		}
		return m
	}
	between := func(first, last string) *platform.DHCP { return &platform.DHCP{First: &first, Last: &last} }
	for name, c := range map[string]struct {
		want platform.Network
		on   *networks
		at   string // empty: it is fine
		says string
	}{
		"nothing":             {},
		"one of each family":  {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24"}, platform.Subnet{CIDR: "fd00::/64"})}},
		"two of one family":   {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24"}, platform.Subnet{CIDR: "10.0.1.0/24"})}, at: "subnets.b.cidr", says: "one range of each family"},
		"two in an overlay":   {want: platform.Network{Mode: new("overlay"), Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24"}, platform.Subnet{CIDR: "10.0.1.0/24"})}, on: onEngine(false, true)},
		"two in a macvlan":    {want: platform.Network{Mode: new("macvlan"), Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24"}, platform.Subnet{CIDR: "10.0.1.0/24"})}},
		"two on Podman":       {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24"}, platform.Subnet{CIDR: "10.0.1.0/24"})}, on: onEngine(true, false)},
		"one twice":           {want: platform.Network{Mode: new("macvlan"), Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24"}, platform.Subnet{CIDR: "10.0.0.0/24"})}, at: "subnets.b.cidr", says: `"a"`},
		"an address":          {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.7/24"})}, at: "subnets.a.cidr", says: "10.0.0.0/24"},
		"no range":            {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "ten"})}, at: "subnets.a.cidr", says: "10.0.0.0/24"},
		"a stray gateway":     {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24", Gateway: new("10.0.1.1")})}, at: "subnets.a.gateway", says: "not in 10.0.0.0/24"},
		"no gateway":          {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24", Gateway: new("gw")})}, at: "subnets.a.gateway", says: "no address"},
		"a range":             {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24", DHCP: between("10.0.0.64", "10.0.0.127")})}},
		"an odd range":        {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24", DHCP: between("10.0.0.10", "10.0.0.100")})}, at: "subnets.a.dhcp.first", says: `first = "10.0.0.0" and last = "10.0.0.127"`},
		"half a range":        {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{First: new("10.0.0.64")}})}, at: "subnets.a.dhcp.last", says: "10.0.0.255"},
		"a stray range":       {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24", DHCP: between("10.0.1.0", "10.0.1.255")})}, at: "subnets.a.dhcp.first", says: "not in"},
		"a range reversed":    {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24", DHCP: between("10.0.0.127", "10.0.0.64")})}, at: "subnets.a.dhcp.last", says: "behind"},
		"all addresses":       {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{}})}},
		"reserved":            {want: platform.Network{Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24"}), Docker: &platform.DockerNetwork{Reserved: map[string]string{"a": "10.0.0.9"}}}},
		"reserved nowhere":    {want: platform.Network{Docker: &platform.DockerNetwork{Reserved: map[string]string{"a": "10.0.0.9"}}}, at: "docker.reserved", says: "none of the subnets"},
		"reserved in a swarm": {want: platform.Network{Mode: new("overlay"), Subnets: subnet(platform.Subnet{CIDR: "10.0.0.0/24"}), Docker: &platform.DockerNetwork{Reserved: map[string]string{"a": "10.0.0.9"}}}, on: onEngine(false, true), at: "docker.reserved", says: "dhcp range"},
		"no swarm":            {want: platform.Network{Mode: new("overlay")}, at: "mode", says: "docker swarm init"},
		"no swarm, by driver": {want: platform.Network{Docker: &platform.DockerNetwork{Driver: new("overlay")}}, at: "mode", says: "docker swarm init"},
		"two drivers":         {want: platform.Network{Mode: new("nat"), Docker: &platform.DockerNetwork{Driver: new("macvlan")}}, at: "docker.driver", says: "leave one of them out"},
		"a plugin and a mode": {want: platform.Network{Mode: new("nat"), Docker: &platform.DockerNetwork{Driver: new("weave")}}, at: "docker.driver", says: "leave one of them out"},
		"a plugin":            {want: platform.Network{Docker: &platform.DockerNetwork{Driver: new("weave")}}},
		"driver of the mode":  {want: platform.Network{Mode: new("isolated"), Docker: &platform.DockerNetwork{Driver: new("bridge")}}},
		"an internal bridge":  {want: platform.Network{Docker: &platform.DockerNetwork{Internal: new(true)}}, at: "docker.internal", says: `mode = "isolated"`},
		"two words on that":   {want: platform.Network{Mode: new("isolated"), Docker: &platform.DockerNetwork{Internal: new(false)}}, at: "docker.internal", says: `mode = "isolated"`},
		"an internal macvlan": {want: platform.Network{Mode: new("macvlan"), Docker: &platform.DockerNetwork{Internal: new(true)}}},
		"two sizes":           {want: platform.Network{MTU: new(int64(1400)), Docker: &platform.DockerNetwork{Options: map[string]string{optionMTU: "1300"}}}, at: "docker.options", says: "mtu"},
	} {
		t.Run(name, func(t *testing.T) {
			on := c.on
			if on == nil {
				on = onEngine(false, false)
			}
			err := on.check(&c.want)
			var about *platform.AttrError
			switch {
			case c.at == "" && err != nil:
				t.Error(err)
			case c.at == "":
			case !errors.As(err, &about) || about.Path.String() != c.at || !strings.Contains(about.Err.Error(), c.says):
				t.Errorf("on %s it does not say %q: %v", c.at, c.says, err)
			}
		})
	}
}

// TestNetworkBlueprint is what the engine is asked for where the lab's kernel has no such network.
func TestNetworkBlueprint(t *testing.T) {
	want := &platform.Network{
		Name: "lan", Mode: new("ipvlan"), MTU: new(int64(9000)),
		Subnets: map[string]platform.Subnet{
			"b": {CIDR: "10.0.1.0/24", Gateway: new("10.0.1.254")},
			"a": {CIDR: "10.0.0.0/24", DHCP: &platform.DHCP{First: new("10.0.0.128"), Last: new("10.0.0.255")}},
			"c": {CIDR: "fd00::/64"},
		},
		Docker: &platform.DockerNetwork{
			Internal: new(true), Options: map[string]string{"parent": "eth0.10"}, Reserved: map[string]string{"router": "10.0.0.1", "nas": "fd00::1"},
		},
	}
	got := onEngine(false, false).blueprint(want, "now")
	if got.Driver != "ipvlan" || !got.Internal || got.Attachable || got.EnableIPv6 == nil || !*got.EnableIPv6 {
		t.Errorf("driver %q, internal %t, attachable %t, IPv6 %v", got.Driver, got.Internal, got.Attachable, got.EnableIPv6)
	}
	if d := cmp.Diff(map[string]string{"parent": "eth0.10", optionMTU: "9000"}, got.Options); d != "" {
		t.Errorf("options (-want +got):\n%s", d)
	}
	var pools []string
	for _, p := range got.IPAM.Config {
		text := p.Subnet.String() + " by " + p.Gateway.String()
		if p.IPRange.IsValid() {
			text += " from " + p.IPRange.String()
		}
		for name, a := range p.AuxAddress {
			text += " without " + name + " " + a.String()
		}
		pools = append(pools, text)
	}
	if d := cmp.Diff([]string{
		"10.0.0.0/24 by 10.0.0.2 from 10.0.0.128/25 without router 10.0.0.1",
		"10.0.1.0/24 by 10.0.1.254",
		"fd00::/64 by fd00::2 without nas fd00::1",
	}, pools); d != "" {
		t.Errorf("ranges (-want +got):\n%s", d)
	}
	if want.Docker.Options[optionMTU] != "" {
		t.Error("the configuration was changed")
	}
}
