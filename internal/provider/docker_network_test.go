package provider_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
)

// TestDockerNetworkEye compares what we make with what the docker tool shows, and imports what the tool makes.
func TestDockerNetworkEye(t *testing.T) {
	e := lab.Serve(t, lab.Options{Swarm: true})
	core := engineCore(t, engineSettings(t, e, nil))
	t.Run("ours", func(t *testing.T) {
		x := core.Resource("virt_network", "x")
		x.Must(t).Converge(enginetest.Config{
			"name": "ours", "mode": "isolated", "mtu": 1400, "tags": enginetest.Config{"role": "web"},
			"subnets": enginetest.Config{"front": enginetest.Config{"cidr": "172.20.1.0/24", "gateway": "172.20.1.3", "dhcp": enginetest.Config{"first": "172.20.1.128", "last": "172.20.1.255"}}},
			"docker":  enginetest.Config{"options": enginetest.Config{"com.docker.network.bridge.name": "ours0"}, "reserved": enginetest.Config{"router": "172.20.1.4"}},
		})
		t.Cleanup(func() { x.Must(t).Destroy() })
		var seen []struct {
			Driver   string
			Internal bool
			IPAM     struct{ Config []map[string]any }
			Options  map[string]string
			Labels   map[string]string
		}
		if err := json.Unmarshal([]byte(lab.CLI(t, e, "network", "inspect", "ours")), &seen); err != nil {
			t.Fatal(err)
		}
		n := seen[0]
		if d := cmp.Diff([]map[string]any{{
			"Subnet": "172.20.1.0/24", "IPRange": "172.20.1.128/25", "Gateway": "172.20.1.3", "AuxiliaryAddresses": map[string]any{"router": "172.20.1.4"},
		}}, n.IPAM.Config); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if d := cmp.Diff(map[string]string{"com.docker.network.bridge.name": "ours0", "com.docker.network.driver.mtu": "1400"}, n.Options); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if n.Driver != "bridge" || !n.Internal || n.Labels["role"] != "web" {
			t.Errorf("it is %+v", n)
		}
	})
	for name, args := range map[string][]string{
		"plain":   {},
		"bridge":  {"--subnet", "172.20.2.0/24", "--ip-range", "172.20.2.64/26", "--gateway", "172.20.2.9", "--aux-address", "a=172.20.2.10", "--label", "x=y", "--opt", "com.docker.network.driver.mtu=1300"},
		"six":     {"--ipv6", "--subnet", "fd00:7::/64", "--internal"},
		"overlay": {"--driver", "overlay", "--attachable", "--subnet", "172.20.3.0/24", "--subnet", "172.20.4.0/24", "--opt", "encrypted"},
	} {
		t.Run("by hand "+name, func(t *testing.T) {
			lab.CLI(t, e, append(append([]string{"network", "create"}, args...), "by-hand-"+name)...)
			x := core.Resource("virt_network", name)
			x.Must(t).Import("main/by-hand-" + name)
			cfg := generatedConfig(x.State(), "name", "mode", "mtu", "tags", "subnets")
			x.Must(t).Empty(cfg)
			if name == "bridge" {
				want := enginetest.Config{"ipv4": enginetest.Config{"cidr": "172.20.2.0/24", "gateway": "172.20.2.9", "dhcp": enginetest.Config{"first": "172.20.2.64", "last": "172.20.2.127"}}}
				if d := cmp.Diff(want, cfg["subnets"]); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			}
			x.Must(t).Destroy()
			if out, err := e.Docker(t.Context(), "network", "inspect", "by-hand-"+name); err == nil {
				t.Errorf("it is still there: %s", out)
			}
		})
	}
}

// generatedConfig is the configuration that Terraform writes for what was imported: what has a value and is not only computed.
func generatedConfig(s *enginetest.State, names ...string) enginetest.Config {
	cfg := enginetest.Config{}
	for _, name := range names {
		if v := withoutIDs(s.At(name)); v != nil {
			cfg[name] = v
		}
	}
	return cfg
}

// withoutIDs is a value without what is null, and without ids, which are computed.
func withoutIDs(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := enginetest.Config{}
	for key, e := range m {
		if e = withoutIDs(e); e != nil && key != "id" {
			out[key] = e
		}
	}
	return out
}

