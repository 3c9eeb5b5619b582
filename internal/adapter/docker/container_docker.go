package docker

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// applyDocker writes what only Docker containers have into what the engine takes.
func applyDocker(d *platform.DockerContainer, c *container.Config, h *container.HostConfig) error {
	if d == nil {
		return nil
	}
	c.Domainname, c.Tty, c.OpenStdin, c.StopSignal = value(d.Domain), value(d.TTY), value(d.Stdin), value(d.StopSignal)
	if d.StopTimeout != nil {
		seconds := int(time.Duration(*d.StopTimeout) / time.Second)
		c.StopTimeout = &seconds
	}
	h.NetworkMode, h.PidMode, h.IpcMode = container.NetworkMode(value(d.NetworkMode)), container.PidMode(value(d.PIDMode)), container.IpcMode(value(d.IPCMode))
	h.UsernsMode, h.Runtime, h.CgroupParent = container.UsernsMode(value(d.UserNamespace)), value(d.Runtime), value(d.CgroupParent)
	h.Privileged, h.ReadonlyRootfs, h.Init = value(d.Privileged), value(d.ReadOnly), d.Init
	h.CapAdd, h.CapDrop, h.SecurityOpt, h.GroupAdd = d.CapAdd, d.CapDrop, d.SecurityOptions, d.GroupAdd
	h.Sysctls, h.ShmSize, h.OomScoreAdj = d.Sysctls, int64(value(d.ShmSize)), int(value(d.OOMScore))
	h.DNSSearch, h.DNSOptions = d.DNSSearch, d.DNSOptions
	h.LogConfig = container.LogConfig{Type: value(d.LogDriver), Config: d.LogOptions}
	for _, name := range platform.Keys(d.ExtraHosts) {
		h.ExtraHosts = append(h.ExtraHosts, name+":"+d.ExtraHosts[name])
	}
	return errors.Join(applyDevices(d, h), applyUlimits(d, h), applyDNS(d, h))
}

func applyDevices(d *platform.DockerContainer, h *container.HostConfig) error {
	for _, text := range d.Devices {
		parts := strings.SplitN(fullDevice(text), ":", 3)
		if parts[0] == "" {
			return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no device: write /dev/fuse or /dev/sda:/dev/xvda:r", text)), "docker", "devices")
		}
		h.Devices = append(h.Devices, container.DeviceMapping{PathOnHost: parts[0], PathInContainer: parts[1], CgroupPermissions: parts[2]})
	}
	return nil
}

// fullDevice spells a device with all its parts.
func fullDevice(text string) string {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) == 2 && !strings.HasPrefix(parts[1], "/") {
		parts = []string{parts[0], parts[0], parts[1]}
	}
	if len(parts) < 2 {
		parts = append(parts, parts[0])
	}
	if len(parts) < 3 {
		parts = append(parts, "rwm")
	}
	return strings.Join(parts, ":")
}

func applyUlimits(d *platform.DockerContainer, h *container.HostConfig) error {
	for _, name := range platform.Keys(d.Ulimits) {
		soft, hard, both := strings.Cut(d.Ulimits[name], ":")
		if !both {
			hard = soft
		}
		s, errSoft := strconv.ParseInt(soft, 10, 64)
		n, errHard := strconv.ParseInt(hard, 10, 64)
		if err := errors.Join(errSoft, errHard); err != nil {
			return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no limit: write a number, or soft and hard: 1024:4096", d.Ulimits[name])), "docker", "ulimits", name)
		}
		h.Ulimits = append(h.Ulimits, &container.Ulimit{Name: name, Soft: s, Hard: n})
	}
	return nil
}

func applyDNS(d *platform.DockerContainer, h *container.HostConfig) error {
	for _, text := range d.DNS {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return platform.At(platform.As(platform.ErrInvalid, fmt.Errorf("%q is no address of a name server", text)), "docker", "dns")
		}
		h.DNS = append(h.DNS, ip)
	}
	return nil
}

