package docker

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/network"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// published is one port binding of a container. Its id is the container's port, with a number behind it where a port is
// published several times. A container's bindings never change, so that neither does their order.
type published struct {
	id       string
	port     network.Port
	hostIP   netip.Addr
	hostPort int64 // as it was asked for; 0: the daemon chooses one at each start
	now      int64 // as it is; 0 while the container does not run, if the daemon chooses
}

// portID spells the id of the n-th binding of a port.
func portID(p network.Port, n int) string {
	if n == 0 {
		return p.String()
	}
	return fmt.Sprintf("%s#%d", p, n+1)
}

// publishedPorts lists a container's bindings, those of a stopped one, too.
func (s *seen) publishedPorts() []published {
	var list []published
	for _, port := range sortedPorts(s.HostConfig.PortBindings) {
		fixed := func(b network.PortBinding) bool {
			return slices.ContainsFunc(s.HostConfig.PortBindings[port], func(f network.PortBinding) bool { return f.HostPort == b.HostPort })
		}
		open := slices.DeleteFunc(slices.Clone(s.NetworkSettings.Ports[port]), fixed)
		for n, b := range s.HostConfig.PortBindings[port] {
			p := published{id: portID(port, n), port: port, hostIP: b.HostIP, hostPort: portNumber(b.HostPort)}
			if p.now = p.hostPort; p.now == 0 {
				p.now, open = chosenPort(p, open)
			}
			list = append(list, p)
		}
	}
	return list
}

// chosenPort finds the port that the daemon chose for a binding among those that are open. A binding to every address is
// open once for each family, by the same port or not.
func chosenPort(p published, open []network.PortBinding) (int64, []network.PortBinding) {
	for i, b := range open {
		if n := portNumber(b.HostPort); n != 0 && (b.HostIP == p.hostIP || !p.hostIP.IsValid() && b.HostIP.IsUnspecified()) {
			rest := slices.DeleteFunc(slices.Delete(open, i, i+1), func(o network.PortBinding) bool { return portNumber(o.HostPort) == n })
			return n, rest
		}
	}
	return 0, open
}

func sortedPorts(m network.PortMap) []network.Port {
	var list []network.Port
	for port := range m {
		list = append(list, port)
	}
	slices.SortFunc(list, func(a, b network.Port) int { return platform.CompareNatural(a.String(), b.String()) })
	return list
}

// ports tells the bindings that are asked for by id; on an import all of them, by the keys that made them or such as
// 80-tcp.
func (s *seen) ports(asked map[string]platform.ContainerPort) map[string]platform.ContainerPort {
	keys := s.keysOf("ports", asked == nil, idsOf(asked, func(p platform.ContainerPort) *string { return p.ID }))
	if keys == nil {
		return nil
	}
	told := map[string]platform.ContainerPort{}
	for _, p := range s.publishedPorts() {
		if key, ok := keys.of(p.id, strings.NewReplacer("/", "-", "#", "-").Replace(p.id)); ok {
			told[key] = p.told()
		}
	}
	return told
}

func (p published) told() platform.ContainerPort {
	protocol := string(p.port.Proto())
	t := platform.ContainerPort{
		Port: int64(p.port.Num()), Protocol: &protocol, HostPort: unless(0, p.now), ID: &p.id,
	}
	if p.hostIP.IsValid() {
		ip := p.hostIP.String()
		t.HostIP = &ip
	}
	return t
}

// portMap is what the engine takes. It gives every port its id.
func portMap(ports map[string]platform.ContainerPort) (network.PortSet, network.PortMap, error) {
	set, bindings := network.PortSet{}, network.PortMap{}
	for _, key := range platform.Keys(ports) {
		p := ports[key]
		if p.Protocol == nil {
			tcp := string(network.TCP)
			p.Protocol = &tcp
		}
		port, ok := network.PortFrom(uint16(p.Port), network.IPProtocol(*p.Protocol)) //nolint:gosec // the schema bounds it
		if !ok {
			return nil, nil, platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%d/%s is no port", p.Port, *p.Protocol)), "ports", key, "port")
		}
		var b network.PortBinding
		if p.HostPort != nil {
			b.HostPort = fmt.Sprint(*p.HostPort)
		}
		if p.HostIP != nil {
			ip, err := netip.ParseAddr(*p.HostIP)
			if err != nil {
				return nil, nil, platform.At(platform.As(platform.ErrInvalid, err), "ports", key, "host_ip")
			}
			b.HostIP = ip
		}
		id := portID(port, len(bindings[port]))
		p.ID = &id
		set[port], bindings[port] = struct{}{}, append(bindings[port], b)
		ports[key] = p
	}
	return set, bindings, nil
}
