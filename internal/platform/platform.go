// Package platform is the contract between the engine, which knows Terraform's rules, and the adapters, which know
// one platform each. It holds one plain struct per kind, the verbs an adapter implements, the traits that say as
// data what a platform can do, and the errors both sides understand. It imports the standard library alone.
package platform

import (
	"context"
	"iter"
)

// Reader is what an adapter implements for a kind that is data only. Like a Resource it may be a Lister and a Finder,
// too; without a Lister nobody can ask for the only one there is.
type Reader[T any] interface {
	// Read fills have, which holds the id and the bindings (fields tagged `virt:"binding"`) and nothing else.
	// It answers an error that is ErrNotFound once the object is gone.
	Read(ctx context.Context, have *T) error
}

// Resource is what an adapter implements for one kind. Every method gets a private copy and fills in, in place,
// what it learns; a method must return soon after its context ends.
type Resource[T any] interface {
	Reader[T]
	// Create makes what want describes. It calls made with the stable id as soon as something exists, even
	// when it fails later, and leaves want complete: every attribute of the plan that was open has its value.
	Create(ctx context.Context, want *T, made func(id string)) error
	// Update changes what differs between prior and want. Set in prior and nil in want means: back to the
	// platform's default. Nil in both means: not managed, leave alone.
	Update(ctx context.Context, prior, want *T) error
	// Delete removes have and succeeds when it is gone already.
	Delete(ctx context.Context, have *T) error
}

// Entry is one listed object. Fill does what Read would have done, from what the list already fetched.
type Entry[T any] struct {
	ID, Name string
	Fill     func(have *T) error
}

// Lister reads everything of one kind in few calls: a number that does not grow with the objects, or a few pages.
type Lister[T any] interface {
	List(ctx context.Context) iter.Seq2[Entry[T], error]
}

// Finder turns a name, a path or any native spelling into the stable id. Nothing found is ErrNotFound; several
// matches are an *AmbiguousError that lists them.
type Finder[T any] interface {
	Find(ctx context.Context, ref string) (id string, err error)
}

// Planner is optional. It may soften what the traits say, choose values that the user left open, name the computed
// attributes that a change alters, and refuse what this endpoint cannot do. It runs twice, the second time
// with more values known, and what it decides then may only refine what it decided before.
type Planner[T any] interface {
	Plan(ctx context.Context, p *Plan[T]) error
}

// Conn is one open connection. A nil field is a kind that the platform lacks.
type Conn struct {
	// Endpoint is the fingerprint of what is at the other end: the same for every name and address of it, and
	// different for another one (vCenter's instance UUID, the subscription, the host's UUID).
	Endpoint string

	Machines     Resource[Machine]
	Networks     Resource[Network]
	Disks        Resource[Disk]
	Images       Resource[Image]
	Snapshots    Resource[Snapshot]
	StoragePools Resource[StoragePool]
	Hosts        Reader[Host] // data only

	Routers         Resource[Router]
	PublicIPs       Resource[PublicIP]
	Firewalls       Resource[Firewall]
	PlacementGroups Resource[PlacementGroup]
	SSHKeys         Resource[SSHKey]
	Projects        Resource[Project]

	Containers           Resource[Container]
	ContainerImages      Resource[ContainerImage]
	RegistryImages       Resource[RegistryImage]
	RegistryRepositories Reader[RegistryRepository] // data only
	Volumes              Resource[Volume]
	Services             Resource[Service]
	Secrets              Resource[Secret]
	Configs              Resource[ConfigFile]

	RegistryTokens Issuer[RegistryToken] // handed out, never stored
	JoinTokens     Issuer[JoinToken]

	// Close ends the session; nil when there is none. It must finish within two seconds.
	Close func(ctx context.Context) error
}

// Driver is a platform as data. Nothing connects before Open.
type Driver struct {
	Name       string // the name of its block, "vsphere"
	Title      string // the name people use, "VMware vSphere"
	Doc        string // one sentence for the reference documentation
	Conformant bool   // its adapter passes the conformance suite for every kind it offers

	Settings []Setting
	// Traits is keyed by the kind's name ("machine").
	Traits map[string]Traits
	// Ahead is how many reads of one kind are answered singly before one list serves the rest; 0 means never.
	Ahead int
	// Mimic, when set, names the platform whose traits and block these settings make this one take instead
	// of its own; "" keeps its own.
	Mimic func(c Config) (like string, traits map[string]Traits, err error)
	// Open connects. The context bounds the opening only: what the connection keeps running must not depend on it.
	Open func(ctx context.Context, c Config) (*Conn, error)
}
