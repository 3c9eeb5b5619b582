package docker

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Further labels of containers.
const (
	labelSpelled = labelPrefix + "spelled" // JSON: attribute to the user's spelling of what the engine writes otherwise
	labelStarts  = labelPrefix + "starts"  // it is to be started: one that never was is unfinished
)

// record is what labels keep of a container. Labels never change, and neither does what they tell of.
type record struct {
	keys    map[string]map[string]string // attribute to native id to the user's key
	spelled map[string][]string
	secrets []string // names of environment variables
	starts  bool
	ours    bool
}

// recordOf reads labels; what somebody else wrote there says nothing.
func recordOf(labels map[string]string) record {
	r := record{starts: labels[labelStarts] != "", ours: labels[labelOrigin] == origin}
	if json.Unmarshal([]byte(labels[labelKeys]), &r.keys) != nil {
		r.keys = nil
	}
	if json.Unmarshal([]byte(labels[labelSpelled]), &r.spelled) != nil {
		r.spelled = nil
	}
	if text := labels[labelSecret]; text != "" {
		r.secrets = strings.Split(text, ",")
	}
	return r
}

// said is the user's spelling of what is there, where that still means the same.
func (r record) said(attribute string, is []string, plain func([]string) []string) []string {
	if was, ok := r.spelled[attribute]; ok && slices.Equal(plain(was), plain(is)) {
		return was
	}
	return is
}

// labelsOf are all labels of a new container.
func labelsOf(want *platform.Container, creation string) map[string]string {
	ours := map[string]string{labelCreation: creation}
	keys := map[string]map[string]string{}
	note := func(attribute, key string, id *string) {
		if id != nil {
			if keys[attribute] == nil {
				keys[attribute] = map[string]string{}
			}
			keys[attribute][*id] = key
		}
	}
	for key, p := range want.Ports {
		note("ports", key, p.ID)
	}
	for key, m := range want.Mounts {
		note("mounts", key, m.ID)
	}
	for key, n := range want.Networks {
		note("networks", key, n.ID)
	}
	if len(keys) > 0 {
		ours[labelKeys] = asJSON(keys)
	}
	if s := spellings(want); len(s) > 0 {
		ours[labelSpelled] = asJSON(s)
	}
	if len(want.EnvWO) > 0 {
		ours[labelSecret] = strings.Join(slices.Sorted(maps.Keys(want.EnvWO)), ",")
	}
	if value(want.Power) != platform.PowerOff {
		ours[labelStarts] = "true"
	}
	return labelled(want.Tags, ours)
}

// spellings are the user's words for what the engine writes in its own way.
func spellings(want *platform.Container) map[string][]string {
	s := map[string][]string{}
	if len(want.Tags) > 0 {
		s["tags"] = slices.Sorted(maps.Keys(want.Tags))
	}
	if h := want.HealthCheck; h != nil && len(h.Command) > 0 && h.Command[0] == "CMD" {
		s["health_check.command"] = h.Command
	}
	d := want.Docker
	if d == nil {
		return s
	}
	for name, list := range map[string][]string{
		"cap_add": d.CapAdd, "cap_drop": d.CapDrop, "devices": d.Devices, "security_options": d.SecurityOptions,
		"network_mode": wordOf(d.NetworkMode), "pid_mode": wordOf(d.PIDMode), "ipc_mode": wordOf(d.IPCMode),
		"ulimits": pairs(d.Ulimits, slices.Sorted(maps.Keys(d.Ulimits))),
	} {
		if len(list) > 0 {
			s[name] = list
		}
	}
	return s
}

func wordOf(p *string) []string {
	if p == nil {
		return nil
	}
	return []string{*p}
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}