// docker tells what only Docker containers have, in the user's words where the engine writes it otherwise.
func (s *seen) docker() *platform.DockerContainer {
	c, h := s.Config, s.HostConfig
	init, never := h.Init, func([]string) []string { return nil } // labels and what they tell of never change
	d := &platform.DockerContainer{
		NetworkMode:   firstWord(s.record.said("network_mode", wordOf(unless("", string(h.NetworkMode))), never)),
		PIDMode:       firstWord(s.record.said("pid_mode", wordOf(unless("", string(h.PidMode))), never)),
		IPCMode:       firstWord(s.record.said("ipc_mode", wordOf(unless("", string(h.IpcMode))), never)),
		UserNamespace: unless("", string(h.UsernsMode)), Runtime: unless("", h.Runtime), CgroupParent: unless("", h.CgroupParent),
		Privileged: &h.Privileged, ReadOnly: &h.ReadonlyRootfs, Init: init, TTY: &c.Tty, Stdin: &c.OpenStdin,
		CapAdd: s.record.said("cap_add", shortCaps(h.CapAdd), fullCaps), CapDrop: s.record.said("cap_drop", shortCaps(h.CapDrop), fullCaps),
		SecurityOptions: s.record.said("security_options", h.SecurityOpt, never), GroupAdd: h.GroupAdd,
		Devices: s.record.said("devices", devices(h.Devices), fullDevices), Sysctls: h.Sysctls,
		Ulimits: paired(s.record.said("ulimits", ulimits(h.Ulimits), never)),
		ShmSize: unless(0, platform.Size(h.ShmSize)), OOMScore: new(int64(h.OomScoreAdj)),
		DNSSearch: h.DNSSearch, DNSOptions: h.DNSOptions, ExtraHosts: extraHosts(h.ExtraHosts), Domain: unless("", c.Domainname),
		StopSignal: unless("", c.StopSignal), LogDriver: unless("", h.LogConfig.Type), LogOptions: h.LogConfig.Config,
	}
	for _, ip := range h.DNS {
		d.DNS = append(d.DNS, ip.String())
	}
	if c.StopTimeout != nil {
		d.StopTimeout = new(platform.Duration(time.Duration(*c.StopTimeout) * time.Second))
	}
	s.limits(d)
	return d
}

// limits tells what changes while the container runs. What the engine does not limit is no limit.
func (s *seen) limits(d *platform.DockerContainer) {
	h := s.HostConfig
	if h.MemorySwap > 0 {
		d.MemorySwap = new(platform.Size(h.MemorySwap))
	}
	if h.MemoryReservation > 0 {
		d.MemoryReservation = new(platform.Size(h.MemoryReservation))
	}
	if p := h.PidsLimit; p != nil && *p > 0 {
		d.PIDs = p
	}
	d.CPUShares, d.CPUSet = unless(0, h.CPUShares), unless("", h.CpusetCpus)
	d.RestartRetries = unless(0, int64(h.RestartPolicy.MaximumRetryCount))
}

func firstWord(list []string) *string {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// fullCaps spells capabilities as the engine keeps them.
func fullCaps(list []string) []string {
	out := map[string]bool{}
	for _, name := range list {
		if name = strings.ToUpper(name); name != "ALL" && !strings.HasPrefix(name, "CAP_") {
			name = "CAP_" + name
		}
		out[name] = true
	}
	return slices.Sorted(maps.Keys(out))
}

func shortCaps(list []string) []string {
	var out []string
	for _, name := range list {
		out = append(out, strings.TrimPrefix(name, "CAP_"))
	}
	return out
}

func devices(list []container.DeviceMapping) []string {
	var out []string
	for _, d := range list {
		text := d.PathOnHost
		switch {
		case d.CgroupPermissions != "rwm":
			text += ":" + d.PathInContainer + ":" + d.CgroupPermissions
		case d.PathInContainer != d.PathOnHost:
			text += ":" + d.PathInContainer
		}
		out = append(out, text)
	}
	return out
}

func fullDevices(list []string) []string {
	var out []string
	for _, text := range list {
		out = append(out, fullDevice(text))
	}
	return out
}

func ulimits(list []*container.Ulimit) []string {
	var out []string
	for _, u := range list {
		if u.Soft == u.Hard {
			out = append(out, fmt.Sprintf("%s=%d", u.Name, u.Soft))
			continue
		}
		out = append(out, fmt.Sprintf("%s=%d:%d", u.Name, u.Soft, u.Hard))
	}
	slices.Sort(out)
	return out
}

func extraHosts(list []string) map[string]string {
	m := map[string]string{}
	for _, pair := range list {
		name, address, _ := strings.Cut(pair, ":")
		m[name] = address
	}
	return m
}
