package platformtest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

func machineSubject() *subject {
	k := newSubject(kind.Machine())
	k.values = machineValues()
	maps.Copy(k.values, openStackMachineValues())
	k.elements = map[string]func(b *Bench, n int) Config{
		"disks": func(*Bench, int) Config { return Config{"size": "1GiB"} },
		"nics":  func(b *Bench, _ int) Config { return b.nic() },
	}
	k.stubs = map[string]Config{"disks": {"size": "1GiB"}, "nics": {}}
	k.update = []string{"description", "cpus", "memory", "boot_disk.size", "disks.*.size", "nics.*.network_id", "tags"}
	k.byHand = []string{
		"name", "description", "cpus", "memory", "power", "autostart", "boot_disk.size", "disks.*.size", "nics.*.network_id", "nics.*.connected", "tags",
	}
	k.cases = []test{
		{"drop keeps the disk", (*Bench).dropKeeps},
		{"delete_on_remove", (*Bench).dropDeletes},
		{"attached disk", (*Bench).attachedDisk},
		{"unmanaged disk", func(b *Bench) { b.unmanaged("disks") }},
		{"unmanaged NIC", func(b *Bench) { b.unmanaged("nics") }},
		{"disk taken by hand", func(b *Bench) { b.detached("disks") }},
		{"NIC taken by hand", func(b *Bench) { b.detached("nics") }},
		{"power", (*Bench).power},
		{"off needs no restart", (*Bench).offNeedsNoRestart},
		{"wait for an address in vain", (*Bench).waitInVain},
	}
	return k
}

// nic is an adapter on a network, where the platform has NICs that one chooses.
func (b *Bench) nic() Config {
	a, _ := b.kind.attribute("nics.*.network_id")
	if !b.supports(a) {
		return Config{}
	}
	return Config{"network_id": b.Other("network", 0)}
}

func machineValues() Values {
	uefi := Config{"firmware": platform.FirmwareUEFI}
	static := Config{"nics": Config{"eth0": Config{"addresses": []any{"10.0.0.5/24"}}}}
	login := Config{"login": Config{"user": "ops"}}
	secret := func(version int) Config { return Config{"login": Config{"password_wo_version": version}} }
	return Values{
		"description":    Of("one", "two"),
		"hostname":       Of("one", "two"),
		"cpus":           Of(2, 4),
		"memory":         Of("1GiB", "2GiB"),
		"size":           {Without: []string{"cpus", "memory"}, Alone: true},
		"firmware":       Of(platform.FirmwareUEFI, platform.FirmwareBIOS),
		"secure_boot":    {Old: false, New: true, With: uefi},
		"tpm":            {Old: false, New: true, With: uefi},
		"image_id":       Of(Other("image", 0), Other("image", 1)),
		"boot_disk.size": Of("10GiB", "12GiB"),

		"disks.*.size":    {Old: "1GiB", New: "2GiB", Alone: true},
		"disks.*.disk_id": {Old: Other("disk", 0), New: Other("disk", 1), Alone: true},

		"nics.*.network_id": Of(Other("network", 0), Other("network", 1)),
		"nics.*.mac":        Of("00:50:56:01:02:03", "00:50:56:01:02:04"),
		"nics.*.addresses":  Of([]any{"10.0.0.5/24"}, []any{"10.0.0.6/24", "10.0.0.7/24"}),
		"nics.*.gateway":    {Old: "10.0.0.1", New: "10.0.0.2", With: static},
		"nics.*.dns":        {Old: []any{"10.0.0.53"}, New: []any{"10.0.0.54", "10.0.0.53"}, With: static},
		"nics.*.primary":    Of(false, true),
		"nics.*.connected":  Of(true, false),
		"nics.*.firewall_ids": Of(
			func(b *Bench) any { return []any{b.Other("firewall", 0)} },
			func(b *Bench) any { return []any{b.Other("firewall", 1), b.Other("firewall", 0)} },
		),

		"login.user":                Of("ops", "dev"),
		"login.ssh_keys":            {Old: []any{sshKey("one")}, New: []any{sshKey("two")}, With: login},
		"login.password":            {Old: "Secret-one1", New: "Secret-two2", With: login},
		"login.password_wo":         {Old: "Secret-one1", New: "Secret-two2", With: merged(login, secret(1)), NewWith: secret(2), Alone: true},
		"login.password_wo_version": {Old: 1, New: 2, With: merged(login, Config{"login": Config{"password_wo": "Secret-one1"}}), Alone: true},
		"user_data":                 Of("#cloud-config\nhostname: one\n", "#cloud-config\nhostname: two\n"),
		"network_data":              Of("version: 2\n", "version: 2\nethernets: {}\n"),
		"metadata":                  Of(Config{"a": "1"}, Config{"a": "2", "b": "3"}),

		"power":     Of(platform.PowerOn, platform.PowerOff),
		"autostart": Of(false, true),
		"tags":      Of(Config{"role": "web"}, Config{"role": "db", "tier": "1"}),
	}
}

func sshKey(comment string) string {
	return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl " + comment
}

// inline is a machine with an inline disk under the key data.
func (b *Bench) inline(more Config) (thing, Config, string) {
	b.t.Helper()
	m, _ := b.kind.attribute("disks")
	cfg := with(b.minimal(), platform.Path{"disks"}, Config{"data": merged(b.element(m, 0), more)})
	x := b.resource()
	x.Converge(cfg)
	id, _ := value(plain(x.raw.State()), platform.Path{"disks", "data", "id"}).(string)
	return x, cfg, id
}

