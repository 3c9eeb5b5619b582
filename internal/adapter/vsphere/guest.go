package vsphere

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Keys of extraConfig that the guest reads: cloud-init's VMware datasource and Ignition.
const (
	guestMetadata = "guestinfo.metadata"
	guestUserData = "guestinfo.userdata"
	guestIgnition = "guestinfo.ignition.config.data"
	encodingOf    = ".encoding"
	packed        = "gzip+base64"
)

// metadataLimit bounds what is unpacked of a guest's data, which anybody with the right to edit it can write.
const metadataLimit = 16 << 20

// Names within the metadata that are not the user's own.
const (
	metaInstance    = "instance-id"
	metaHostname    = "local-hostname"
	metaNetwork     = "network"
	metaNetworkCode = "network.encoding"
)

// guestConfig renders what the guest shall be told into extraConfig. An empty value removes a key. macs are the
// addresses of the adapters by their keys; those unknown match nothing yet. told is the user data that the guest has.
func guestConfig(want *platform.Machine, macs map[string]string, told string) (map[string]string, error) {
	config := map[string]string{
		guestMetadata: "", guestMetadata + encodingOf: "", guestUserData: "", guestUserData + encodingOf: "",
		guestIgnition: "", guestIgnition + encodingOf: "",
	}
	if !toldGuest(want) {
		return config, nil
	}
	data, err := userData(want, hashIn(told))
	if err != nil {
		return nil, err
	}
	key := guestUserData
	if isIgnition(data) {
		key = guestIgnition
	}
	if data != "" {
		config[key], config[key+encodingOf] = pack(data), packed
	}
	meta, err := json.Marshal(guestMeta(want, macs))
	if err != nil {
		return nil, err
	}
	config[guestMetadata], config[guestMetadata+encodingOf] = pack(string(meta)), packed
	return config, nil
}

// toldGuest says whether the configuration has anything for the guest.
func toldGuest(m *platform.Machine) bool {
	return m.Hostname != nil || m.UserData != nil || m.NetworkData != nil || m.Login != nil || len(m.Metadata) > 0 || staticNICs(m)
}

// staticNICs says whether an adapter has a static configuration that we render.
func staticNICs(m *platform.Machine) bool {
	for _, n := range m.NICs {
		if len(n.Addresses) > 0 || n.Gateway != nil || len(n.DNS) > 0 {
			return m.NetworkData == nil
		}
	}
	return false
}

// guestMeta is the metadata of cloud-init's VMware datasource. The user's own keys stand beside the reserved ones.
func guestMeta(m *platform.Machine, macs map[string]string) map[string]any {
	meta := map[string]any{}
	for key, text := range m.Metadata {
		meta[key] = text
	}
	meta[metaInstance] = value(m.ID)
	if m.Hostname != nil {
		meta[metaHostname] = *m.Hostname
	}
	switch {
	case m.NetworkData != nil:
		meta[metaNetwork], meta[metaNetworkCode] = pack(*m.NetworkData), packed
	case staticNICs(m):
		meta[metaNetwork] = networkConfig(m.NICs, macs)
	}
	return meta
}

// networkConfig renders the adapters as a cloud-init network configuration, version 2.
func networkConfig(nics map[string]platform.NIC, macs map[string]string) map[string]any {
	ethernets := map[string]any{}
	for key, n := range nics {
		card := map[string]any{"match": map[string]any{"macaddress": macs[key]}}
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

// fillGuest tells what the guest was told: from what we rendered, since the guest's own answer may differ.
func fillGuest(vm *mo.VirtualMachine, have *platform.Machine) {
	values := extra(vm)
	if data := cmpOr(unpackKey(values, guestIgnition), unpackKey(values, guestUserData)); data != "" {
		have.UserData = unless(usersPart(data), "")
	}
	meta := map[string]any{}
	if json.Unmarshal([]byte(unpackKey(values, guestMetadata)), &meta) != nil {
		return // written by others, as YAML: not ours to interpret
	}
	if name, ok := meta[metaHostname].(string); ok {
		have.Hostname = &name
	}
	if text, ok := meta[metaNetwork].(string); ok {
		if data, err := unpack(text); err == nil {
			have.NetworkData = &data
		}
	}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		text, ok := meta[key].(string)
		if !ok || key == metaInstance || key == metaHostname || key == metaNetwork || key == metaNetworkCode {
			continue
		}
		if have.Metadata == nil {
			have.Metadata = map[string]string{}
		}
		have.Metadata[key] = text
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// pack compresses and encodes what extraConfig shall hold. The same text always gives the same result.
func pack(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // writing to memory cannot fail
	_ = z.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// unpack undoes pack.
func unpack(text string) (string, error) {
	compressed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", err
	}
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return "", err
	}
	plain, err := io.ReadAll(io.LimitReader(z, metadataLimit))
	return string(plain), err
}

// unpackKey reads a value in whatever encoding its key says.
func unpackKey(values map[string]string, key string) string {
	text := values[key]
	switch values[key+encodingOf] {
	case packed, "gz+b64", "gzip+b64":
		if plain, err := unpack(text); err == nil {
			return plain
		}
	case "base64", "b64":
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
			return string(plain)
		}
	}
	return text
}

// isIgnition recognises an Ignition configuration.
func isIgnition(data string) bool {
	var probe struct {
		Ignition json.RawMessage `json:"ignition"`
	}
	return strings.HasPrefix(strings.TrimSpace(data), "{") && json.Unmarshal([]byte(data), &probe) == nil && probe.Ignition != nil
}

// checkMetadata refuses metadata that would hide what we write.
func checkMetadata(m *platform.Machine) error {
	for _, key := range []string{metaInstance, metaHostname, metaNetwork, metaNetworkCode} {
		if _, taken := m.Metadata[key]; taken {
			err := fmt.Errorf("%q is reserved: use hostname, network_data or the adapters' addresses", key)
			return platform.At(platform.As(platform.ErrInvalid, err), "metadata", key)
		}
	}
	if m.Login != nil && m.UserData != nil && !mergeable(*m.UserData) {
		err := errors.New("it cannot be joined with this user_data, which is neither cloud-config, a script nor MIME: put the user into user_data, or leave login out")
		return platform.At(platform.As(platform.ErrInvalid, err), "login")
	}
	return nil
}
