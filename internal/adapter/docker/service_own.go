package docker

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/swarm"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// composeOwn writes what only Swarm services have.
func composeOwn(spec *swarm.ServiceSpec, r *record, was, now *platform.DockerService) error {
	task, c := &spec.TaskTemplate, spec.TaskTemplate.ContainerSpec
	composeNetworks(task, was.Networks, now.Networks)
	if was.EndpointMode != nil || now.EndpointMode != nil {
		if spec.EndpointSpec == nil {
			spec.EndpointSpec = &swarm.EndpointSpec{}
		}
		put(&spec.EndpointSpec.Mode, was.EndpointMode, now.EndpointMode, swarm.ResolutionModeVIP, func(s string) swarm.ResolutionMode { return swarm.ResolutionMode(s) })
	}
	err := composePlacement(task, was, now)
	putMap(&c.Labels, was.ContainerLabels, now.ContainerLabels)
	put(&c.Hostname, was.Hostname, now.Hostname, "", same)
	if now.ExtraHosts != nil || was.ExtraHosts != nil {
		c.Hosts = nil
		for _, name := range slices.Sorted(maps.Keys(now.ExtraHosts)) {
			c.Hosts = append(c.Hosts, now.ExtraHosts[name]+" "+name)
		}
	}
	err = errors.Join(err, composeDNS(c, was.DNS, now.DNS))
	putList(&c.CapabilityAdd, was.CapAdd, now.CapAdd, same)
	putList(&c.CapabilityDrop, was.CapDrop, now.CapDrop, same)
	for attribute, lists := range map[string][2][]string{"cap_add": {was.CapAdd, now.CapAdd}, "cap_drop": {was.CapDrop, now.CapDrop}, "dns": {was.DNS, now.DNS}} {
		respell(r, attribute, lists[0], lists[1])
	}
	putMap(&c.Sysctls, was.Sysctls, now.Sysctls)
	put(&c.Init, was.Init, now.Init, nil, func(b bool) *bool { return &b })
	put(&c.ReadOnly, was.ReadOnly, now.ReadOnly, false, same)
	put(&c.StopSignal, was.StopSignal, now.StopSignal, "", same)
	put(&c.StopGracePeriod, was.StopTimeout, now.StopTimeout, nil, length)
	composeLog(task, was, now)
	composeRestart(task, was, now)
	return err
}

func length(d platform.Duration) *time.Duration { return new(time.Duration(d)) }

// composeNetworks keeps of an attachment that stays what else is said of it.
func composeNetworks(task *swarm.TaskSpec, was, now []string) {
	if was == nil && now == nil {
		return
	}
	old := task.Networks
	task.Networks = nil
	for _, id := range now {
		n := swarm.NetworkAttachmentConfig{Target: id}
		if i := slices.IndexFunc(old, func(o swarm.NetworkAttachmentConfig) bool { return o.Target == id }); i >= 0 {
			n = old[i]
		}
		task.Networks = append(task.Networks, n)
	}
}

func composePlacement(task *swarm.TaskSpec, was, now *platform.DockerService) error {
	if task.Placement == nil {
		task.Placement = &swarm.Placement{}
	}
	var errs []error
	p := task.Placement
	putList(&p.Constraints, was.Constraints, now.Constraints, same)
	putList(&p.Preferences, was.Preferences, now.Preferences, func(text string) swarm.PlacementPreference {
		by, found := strings.CutPrefix(text, "spread=")
		if !found {
			errs = append(errs, refusal(fmt.Sprintf("%q is no preference: write spread=node.labels.rack", text), "docker", "preferences"))
		}
		return swarm.PlacementPreference{Spread: &swarm.SpreadOver{SpreadDescriptor: by}}
	})
	put(&p.MaxReplicas, was.MaxPerNode, now.MaxPerNode, 0, func(n int64) uint64 { return uint64(n) }) //nolint:gosec // positive by its validator
	return errors.Join(errs...)
}

func composeDNS(c *swarm.ContainerSpec, was, now []string) error {
	if was == nil && now == nil {
		return nil
	}
	var errs []error
	if c.DNSConfig == nil {
		c.DNSConfig = &swarm.DNSConfig{}
	}
	putList(&c.DNSConfig.Nameservers, was, now, func(text string) netip.Addr {
		a, err := netip.ParseAddr(text)
		if err != nil {
			errs = append(errs, refusal(fmt.Sprintf("%q is no address of a name server", text), "docker", "dns"))
		}
		return a
	})
	return errors.Join(errs...)
}

func composeLog(task *swarm.TaskSpec, was, now *platform.DockerService) {
	if was.LogDriver == nil && now.LogDriver == nil && was.LogOptions == nil && now.LogOptions == nil {
		return
	}
	if task.LogDriver == nil {
		task.LogDriver = &swarm.Driver{}
	}
	put(&task.LogDriver.Name, was.LogDriver, now.LogDriver, "", same)
	putMap(&task.LogDriver.Options, was.LogOptions, now.LogOptions)
	if task.LogDriver.Name == "" && len(task.LogDriver.Options) == 0 {
		task.LogDriver = nil
	}
}

func composeRestart(task *swarm.TaskSpec, was, now *platform.DockerService) {
	if was.RestartCondition == nil && now.RestartCondition == nil && was.RestartDelay == nil && now.RestartDelay == nil &&
		was.RestartAttempts == nil && now.RestartAttempts == nil && was.RestartWindow == nil && now.RestartWindow == nil {
		return
	}
	if task.RestartPolicy == nil {
		task.RestartPolicy = &swarm.RestartPolicy{}
	}
	p := task.RestartPolicy
	put(&p.Condition, was.RestartCondition, now.RestartCondition, "", func(s string) swarm.RestartPolicyCondition { return swarm.RestartPolicyCondition(s) })
	put(&p.Delay, was.RestartDelay, now.RestartDelay, nil, length)
	put(&p.MaxAttempts, was.RestartAttempts, now.RestartAttempts, nil, func(n int64) *uint64 { return new(uint64(n)) }) //nolint:gosec // not negative by its validator
	put(&p.Window, was.RestartWindow, now.RestartWindow, nil, length)
}