// TestDockerNetworkUsed deletes networks that containers are connected to.
func TestDockerNetworkUsed(t *testing.T) {
	e := lab.Serve(t, lab.Options{Swarm: true})
	lab.Image(t, e, "lab/server", lab.ImageOptions{})
	core := engineCore(t, engineSettings(t, e, nil))
	x := core.Resource("virt_network", "x")
	x.Must(t).Converge(enginetest.Config{"name": "used"})
	lab.CLI(t, e, "run", "--detach", "--name", "ours", "--label", "io.terraform-virt.origin=terraform-provider-virt", "--network", "used", "lab/server")
	lab.CLI(t, e, "run", "--detach", "--name", "theirs", "--network", "used", "lab/server")
	refused := func(x *enginetest.Resource, says ...string) {
		t.Helper()
		a, err := x.Destroy()
		if err != nil || x.State() == nil {
			t.Fatalf("it was deleted: %v", err)
		}
		for _, text := range says {
			if !strings.Contains(a.Diags.Errors().String(), text) {
				t.Errorf("the error does not say %q:\n%s", text, a.Diags)
			}
		}
	}
	refused(x, "theirs", "docker network disconnect used theirs")
	if got := lab.CLI(t, e, "inspect", "--format", "{{len .NetworkSettings.Networks}}", "ours"); got != "1\n" {
		t.Errorf("the deletion failed, but ours has %s networks", got)
	}
	lab.CLI(t, e, "network", "disconnect", "used", "theirs")
	x.Must(t).Destroy()

	y := core.Resource("virt_network", "y")
	y.Must(t).Converge(enginetest.Config{"name": "served", "mode": "overlay"})
	lab.CLI(t, e, "service", "create", "--detach", "--name", "web", "--endpoint-mode", "dnsrr", "--network", "served", "lab/server")
	refused(y, "in use by service", "Take away first")
	lab.CLI(t, e, "service", "rm", "web")

	z := core.Resource("virt_network", "z")
	z.Must(t).Import("main/bridge")
	refused(z, "the engine's own", "terraform state rm")
}

// TestDockerVolumeUsed deletes a volume that a container mounts: the error names it.
func TestDockerVolumeUsed(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	lab.Image(t, e, "lab/server", lab.ImageOptions{})
	core := engineCore(t, engineSettings(t, e, nil))
	x := core.Resource("virt_volume", "x")
	x.Must(t).Converge(enginetest.Config{"name": "data"})
	lab.CLI(t, e, "create", "--name", "db", "--volume", "data:/data", "lab/server")
	lab.CLI(t, e, "create", "--name", "other", "--volume", "data2:/data", "lab/server")
	a, err := x.Destroy()
	if text := a.Diags.Errors().String(); err != nil || x.State() == nil || !strings.Contains(text, "db") || strings.Contains(text, "other") {
		t.Errorf("%v\n%s", err, a.Diags)
	}
	lab.CLI(t, e, "rm", "db")
	x.Must(t).Destroy()

	lab.CLI(t, e, "volume", "create", "--label", "x=y", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "by-hand")
	y := core.Resource("virt_volume", "y")
	y.Must(t).Import("main/by-hand")
	y.Must(t).Empty(generatedConfig(y.State(), "name", "tags"))
	y.Must(t).Destroy()
}

// TestDockerReadCounts refreshes many networks and volumes: few requests, whatever their number.
func TestDockerReadCounts(t *testing.T) {
	e := lab.Serve(t, lab.Options{Args: []string{"--default-address-pool", "base=192.168.0.0/16,size=26"}})
	proxy := lab.StartProxy(t, e)
	in := engineSettings(t, e, map[string]any{"host": proxy.Host()})
	core := engineCore(t, in)
	var states []*enginetest.State
	kinds := []string{"virt_network", "virt_volume"}
	for i := range 30 {
		x := core.Resource(kinds[i%2], "x")
		x.Must(t).PlanApply(enginetest.Config{"name": fmt.Sprintf("many-%d", i)})
		states = append(states, x.State())
	}
	proxy.Calls()
	again := engineCore(t, in)
	for i, s := range states {
		x := again.Resource(kinds[i%2], "x")
		x.SetState(s)
		x.Must(t).Refresh()
	}
	want := map[string]int{
		"HEAD /_ping": 1, "GET /info": 1,
		"GET /networks/{id}": 3, "GET /networks": 1, "GET /volumes/{id}": 3, "GET /volumes": 1,
	}
	if d := cmp.Diff(want, proxy.Calls()); d != "" {
		t.Errorf("the requests of a refresh (-want +got):\n%s", d)
	}
}