func (b *Bench) keeps(disk string, want bool) {
	b.t.Helper()
	kept, err := b.Backend.Kept(b.t.Context(), disk)
	if b.able("kept", err) && kept != want {
		b.t.Errorf("the disk %s still has its data: %t", disk, kept)
	}
}

func (b *Bench) dropKeeps() {
	m, _ := b.kind.attribute("disks")
	if b.lacks(m) {
		return
	}
	x, cfg, id := b.inline(nil)
	next := with(cfg, platform.Path{"disks"}, Config{})
	p := x.Plan(next)
	if !strings.Contains(p.Diags.Warnings().String(), "keeps it") {
		b.t.Errorf("the plan does not say what becomes of the disk:\n%s", p.Diags)
	}
	a := x.Apply(p)
	if !strings.Contains(a.Diags.Warnings().String(), "detached") {
		b.t.Errorf("no warning says where the disk lies:\n%s", a.Diags)
	}
	b.keeps(id, true)
	x.Empty(next)
	x.Destroy()
	b.keeps(id, true)
}

func (b *Bench) dropDeletes() {
	m, _ := b.kind.attribute("disks")
	if b.lacks(m) {
		return
	}
	x, cfg, id := b.inline(Config{"delete_on_remove": true})
	x.Converge(with(cfg, platform.Path{"disks"}, Config{}))
	b.keeps(id, false)
	y, _, inline := b.inline(nil)
	y.Destroy()
	b.keeps(inline, false)
}

// attachedDisk outlives the machine, in whatever order they go.
func (b *Bench) attachedDisk() {
	a, _ := b.kind.attribute("disks.*.disk_id")
	m, _ := b.kind.attribute("disks")
	if b.lacks(m) || !b.supports(a) {
		return
	}
	disk := b.Other("disk", 0)
	cfg := with(b.minimal(), platform.Path{"disks"}, Config{"data": Config{"disk_id": disk}})
	x := b.resource()
	x.Converge(cfg)
	second := with(b.minimal(), platform.Path{"disks"}, Config{"data": Config{"disk_id": disk}})
	r := b.core.Resource("virt_machine", "second")
	got, err := r.PlanApply(second)
	if err != nil || !got.Diags.HasErrors() {
		b.t.Errorf("one disk was attached to two machines: %v", err)
	}
	if r.State() != nil {
		thing{r.Must(b.t), r}.Destroy()
	}
	x.Destroy()
	b.keeps(disk, true)
	x.Converge(cfg)
}

// power goes through all states that the platform has.
func (b *Bench) power() {
	a, _ := b.kind.attribute("power")
	trait, _ := b.trait(a)
	if b.lacks(a) {
		return
	}
	cfg := b.minimal()
	x := b.resource()
	x.Converge(cfg)
	for _, to := range []string{platform.PowerOff, platform.PowerOn, platform.PowerSuspended, platform.PowerOn, platform.PowerOff} {
		if len(trait.OneOf) > 0 && !slices.Contains(trait.OneOf, to) {
			continue
		}
		cfg["power"] = to
		got := x.Converge(cfg)
		if off := got.At("booted_at") == nil; off != (to == platform.PowerOff) {
			b.t.Errorf("it is %s and booted_at is %v", to, got.At("booted_at"))
		}
		b.elsewhere(x).Empty(cfg)
	}
}

// offNeedsNoRestart changes a machine that is off: nobody is warned and it stays off.
func (b *Bench) offNeedsNoRestart() {
	cfg := b.minimal()
	cfg["power"] = platform.PowerOff
	cfg["allow_restart"] = false
	for _, path := range []string{"cpus", "memory"} {
		a, _ := b.kind.attribute(path)
		trait, _ := b.trait(a)
		if !b.supports(a) || trait.Class != platform.ClassRestart {
			continue
		}
		p := b.pair(a)
		x := b.resource()
		own := with(cfg, platform.Path{"name"}, b.Name())
		x.Converge(with(own, a.real(), p.Old))
		plan := x.Plan(with(own, a.real(), p.New))
		b.costs(plan, platform.ClassLive, a.spelled(), path)
		if got := x.Apply(plan); got.At("power") != platform.PowerOff || got.At("booted_at") != nil {
			b.t.Errorf("it was off and is %v, booted at %v", got.At("power"), got.At("booted_at"))
		}
	}
}

// waitInVain ends in time and says what was awaited; the machine is there and tainted.
func (b *Bench) waitInVain() {
	cfg := b.minimal()
	cfg["wait_for"] = Config{"address": "203.0.113.77/32"}
	limit := max(2*time.Second, b.Kinds[b.kind.name].Slow)
	cfg["timeouts"] = Config{"create": limit.String()}
	x := b.resource()
	began := time.Now()
	a, err := x.raw.PlanApply(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	if text := a.Diags.Errors().String(); !strings.Contains(text, "203.0.113.77/32") || !strings.Contains(text, "last seen") {
		b.t.Errorf("the error does not say what was awaited and what was seen last: %s", text)
	}
	if took := time.Since(began); took > limit+soon {
		b.t.Errorf("a limit of %s ended it after %s", limit, took)
	}
	if s := x.raw.State(); s == nil || !s.Tainted {
		b.t.Errorf("the machine is there, but the state is %v", plain(s))
	}
}
