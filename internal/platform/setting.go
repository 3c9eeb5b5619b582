package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SettingType is the type of a connection setting.
type SettingType int

// The types of settings. A duration is written as Go does, "90s"; a list of strings comes from the environment
// separated by commas, a map of strings as a JSON object.
const (
	StringSetting SettingType = iota
	BoolSetting
	IntSetting
	DurationSetting
	StringsSetting
	MapSetting
)

// Setting is one connection setting of a platform. The provider's schema, the fall-back to the environment
// and the documentation come from it.
type Setting struct {
	Name      string
	Type      SettingType
	Doc       string   // one sentence
	Env       []string // variables that the platform's own tools read, the first set one counts
	Default   string   // as text; empty means none
	Required  bool
	Sensitive bool
	OneOf     []string
}

// Config is the resolved settings of one connection.
type Config struct {
	values map[string]any
	given  map[string]bool // written in the block; the others come from the environment or are defaults
}

// NewConfig makes a Config of values by setting name: string, bool, int64, time.Duration, []string or map[string]string.
// They count as given.
func NewConfig(values map[string]any) Config {
	given := map[string]bool{}
	for name := range values {
		given[name] = true
	}
	return Config{maps.Clone(values), given}
}

// Given reports whether the user wrote a setting into the block: it goes before others that only the environment names.
func (c Config) Given(name string) bool { return c.given[name] }

// String returns a setting, or "" when it has no value.
func (c Config) String(name string) string { v, _ := c.values[name].(string); return v }

// Bool returns a setting, or false when it has no value.
func (c Config) Bool(name string) bool { v, _ := c.values[name].(bool); return v }

// Int returns a setting, or 0 when it has no value.
func (c Config) Int(name string) int64 { v, _ := c.values[name].(int64); return v }

// Duration returns a setting, or 0 when it has no value.
func (c Config) Duration(name string) time.Duration {
	v, _ := c.values[name].(time.Duration)
	return v
}

// Strings returns a setting, or nil when it has no value.
func (c Config) Strings(name string) []string { v, _ := c.values[name].([]string); return v }

// Map returns a setting, or nil when it has no value.
func (c Config) Map(name string) map[string]string {
	v, _ := c.values[name].(map[string]string)
	return v
}

// Source says where settings that were left out may come from.
type Source struct {
	Block string                           // the platform's block name, for messages
	Name  string                           // the connection's name
	Sole  bool                             // no other connection of this type: the tools' own variables count
	Env   func(name string) (string, bool) // os.LookupEnv
}

// Resolve completes the given settings from the environment and the defaults and checks them. A given value is a
// string, bool, int64, []string or map[string]string; nil means left out.
func Resolve(settings []Setting, given map[string]any, from Source) (Config, error) {
	c := Config{map[string]any{}, map[string]bool{}}
	var errs []error
	for _, s := range settings {
		v, err := s.resolve(given[s.Name], from)
		if err != nil {
			errs = append(errs, err)
		} else if v != nil {
			c.values[s.Name], c.given[s.Name] = v, given[s.Name] != nil
		}
	}
	return c, errors.Join(errs...)
}

func (s Setting) resolve(given any, from Source) (any, error) {
	if given != nil {
		text, isText := given.(string)
		if !isText {
			return given, nil
		}
		return s.parse(text, from.Block+"."+s.Name)
	}
	vars := s.variables(from)
	for _, name := range vars {
		if text, ok := from.Env(name); ok && text != "" {
			return s.parse(text, name)
		}
	}
	if s.Default != "" {
		return s.parse(s.Default, "the default of "+s.Name)
	}
	if s.Required {
		return nil, As(ErrInvalid, fmt.Errorf("platform %q needs %s: set it in its %s block or in the environment (%s)", from.Name, s.Name, from.Block, strings.Join(vars, " or ")))
	}
	return nil, nil
}

// variables lists the environment variables that count for this connection, its own one first.
func (s Setting) variables(from Source) []string {
	own := []string{Variable(from.Name, s.Name)}
	if !from.Sole {
		return own
	}
	return append(own, s.Env...)
}

// Variable is the environment variable that belongs to one setting of one connection: VIRT_DC1_SERVER.
func Variable(connection, setting string) string {
	clean := func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}
	return "VIRT_" + strings.Map(clean, connection) + "_" + strings.Map(clean, setting)
}

// parse reads text that came from where; a sensitive value never appears in the error.
func (s Setting) parse(text, where string) (any, error) {
	var v any = text
	var err error
	switch s.Type {
	case StringSetting:
		if len(s.OneOf) > 0 && !slices.Contains(s.OneOf, text) {
			err = fmt.Errorf("it takes %s", strings.Join(s.OneOf, ", "))
		}
	case BoolSetting:
		v, err = strconv.ParseBool(text)
	case IntSetting:
		v, err = strconv.ParseInt(text, 10, 64)
	case DurationSetting:
		v, err = time.ParseDuration(text)
	case StringsSetting:
		v = strings.Split(text, ",")
	case MapSetting:
		m := map[string]string{}
		err = json.Unmarshal([]byte(text), &m)
		v = m
	}
	if err != nil && s.Sensitive {
		return nil, As(ErrInvalid, fmt.Errorf("%s has an invalid value", where))
	}
	if err != nil {
		return nil, As(ErrInvalid, fmt.Errorf("%s: %q: %w", where, text, err))
	}
	return v, nil
}
