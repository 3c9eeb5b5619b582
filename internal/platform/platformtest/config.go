package platformtest

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// cloned is a deep copy of maps; everything else is never changed.
func cloned(c Config) Config {
	out := Config{}
	for key, v := range c {
		if m, ok := v.(map[string]any); ok {
			v = cloned(m)
		}
		out[key] = v
	}
	return out
}

// merged is a copy of a with b on top.
func merged(a, b Config) Config {
	out := cloned(a)
	for key, v := range b {
		under, isMap := out[key].(map[string]any)
		over, alsoMap := v.(map[string]any)
		if isMap && alsoMap {
			v = merged(under, over)
		}
		out[key] = v
	}
	return cloned(out)
}

// with is a copy of c with a value at a path.
func with(c Config, p platform.Path, v any) Config {
	out := cloned(c)
	at := out
	for _, step := range p[:len(p)-1] {
		next, ok := at[step].(map[string]any)
		if !ok {
			next = Config{}
			at[step] = next
		}
		at = next
	}
	at[p[len(p)-1]] = v
	return out
}

// without is a copy of c with nothing at a path. A group that becomes empty stays, unless it is a block at the top.
func without(c Config, p platform.Path) Config {
	out := cloned(c)
	at := out
	for _, step := range p[:len(p)-1] {
		next, ok := at[step].(map[string]any)
		if !ok {
			return out
		}
		at = next
	}
	delete(at, p[len(p)-1])
	return out
}

// value is what a plain object has at a path.
func value(v any, p platform.Path) any {
	for _, step := range p {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[step]
	}
	return v
}

// plain is a state's object.
func plain(s *enginetest.State) map[string]any {
	if s == nil {
		return nil
	}
	m, _ := enginetest.Plain(s.Value).(map[string]any)
	return m
}

// same compares plain values of which one may come from a [Config].
func same(a, b any) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && string(x) == string(y)
}

// blank reports whether a plain value says nothing.
func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, e := range v {
			if !blank(e) {
				return false
			}
		}
		return true
	}
	return false
}

// settings turns a block of settings into what [platform.Resolve] takes.
func settings(c map[string]any) map[string]any {
	out := maps.Clone(c)
	for key, v := range out {
		switch v := v.(type) {
		case int:
			out[key] = int64(v)
		case []any:
			var list []string
			for _, e := range v {
				s, _ := e.(string)
				list = append(list, s)
			}
			out[key] = list
		}
	}
	return out
}

// covers reports whether the path of a diagnostic is at, or leads to it.
func covers(diagnostic, at string) bool {
	rest, ok := strings.CutPrefix(at, diagnostic)
	return ok && diagnostic != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
