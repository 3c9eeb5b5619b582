// Package cloudinit renders what a machine's configuration tells the guest, in the words of cloud-init: user data with
// the first login, metadata and a network configuration. It is what adapters share whose platform hands a guest such
// data and leaves the rest to it; how the data gets there (guestinfo, a NoCloud image) is the adapter's.
package cloudinit

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Names within the metadata that are not the user's own.
const (
	InstanceID    = "instance-id"    // another value is another machine to cloud-init, which then starts afresh
	LocalHostname = "local-hostname" // the guest's own name
)

// Told says whether the configuration has anything for the guest.
func Told(m *platform.Machine) bool {
	return m.Hostname != nil || m.UserData != nil || m.NetworkData != nil || m.Login != nil || len(m.Metadata) > 0 || Static(m)
}

// IsIgnition recognises an Ignition configuration. cloud-init does not read it: a platform passes it another way.
func IsIgnition(data string) bool {
	var probe struct {
		Ignition json.RawMessage `json:"ignition"`
	}
	return strings.HasPrefix(strings.TrimSpace(data), "{") && json.Unmarshal([]byte(data), &probe) == nil && probe.Ignition != nil
}

// Check refuses metadata that would hide what we write, and a login that cannot be told beside the user data. reserved
// are the names in the metadata that the adapter writes besides InstanceID and LocalHostname. Its errors are
// platform.ErrInvalid, at the attribute. The machine's metadata, user data and login must be known.
func Check(m *platform.Machine, reserved ...string) error {
	for _, key := range append([]string{InstanceID, LocalHostname}, reserved...) {
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

// value is what p points at; nothing gives the zero value.
func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
