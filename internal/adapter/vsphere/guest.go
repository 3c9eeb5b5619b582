package vsphere

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"

	"github.com/vmware/govmomi/vim25/mo"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/cloudinit"
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

// Names within the metadata that only cloud-init's VMware datasource knows.
const (
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
	if !cloudinit.Told(want) {
		return config, nil
	}
	data, err := cloudinit.UserData(want, value(want.ID), told)
	if err != nil {
		return nil, err
	}
	key := guestUserData
	if cloudinit.IsIgnition(data) {
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

// guestMeta is the metadata of cloud-init's VMware datasource. The user's own keys stand beside the reserved ones.
func guestMeta(m *platform.Machine, macs map[string]string) map[string]any {
	meta := map[string]any{}
	for key, text := range cloudinit.Metadata(m, value(m.ID)) {
		meta[key] = text
	}
	switch {
	case m.NetworkData != nil:
		meta[metaNetwork], meta[metaNetworkCode] = pack(*m.NetworkData), packed
	case cloudinit.Static(m):
		meta[metaNetwork] = cloudinit.NetworkConfig(m.NICs, macs)
	}
	return meta
}

// fillGuest tells what the guest was told: from what we rendered, since the guest's own answer may differ.
func fillGuest(vm *mo.VirtualMachine, have *platform.Machine) {
	values := extra(vm)
	if data := cmpOr(unpackKey(values, guestIgnition), unpackKey(values, guestUserData)); data != "" {
		have.UserData = unless(cloudinit.OwnData(data), "")
	}
	meta := map[string]any{}
	if json.Unmarshal([]byte(unpackKey(values, guestMetadata)), &meta) != nil {
		return // written by others, as YAML: not ours to interpret
	}
	if text, ok := meta[metaNetwork].(string); ok {
		if data, err := unpack(text); err == nil {
			have.NetworkData = &data
		}
	}
	texts := map[string]string{}
	for key, v := range meta {
		if text, ok := v.(string); ok && key != metaNetwork && key != metaNetworkCode {
			texts[key] = text
		}
	}
	cloudinit.FillMetadata(have, texts)
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

// checkMetadata refuses metadata that would hide what we write.
func checkMetadata(m *platform.Machine) error {
	return cloudinit.Check(m, metaNetwork, metaNetworkCode)
}
