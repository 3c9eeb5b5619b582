package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// attachment is one network that a container is attached to.
type attachment struct {
	id, name string
	*network.EndpointSettings
}

// attached lists a container's networks by name. One that never ran does not say their ids: the list of networks does.
func (k *containers) attached(ctx context.Context, s *seen) ([]attachment, error) {
	var list []attachment
	var byName map[string]string
	for _, name := range slices.Sorted(maps.Keys(s.NetworkSettings.Networks)) {
		a := attachment{name: name, EndpointSettings: s.NetworkSettings.Networks[name]}
		if a.EndpointSettings == nil {
			a.EndpointSettings = &network.EndpointSettings{}
		}
		if a.id = a.NetworkID; a.id == "" {
			if byName == nil {
				var err error
				if byName, err = k.networkIDs(ctx); err != nil {
					return nil, err
				}
			}
			if a.id = byName[name]; a.id == "" {
				a.id = name
			}
		}
		list = append(list, a)
	}
	return list, nil
}

// networkIDs lists all networks: ids by name, and by id.
func (k *containers) networkIDs(ctx context.Context) (map[string]string, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.NetworkList(ctx, client.NetworkListOptions{})
	ids := map[string]string{}
	for _, n := range answer.Items {
		ids[n.Name] = n.ID
	}
	return ids, failed("list the networks of", k.route.where(), err)
}

// networksOf tells the attachments that are asked for by the network's id; on an import all of them, but for the
// default network that every container gets.
func (k *containers) networksOf(ctx context.Context, s *seen, asked map[string]platform.ContainerNetwork) (map[string]platform.ContainerNetwork, error) {
	keys := s.keysOf("networks", asked == nil, idsOf(asked, func(n platform.ContainerNetwork) *string { return n.ID }))
	if keys == nil {
		return nil, nil
	}
	list, err := k.attached(ctx, s)
	if err != nil {
		return nil, err
	}
	if s.importing && builtIn(list) {
		return nil, nil
	}
	told := map[string]platform.ContainerNetwork{}
	for _, a := range list {
		if key, ok := keys.of(a.id, a.name); ok {
			told[key] = a.told(s.ID, s.Config.Hostname)
		}
	}
	return told, nil
}

// builtIn reports that a container is where it is without anybody's asking, or where no network can be chosen.
func builtIn(list []attachment) bool {
	return len(list) == 0 || len(list) == 1 && slices.Contains([]string{"bridge", "host", "none", "podman"}, list[0].name)
}

func (a attachment) told(container, hostname string) platform.ContainerNetwork {
	t := platform.ContainerNetwork{NetworkID: a.id, ID: &a.id}
	if c := a.IPAMConfig; c != nil {
		for _, ip := range []netip.Addr{c.IPv4Address, c.IPv6Address} {
			if ip.IsValid() {
				t.Addresses = append(t.Addresses, ip.String())
			}
		}
	}
	t.Aliases = ownAliases(a.Aliases, container, hostname)
	return t
}

// ownAliases leaves out what the engine adds behind the user's names: the beginning of the id, and the host name.
func ownAliases(list []string, container, hostname string) []string {
	i := slices.IndexFunc(list, func(alias string) bool { return len(alias) == 12 && strings.HasPrefix(container, alias) })
	if i < 0 {
		return list
	}
	more := slices.DeleteFunc(slices.Clone(list[i+1:]), func(alias string) bool { return alias == hostname })
	if own := slices.Concat(list[:i], more); len(own) > 0 {
		return own
	}
	return nil
}

// endpoint is what the engine takes for one attachment.
func endpoint(n platform.ContainerNetwork) (*network.EndpointSettings, error) {
	e := &network.EndpointSettings{Aliases: n.Aliases}
	if len(n.Addresses) > 0 {
		e.IPAMConfig = &network.EndpointIPAMConfig{}
	}
	for _, text := range n.Addresses {
		ip, err := netip.ParseAddr(text)
		switch {
		case err != nil:
			return nil, err
		case ip.Is4():
			e.IPAMConfig.IPv4Address = ip
		default:
			e.IPAMConfig.IPv6Address = ip
		}
	}
	return e, nil
}

// checkAddresses refuses static addresses in another spelling than they are read in.
func checkAddresses(list []string) error {
	var families []bool
	for _, text := range list {
		ip, err := netip.ParseAddr(text)
		switch {
		case err != nil:
			return fmt.Errorf("%q is no address: write it without prefix length, such as 10.0.0.5", text)
		case ip.String() != text:
			return fmt.Errorf("write the address %q as %s", text, ip)
		case slices.Contains(families, ip.Is6()):
			return errors.New("a container has one address of each family on a network")
		case ip.Is4() && len(families) > 0:
			return errors.New("write the IPv4 address before the IPv6 address")
		}
		families = append(families, ip.Is6())
	}
	return nil
}

// connect attaches a container to one more network.
func (k *containers) connect(ctx context.Context, id, key string, n platform.ContainerNetwork) error {
	settings, err := endpoint(n)
	if err != nil {
		return platform.At(err, "networks", key, "addresses")
	}
	_, err = k.client.NetworkConnect(ctx, n.NetworkID, client.NetworkConnectOptions{Container: id, EndpointConfig: settings})
	attribute := "network_id"
	if err != nil && strings.Contains(err.Error(), "ddress") {
		attribute = "addresses"
	}
	return platform.At(failed("attach the container to the network", n.NetworkID, err), "networks", key, attribute)
}

// disconnect detaches it; that it is not attached any more is fine.
func (k *containers) disconnect(ctx context.Context, id, networkID string) error {
	_, err := k.client.NetworkDisconnect(ctx, networkID, client.NetworkDisconnectOptions{Container: id})
	if isNotFound(err) || err != nil && strings.Contains(err.Error(), "is not connected to") {
		return nil
	}
	return failed("detach the container from the network", networkID, err)
}

// rewire makes the attachments so, by the network's id: what is no more, what is new and what is different.
func (k *containers) rewire(ctx context.Context, id string, prior, want map[string]platform.ContainerNetwork) error {
	was, will := byNetwork(prior), byNetwork(want)
	for _, key := range platform.Keys(was) {
		if _, stays := will[key]; !stays || !sameAttachment(was[key].ContainerNetwork, will[key].ContainerNetwork) {
			if err := k.disconnect(ctx, id, key); err != nil {
				return err
			}
		}
	}
	for _, key := range platform.Keys(want) {
		n := want[key]
		if old, there := was[n.NetworkID]; there && sameAttachment(old.ContainerNetwork, n) {
			continue
		}
		if err := k.connect(ctx, id, key, n); err != nil {
			return err
		}
	}
	return nil
}

type keyedNetwork struct {
	platform.ContainerNetwork
	key string
}

func byNetwork(m map[string]platform.ContainerNetwork) map[string]keyedNetwork {
	out := map[string]keyedNetwork{}
	for key, n := range m {
		out[n.NetworkID] = keyedNetwork{n, key}
	}
	return out
}

func sameAttachment(a, b platform.ContainerNetwork) bool {
	return slices.Equal(a.Addresses, b.Addresses) && slices.Equal(a.Aliases, b.Aliases)
}

// bindNetworks gives attachments their id, which is the network's.
func bindNetworks(networks map[string]platform.ContainerNetwork) {
	for key, n := range networks {
		id := n.NetworkID
		n.ID = &id
		networks[key] = n
	}
}
