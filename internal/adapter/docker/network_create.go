package docker

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// grace is how long it may take to look after a request whose answer was lost, or which was cancelled.
const grace = 2 * time.Second

// Create makes a network. Engines before 25 allow several of one name: it is made only where there is none yet.
func (k *networks) Create(ctx context.Context, want *platform.Network, made func(string)) error {
	if err := k.check(want); err != nil {
		return err
	}
	defer k.alone("network " + want.Name)()
	if err := k.free(ctx, want.Name, ""); err != nil {
		return err
	}
	creation := newCreation()
	id, err := k.order(ctx, want, creation)
	if err != nil {
		return failed("create the network", want.Name, err)
	}
	made(id)
	if err := ctx.Err(); err != nil {
		return failed("create the network", want.Name, err)
	}
	after := platform.Network{Meta: platform.Meta{ID: &id}, Subnets: want.Subnets}
	if err := k.sole(ctx, want.Name, &after); err != nil {
		return err
	}
	completeNetwork(want, &after)
	return nil
}

// sole reads a network that was made this moment, unless somebody made another of the name meanwhile: then the younger
// one goes.
func (k *networks) sole(ctx context.Context, name string, after *platform.Network) error {
	all, err := k.all(ctx)
	if err != nil {
		return err
	}
	own := slices.IndexFunc(all, func(n network.Network) bool { return n.ID == *after.ID })
	if own < 0 {
		return k.Read(ctx, after)
	}
	for i, n := range all {
		if i != own && n.Name == name && cmp.Or(n.Created.Compare(all[own].Created), cmp.Compare(n.ID, all[own].ID)) < 0 {
			return failed("create the network", name, k.withdraw(ctx, name, *after.ID, &platform.ExistsError{Name: name, ID: n.ID}))
		}
	}
	if all[own].Driver == "" { // not allocated yet
		return k.Read(ctx, after)
	}
	fillNetwork(after, all[own])
	return nil
}

// free refuses a name that another network than id has.
func (k *networks) free(ctx context.Context, name, id string) error {
	all, err := k.all(ctx)
	if err != nil {
		return err
	}
	for _, n := range all {
		if n.Name == name && n.ID != id {
			return failed("create the network", name, &platform.ExistsError{Name: name, ID: n.ID})
		}
	}
	return nil
}

// order asks the engine for a network and gives its id. Where no answer came, the network is looked for: it may be there.
func (k *networks) order(ctx context.Context, want *platform.Network, creation string) (string, error) {
	brief, cancel := k.brief(ctx)
	defer cancel()
	got, err := k.forNetworks.NetworkCreate(brief, want.Name, k.blueprint(want, creation))
	if err != nil {
		return k.aftermath(ctx, want.Name, creation, err)
	}
	for _, warning := range got.Warning {
		switch {
		case strings.Contains(warning, "already exists"): // somebody was as quick as we were
			return "", k.withdraw(ctx, want.Name, got.ID, &platform.ExistsError{Name: want.Name})
		case strings.Contains(warning, "not a recognized option"):
			return "", k.withdraw(ctx, want.Name, got.ID, platform.At(invalid("%s", warning), "docker", "options"))
		}
	}
	return got.ID, nil
}

// aftermath is what came of a creation that failed. Without an answer the network may be there; and it may be that
// somebody was quicker.
func (k *networks) aftermath(ctx context.Context, name, creation string, err error) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	all, unknown := k.all(ctx)
	if unknown != nil {
		return "", err
	}
	for _, n := range all {
		switch {
		case n.Labels[labelCreation] == creation:
			return n.ID, nil
		case n.Name == name:
			return "", &platform.ExistsError{Name: name, ID: n.ID}
		}
	}
	return "", err
}

// withdraw takes back a network that must not be, for the given reason.
func (k *networks) withdraw(ctx context.Context, name, id string, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if _, err := k.forNetworks.NetworkRemove(ctx, id, client.NetworkRemoveOptions{}); err != nil {
		return errors.Join(why, failed("take back the network", name+", "+id, err))
	}
	if err := k.free(ctx, name, id); err != nil { // it knows the other one's id
		return err
	}
	return why
}

// blueprint is what the engine is asked for.
func (k *networks) blueprint(want *platform.Network, creation string) client.NetworkCreateOptions {
	own := want.Docker
	if own == nil {
		own = &platform.DockerNetwork{}
	}
	options := maps.Clone(own.Options)
	if want.MTU != nil {
		if options == nil {
			options = map[string]string{}
		}
		options[optionMTU] = strconv.FormatInt(*want.MTU, 10)
	}
	b := client.NetworkCreateOptions{
		Driver:     k.driverOf(want),
		Internal:   value(want.Mode) == modeIsolated || value(own.Internal),
		Attachable: value(own.Attachable),
		Ingress:    value(own.Ingress),
		Options:    options,
		Labels:     labelled(want.Tags, networkLabels(want, creation)),
		IPAM:       ipamOf(want.Subnets, own),
	}
	for _, s := range want.Subnets {
		if p, err := netip.ParsePrefix(s.CIDR); err == nil && p.Addr().Is6() {
			b.EnableIPv6 = new(true)
		}
	}
	return b
}

// networkLabels are ours.
func networkLabels(want *platform.Network, creation string) map[string]string {
	ours := map[string]string{labelCreation: creation}
	keys := map[string]string{}
	for key, s := range want.Subnets {
		keys[s.CIDR] = key
	}
	if len(keys) > 0 {
		ours[labelKeys] = elementKeys{"subnets": keys}.label()
	}
	return ours
}

// ipamOf is the addresses of a network, in the order of the subnets' keys; nil leaves them to the engine.
func ipamOf(subnets map[string]platform.Subnet, own *platform.DockerNetwork) *network.IPAM {
	if len(subnets) == 0 && own.IPAMDriver == nil && len(own.IPAMOptions) == 0 {
		return nil
	}
	ipam := &network.IPAM{Driver: value(own.IPAMDriver), Options: own.IPAMOptions}
	if ipam.Driver == "" {
		ipam.Driver = defaultIPAM
	}
	for _, key := range platform.Keys(subnets) {
		ipam.Config = append(ipam.Config, poolOf(subnets[key], own.Reserved))
	}
	return ipam
}

// poolOf is one subnet. Without a word on the gateway it is the first address that is free, as engines choose it, too;
// but they do not tell what they chose.
func poolOf(s platform.Subnet, reserved map[string]string) network.IPAMConfig {
	p, _ := netip.ParsePrefix(s.CIDR) // checked
	c := network.IPAMConfig{Subnet: p, IPRange: rangeOf(s.DHCP)}
	taken := map[netip.Addr]bool{}
	for name, text := range reserved {
		if a, err := netip.ParseAddr(text); err == nil && p.Contains(a) {
			if c.AuxAddress == nil {
				c.AuxAddress = map[string]netip.Addr{}
			}
			c.AuxAddress[name], taken[a] = a, true
		}
	}
	if s.Gateway != nil {
		c.Gateway, _ = netip.ParseAddr(*s.Gateway)
		return c
	}
	for a := p.Masked().Addr().Next(); p.Contains(a); a = a.Next() {
		if !taken[a] {
			c.Gateway = a
			break
		}
	}
	return c
}
