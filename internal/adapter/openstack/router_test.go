package openstack

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func TestRoutesKeepTheirKeys(t *testing.T) {
	want := map[string]platform.Route{
		"office":      {CIDR: "10.9.0.0/16", NextHop: "10.0.0.7"},
		"lab=two":     {CIDR: "10.8.0.0/16", NextHop: "10.0.0.8"},
		"10.7.0.0/16": {CIDR: "10.7.0.0/16", NextHop: "10.0.0.8"},
	}
	g := &gate{head: head{Tags: routeMarks(want)}, Routes: hostRoutes(want)}
	if d := cmp.Diff(want, g.keyedRoutes()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	g.Routes = []hostRoute{{"10.9.0.0/16", "10.0.0.9"}, {"10.9.0.0/16", "10.0.0.10"}} // by hand: another next hop, and two
	by := map[string]platform.Route{
		"office":      {CIDR: "10.9.0.0/16", NextHop: "10.0.0.9"},
		"10.9.0.0/16": {CIDR: "10.9.0.0/16", NextHop: "10.0.0.10"},
	}
	if d := cmp.Diff(by, g.keyedRoutes()); d != "" {
		t.Errorf("by hand (-want +got):\n%s", d)
	}
}

func TestNewRoutesLeaveThoseOfOthers(t *testing.T) {
	a, b, c := hostRoute{"10.1.0.0/16", "10.0.0.1"}, hostRoute{"10.2.0.0/16", "10.0.0.1"}, hostRoute{"10.3.0.0/16", "10.0.0.1"}
	of := func(r hostRoute) map[string]platform.Route {
		return map[string]platform.Route{"x": {CIDR: r.To, NextHop: r.Via}}
	}
	if got := newRoutes([]hostRoute{a, c}, of(a), of(b)); !sameRoutes(got, []hostRoute{b, c}) {
		t.Errorf("the routes become %v", got)
	}
}

func TestInterfaceChanges(t *testing.T) {
	port := func(id, key, subnet, address string) seat {
		return seat{ID: id, Tags: []string{markKey + key}, IPs: []fixedIP{{SubnetID: subnet, Address: address}}}
	}
	x := func(id, subnet, address string) platform.RouterInterface {
		return platform.RouterInterface{ID: unless("", id), SubnetID: subnet, Address: unless("", address)}
	}
	got := &gate{ports: []seat{port("1", "a", "s1", "10.0.1.1"), port("2", "b", "s2", "10.0.2.1"), port("3", "c", "s3", "10.0.3.1")}}
	prior := map[string]platform.RouterInterface{"a": x("1", "s1", ""), "b": x("2", "s2", ""), "z": x("3", "s3", "")}
	want := map[string]platform.RouterInterface{"a": x("", "s9", ""), "b": x("", "s2", "10.0.2.9"), "z": x("", "s3", ""), "new": x("", "s4", "")}
	drop, add, rename := interfaceChanges(got, prior, want)
	if len(drop) != 2 || drop[0].ID != "1" || drop[1].ID != "2" {
		t.Errorf("dropped: %v", drop)
	}
	if d := cmp.Diff([]string{"a", "b", "new"}, add); d != "" {
		t.Errorf("added (-want +got):\n%s", d)
	}
	if rename["z"].ID != "3" || len(rename) != 1 || value(want["z"].ID) != "3" {
		t.Errorf("renamed: %v", rename)
	}
}
