package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const (
	firstPort    = 32768 // of those that a host chooses
	chosenPorts  = 28000
	defaultArch  = "linux/amd64"
	ownImageSize = 64 * platform.MiB
)

// connectRecords offers the kinds that keep what they are told.
func connectRecords(c *platform.Conn, s *store, like likeness) {
	if like.has("container") {
		c.Containers = newRecords(s, like, "container", conduct[platform.Container]{settle: settleContainer})
	}
	if like.has("container_image") {
		c.ContainerImages = newRecords(s, like, "container_image", conduct[platform.ContainerImage]{
			id: contentID, settle: settleContainerImage, keeps: func(have *platform.ContainerImage) bool { return deref(have.Keep) },
		})
	}
	if like.has("registry_image") {
		images := newRecords(s, like, "registry_image", conduct[platform.RegistryImage]{
			settle: settleRegistryImage, keeps: func(have *platform.RegistryImage) bool { return deref(have.Keep) },
		})
		c.RegistryImages, c.RegistryRepositories = images, &repositories{s, images.table}
	}
	if like.has("volume") {
		c.Volumes = newRecords(s, like, "volume", conduct[platform.Volume]{})
	}
	if like.has("service") {
		c.Services = newRecords(s, like, "service", conduct[platform.Service]{settle: settleService})
	}
	if like.has("secret") {
		c.Secrets = newRecords(s, like, "secret", conduct[platform.Secret]{settle: settleSecret, hashed: hashedOfSecrets()})
	}
	if like.has("config") {
		c.Configs = newRecords(s, like, "config", conduct[platform.ConfigFile]{settle: settleConfig})
	}
	connectGuards(c, s, like)
}

// connectGuards offers what stands around machines: where they reach, who reaches them, where they lie, whose they are.
func connectGuards(c *platform.Conn, s *store, like likeness) {
	if like.has("router") {
		c.Routers = newRecordsIn(s.routers, like, conduct[platform.Router]{settle: settleRouter})
	}
	if like.has("public_ip") {
		c.PublicIPs = newRecordsIn(s.publicIPs, like, conduct[platform.PublicIP]{settle: settlePublicIP})
	}
	if like.has("firewall") {
		c.Firewalls = newRecords(s, like, "firewall", conduct[platform.Firewall]{settle: settleFirewall, unused: firewallUnused})
	}
	if like.has("placement_group") {
		c.PlacementGroups = newRecords(s, like, "placement_group", conduct[platform.PlacementGroup]{derive: showMembers})
	}
	if like.has("ssh_key") {
		c.SSHKeys = newRecords(s, like, "ssh_key", conduct[platform.SSHKey]{settle: settleSSHKey})
	}
	if like.has("project") {
		c.Projects = newRecordsIn(s.projects, like, conduct[platform.Project]{settle: settleProject, unused: projectUnused})
	}
}

func hashedOfSecrets() []string { return []string{"value", "value_base64"} }

// preset gives an attribute that every object has its value where nobody did.
func preset[T any](at **T, v T) {
	if *at == nil {
		*at = &v
	}
}

// number is one of n that follows from a text.
func number(text string, n uint64) int64 { return int64(lot(text, 1) % n) } // #nosec G115 -- n is small

func settleContainer(_ context.Context, s *store, id string, was, now, want *platform.Container) error {
	if want.Power == nil && want.WaitFor != nil && deref(want.WaitFor.State) == platform.WaitExited {
		now.Power = new(platform.PowerOff)
		preset(&now.ExitCode, 0)
	}
	preset(&now.Power, platform.PowerOn)
	on := *now.Power == platform.PowerOn
	switch {
	case on:
		now.ExitCode = nil
	case deref(was.Power) == platform.PowerOn:
		preset(&now.ExitCode, 0)
	}
	for key, p := range now.Ports {
		preset(&p.Protocol, "tcp")
		preset(&p.HostPort, firstPort+number(id+key, chosenPorts))
		now.Ports[key] = p
	}
	for key, m := range now.Mounts {
		if m.VolumeID != nil && !s.there("volume", *m.VolumeID) {
			return platform.At(platform.As(platform.ErrNotFound, fmt.Errorf("there is no volume with the id %q", *m.VolumeID)), "mounts", key, "volume_id")
		}
	}
	return settleAddresses(s, id, now, on)
}

