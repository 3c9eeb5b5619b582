package platform_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestTraitsOf(t *testing.T) {
	table := platform.Traits{
		"cpus":         platform.Restart(),
		"login":        platform.CreateOnly(),
		"login.user":   platform.Replace(),
		"disks.*":      platform.Elements(platform.ClassLive, platform.ClassRestart),
		"disks.*.size": platform.Live(),
	}
	for _, c := range []struct {
		path string
		want platform.Class
		ok   bool
	}{
		{"cpus", platform.ClassRestart, true},
		{"login.ssh_keys", platform.ClassCreateOnly, true}, // the group's row covers what has none of its own
		{"login.user", platform.ClassReplace, true},
		{"disks.data.size", platform.ClassLive, true},
		{"disks.*.size", platform.ClassLive, true},
		{"disks.data.type", 0, false}, // a row of elements says what keys cost, not what is inside
		{"memory", 0, false},
		{"cpus_more", 0, false},
	} {
		got, ok := table.Of(platform.ParsePath(c.path))
		if ok != c.ok || got.Class != c.want {
			t.Errorf("%s: %v, %v; want %v, %v", c.path, got.Class, ok, c.want, c.ok)
		}
	}
	if row, ok := table.Of(platform.Path{"disks", "data"}); !ok || row.Remove != platform.ClassRestart {
		t.Errorf("disks.data: %+v, %v", row, ok)
	}
}

func TestTraitCheck(t *testing.T) {
	number := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		name, value string
		number      *int64
		trait       platform.Trait
		class       error
		want        string
	}{
		{"free", "x", nil, platform.Live(), nil, ""},
		{"unsupported", "true", nil, platform.Unsupported("use a template"), platform.ErrUnsupported, "use a template"},
		{"neutral", "false", nil, platform.Unsupported("none").Except("false"), nil, ""},
		{"one of", "raw", nil, platform.Live().Among("thin", "thick"), platform.ErrInvalid, "thin, thick"},
		{"one of, fine", "thin", nil, platform.Live().Among("thin", "thick"), nil, ""},
		{"step", "5", number(5), platform.Live().Steps(4), platform.ErrInvalid, "multiple of 4"},
		{"minimum", "1", number(1), platform.Live().Between(2, 8), platform.ErrInvalid, "smallest"},
		{"maximum", "9", number(9), platform.Live().Between(2, 8), platform.ErrInvalid, "largest"},
		{"in range", "8", number(8), platform.Live().Between(2, 8), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.trait.Check(c.value, c.number)
			if !errors.Is(err, c.class) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %v with %q", err, c.class, c.want)
			}
		})
	}
}

func TestPlanCostOnlySoftens(t *testing.T) {
	var p platform.Plan[platform.Machine]
	p.Soften(platform.ClassLive, "cpus")
	p.Soften(platform.ClassReplace, "name")
	if got := p.Cost(platform.ClassRestart, platform.Path{"cpus"}); got != platform.ClassLive {
		t.Errorf("cpus: %v", got)
	}
	if got := p.Cost(platform.ClassLive, platform.Path{"name"}); got != platform.ClassLive {
		t.Errorf("name: %v: a planner must not raise a cost", got)
	}
}