// TestDockerNetworkPlanned refuses at plan what the engine would refuse at apply, whether or not the mode is written.
func TestDockerNetworkPlanned(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	core := engineCore(t, engineSettings(t, e, nil))
	two := enginetest.Config{"a": enginetest.Config{"cidr": "172.20.1.0/24"}, "b": enginetest.Config{"cidr": "172.20.2.0/24"}}
	for name, c := range map[string]struct {
		cfg enginetest.Config
		at  string // empty: not refused
	}{
		"two ranges of a bridge":   {enginetest.Config{"name": "x", "subnets": two}, `subnets["b"].cidr`},
		"two ranges of a nat":      {enginetest.Config{"name": "x", "mode": "nat", "subnets": two}, `subnets["b"].cidr`},
		"a mode that is not known": {enginetest.Config{"name": "x", "mode": enginetest.Unknown, "subnets": two}, ""},
		"internal, of which mode":  {enginetest.Config{"name": "x", "mode": enginetest.Unknown, "docker": enginetest.Config{"internal": true}}, ""},
		"half of a range is open":  {enginetest.Config{"name": "x", "subnets": enginetest.Config{"a": enginetest.Config{"cidr": "172.20.1.0/24", "dhcp": enginetest.Config{"first": "172.20.1.0", "last": enginetest.Unknown}}}}, ""},
		"an open range":            {enginetest.Config{"name": "x", "subnets": enginetest.Config{"a": enginetest.Config{"cidr": enginetest.Unknown, "gateway": "172.20.1.1"}}}, ""},
		"open ranges, reserved":    {enginetest.Config{"name": "x", "subnets": enginetest.Unknown, "docker": enginetest.Config{"reserved": enginetest.Config{"a": "172.20.1.1"}}}, ""},
		"reserved":                 {enginetest.Config{"name": "x", "docker": enginetest.Config{"reserved": enginetest.Config{"a": "172.20.1.1"}}}, "docker.reserved"},
		"half of a range":          {enginetest.Config{"name": "x", "subnets": enginetest.Config{"a": enginetest.Config{"cidr": "172.20.1.0/24", "dhcp": enginetest.Config{"first": "172.20.1.0"}}}}, `subnets["a"].dhcp.last`},
		"an overlay":               {enginetest.Config{"name": "x", "mode": "overlay"}, "mode"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := core.Resource("virt_network", "x").Plan(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			switch errs := p.Diags.Errors(); {
			case c.at == "" && len(errs) > 0:
				t.Errorf("it is refused:\n%s", errs)
			case c.at != "" && (len(errs) != 1 || errs[0].Path != c.at):
				t.Errorf("it is not refused on %s:\n%s", c.at, p.Diags)
			}
		})
	}
	x := core.Resource("virt_volume", "x")
	x.Must(t).Converge(enginetest.Config{"name": "data"})
	if p := x.Must(t).Plan(enginetest.Config{"name": "data", "tags": enginetest.Config{"a": "b"}}); p.Action != enginetest.Replace || !strings.Contains(p.Diags.Warnings().String(), "deleted with its data") {
		t.Errorf("the plan is %q with:\n%s", p.Action, p.Diags)
	}
	x.Must(t).Destroy()
}

// TestDockerHosts reads the host of an engine without a swarm, and of Podman.
func TestDockerHosts(t *testing.T) {
	for name, e := range map[string]*lab.Engine{"Docker": lab.Serve(t, lab.Options{}), "Podman": lab.StartPodman(t)} {
		t.Run(name, func(t *testing.T) {
			d, err := engineCore(t, engineSettings(t, e, nil)).ReadData("virt_host", enginetest.Config{})
			if err != nil || d.Diags.HasErrors() {
				t.Fatalf("%v\n%s", err, d.Diags)
			}
			got, _ := enginetest.Plain(d.Value).(map[string]any)
			version, _ := got["version"].(string)
			if !strings.HasPrefix(version, name+" ") || got["architecture"] != "x86_64" && got["architecture"] != "aarch64" || got["cpus"] == nil || got["memory"] == nil {
				t.Errorf("it is %v", got)
			}
		})
	}
}