// settleAddresses attaches a container to its networks.
func settleAddresses(s *store, id string, now *platform.Container, on bool) error {
	n := number(id, 1<<16)
	addresses := []string{fmt.Sprintf("172.17.%d.%d", n>>8, n&0xff)}
	if len(now.Networks) > 0 {
		addresses = nil
	}
	for _, key := range platform.Keys(now.Networks) {
		x := now.Networks[key]
		if _, err := s.networks.get(x.NetworkID); err != nil {
			return platform.At(err, "networks", key, "network_id")
		}
		n := number(id+key, 1<<16)
		preset(&x.MAC, fmt.Sprintf("02:42:ac:12:%02x:%02x", n>>8, n&0xff))
		now.Networks[key] = x
		if x.Addresses == nil {
			addresses = append(addresses, fmt.Sprintf("172.18.%d.%d", n>>8, n&0xff))
		}
		addresses = append(addresses, x.Addresses...)
	}
	if now.Addresses = addresses; !on {
		now.Addresses = nil
	}
	return nil
}

// there reports whether an object has a file.
func (s *store) there(kind, id string) bool {
	_, err := os.Lstat(s.file(kind, id))
	return !errors.Is(err, fs.ErrNotExist)
}

// contentID stands for what is in an image: the same recipe under the same name has the same one.
func contentID(want *platform.ContainerImage) string {
	return fingerprint(strings.Join([]string{want.Name, deref(want.Digest), deref(want.SourceHash)}, "\n"))
}

func settleContainerImage(_ context.Context, _ *store, id string, _, now, _ *platform.ContainerImage) error {
	preset(&now.Digest, "sha256:"+fingerprint(id))
	preset(&now.OSArch, defaultArch)
	preset(&now.Size, ownImageSize)
	preset(&now.CreatedAt, time.Now().UTC().Format(time.RFC3339))
	return nil
}

func settleRegistryImage(_ context.Context, _ *store, _ string, _, now, _ *platform.RegistryImage) error {
	now.Digest, now.OSArch = new("sha256:"+fingerprint(deref(now.ImageID))), []string{defaultArch}
	return nil
}

func settleService(_ context.Context, _ *store, id string, _, now, _ *platform.Service) error {
	preset(&now.Mode, platform.ServiceReplicated)
	now.Running = new(int64(1))
	if *now.Mode == platform.ServiceReplicated || *now.Mode == platform.ServiceReplicatedJob {
		preset(&now.Replicas, 1)
		*now.Running = *now.Replicas
	}
	if strings.HasSuffix(*now.Mode, "-job") {
		*now.Running = 0 // it has run to its end
	}
	for key, p := range now.Ports {
		preset(&p.Protocol, "tcp")
		preset(&p.Mode, "ingress")
		preset(&p.Published, firstPort+number(id+key, chosenPorts))
		now.Ports[key] = p
	}
	for key, x := range now.Secrets {
		preset(&x.Target, key)
		now.Secrets[key] = x
	}
	for key, x := range now.Configs {
		preset(&x.Target, "/"+key)
		now.Configs[key] = x
	}
	return nil
}

// settleSecret makes another version of what has another value.
func settleSecret(_ context.Context, _ *store, _ string, was, now, _ *platform.Secret) error {
	if now.VersionID == nil || deref(was.Value) != deref(now.Value) || deref(was.ValueBase64) != deref(now.ValueBase64) || deref(was.ValueWO) != deref(now.ValueWO) {
		now.VersionID = new(newID())
	}
	return nil
}

func settleConfig(_ context.Context, _ *store, _ string, was, now, _ *platform.ConfigFile) error {
	if now.VersionID == nil || !reflect.DeepEqual(was, now) {
		now.VersionID = new(newID())
	}
	return nil
}
