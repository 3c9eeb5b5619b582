package cloudinit

import (
	"encoding/json"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// renderedMark begins a network configuration that we rendered; it is how we know our own work again.
const renderedMark = "# made from the addresses of the machine's adapters\n"

// Static says whether an adapter has a static configuration that we render; network_data takes its place.
func Static(m *platform.Machine) bool {
	for _, n := range m.NICs {
		if len(n.Addresses) > 0 || n.Gateway != nil || len(n.DNS) > 0 {
			return m.NetworkData == nil
		}
	}
	return false
}

// NetworkConfig renders the adapters as a cloud-init network configuration, version 2, ready for json.Marshal. macs are
// the addresses of the adapters by their keys; an adapter whose address is not known yet matches nothing.
func NetworkConfig(nics map[string]platform.NIC, macs map[string]string) map[string]any {
	ethernets := map[string]any{}
	for key, n := range nics {
		card := map[string]any{"match": map[string]any{"macaddress": strings.ToLower(macs[key])}}
		card["dhcp4"] = len(n.Addresses) == 0
		if len(n.Addresses) > 0 {
			card["addresses"] = n.Addresses
		}
		if n.Gateway != nil {
			card["routes"] = []any{map[string]any{"to": defaultRoute(*n.Gateway), "via": *n.Gateway}}
		}
		if len(n.DNS) > 0 {
			card["nameservers"] = map[string]any{"addresses": n.DNS}
		}
		ethernets[key] = card
	}
	return map[string]any{"version": 2, "ethernets": ethernets}
}

// defaultRoute is the destination of everything else; the word "default" is too new for older cloud-inits.
func defaultRoute(gateway string) string {
	if strings.Contains(gateway, ":") {
		return "::/0"
	}
	return "0.0.0.0/0"
}

// NetworkFile is the network configuration as a file of its own: the machine's network_data as it is, else what its
// adapters' addresses make (NetworkConfig), else "". macs are as in NetworkConfig.
func NetworkFile(m *platform.Machine, macs map[string]string) (string, error) {
	if m.NetworkData != nil {
		return *m.NetworkData, nil
	}
	if !Static(m) {
		return "", nil
	}
	text, err := json.Marshal(NetworkConfig(m.NICs, macs)) // JSON is YAML
	return renderedMark + string(text) + "\n", err
}

// OwnNetwork undoes NetworkFile: the user's own network_data, or "" where the file was rendered or there is none.
func OwnNetwork(file string) string {
	if strings.HasPrefix(file, renderedMark) {
		return ""
	}
	return file
}
