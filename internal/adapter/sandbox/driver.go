package sandbox

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Name is the name of the platform's block.
const Name = "sandbox"

// Likeness is another platform whose rules a sandbox can take on.
type Likeness struct {
	Traits     map[string]platform.Traits // by kind
	Conformant bool                       // its adapter passes the conformance suite, so that its traits are true
}

// New makes the sandbox's driver. like holds the platforms that the setting of the same name may name.
func New(like map[string]Likeness) platform.Driver {
	return platform.Driver{
		Name:       Name,
		Title:      "Sandbox",
		Doc:        "A platform kept in a directory: for learning, for testing modules offline and for trying what a change would do on another platform.",
		Conformant: true,
		Settings:   settings(),
		Traits:     ownTraits(),
		Ahead:      8,
		Mimic: func(c platform.Config) (string, map[string]platform.Traits, error) {
			return mimic(like, c.String("like"))
		},
		Open: func(ctx context.Context, c platform.Config) (*platform.Conn, error) { return open(ctx, like, c) },
	}
}

func settings() []platform.Setting {
	return []platform.Setting{
		{Name: "dir", Required: true, Doc: "Directory that holds the sandbox; it is made by the first write."},
		{Name: "like", Doc: "Name of the platform whose rules the sandbox takes on, such as vsphere; left out, it supports everything."},
		{Name: "seed", Type: platform.StringsSetting, Doc: "Images and networks that are there from the start: image:debian-12, network:app."},
		{Name: "latency", Type: platform.DurationSetting, Doc: "How long every call takes, such as 50ms."},
		{Name: "faults", Type: platform.StringsSetting, Doc: "Calls that go wrong: create machine web-*: fail half-way, read: throttle 3, delete: hang, open: refuse."},
		{Name: "count_calls", Type: platform.BoolSetting, Doc: "Write every call to calls.log in the directory."},
	}
}

// mimic gives the traits of the platform called name; "" is the sandbox itself.
func mimic(like map[string]Likeness, name string) (string, map[string]platform.Traits, error) {
	if name == "" {
		return "", nil, nil
	}
	l, ok := like[name]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(like)), ", ")
		return "", nil, platform.As(platform.ErrInvalid, fmt.Errorf("like = %q: no such platform; it takes %s", name, known))
	}
	if !l.Conformant {
		return "", nil, platform.As(platform.ErrUnsupported, fmt.Errorf("like = %q: the %s adapter has not passed the conformance suite yet, so its rules cannot be trusted; leave like out to use the sandbox's own", name, name))
	}
	return name, untold(l.Traits), nil
}

// untold marks what the sandbox keeps as a hash, or not at all, as not observable, whatever the platform itself does.
func untold(traits map[string]platform.Traits) map[string]platform.Traits {
	traits = maps.Clone(traits)
	for kind, hidden := range map[string][]string{"machine": {"user_data", "network_data", "login"}, "secret": hashedOfSecrets()} {
		table := maps.Clone(traits[kind])
		for row, trait := range table {
			if top, _, _ := strings.Cut(row, "."); slices.Contains(hidden, top) {
				trait.Unseen = true
				table[row] = trait
			}
		}
		if table != nil {
			traits[kind] = table
		}
	}
	return traits
}

func open(ctx context.Context, like map[string]Likeness, c platform.Config) (*platform.Conn, error) {
	name, traits, err := mimic(like, c.String("like"))
	if err != nil {
		return nil, err
	}
	if name == "" {
		traits = ownTraits()
	}
	s, err := newStore(c)
	if err != nil {
		return nil, &platform.OpError{Op: "open the sandbox", On: c.String("dir"), Err: err}
	}
	if err := s.begin(ctx, call{verb: "open", kind: Name}); err != nil {
		return nil, &platform.OpError{Op: "open the sandbox", On: s.dir, Err: err}
	}
	return connect(s, likeness{block: name, traits: traits}), nil
}

// connect offers the kinds that the platform which this one is like has.
func connect(s *store, like likeness) *platform.Conn {
	c := &platform.Conn{Endpoint: s.endpoint}
	if like.has("machine") {
		c.Machines = newMachines(s, like)
	}
	if like.has("network") {
		c.Networks = newNetworks(s, like)
	}
	if like.has("disk") {
		c.Disks = newDisks(s, like)
	}
	if like.has("image") {
		c.Images = newImages(s, like)
	}
	if like.has("snapshot") {
		c.Snapshots = newSnapshots(s, like)
	}
	if like.has("storage_pool") {
		c.StoragePools = newPools(s, like)
	}
	if like.has("host") {
		c.Hosts = &hosts{s}
	}
	connectRecords(c, s, like)
	return c
}

// likeness is what one connection behaves like.
type likeness struct {
	block  string // name of the platform block that is stored; "" for none
	traits map[string]platform.Traits
}

func (l likeness) has(kind string) bool { return len(l.traits[kind]) > 0 }
