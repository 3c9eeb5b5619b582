// Package engine turns plain adapters into Terraform resources, data sources and lists. It alone knows Terraform's
// rules; what a platform does is asked of its adapter, what it can do of its traits.
package engine

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Object is a pointer to a kind's struct.
type Object[T any] interface {
	*T
	platform.Object
}

// Kind declares one kind of thing.
type Kind[T any, P Object[T]] struct {
	Name   string
	Schema schema.Schema
	// Of picks the kind's adapter from a connection; nil when the platform has none.
	Of func(*platform.Conn) platform.Resource[T]
	// Reads picks it for a kind that is data only, which has this instead of Of: nobody makes or changes such a
	// thing by Terraform.
	Reads    func(*platform.Conn) platform.Reader[T]
	Timeouts Timeouts
	// Plan holds what is true of this kind on every platform. It runs before the adapter's planner.
	Plan func(*platform.Plan[T]) error
	// Derive fills in place the attributes tagged `virt:"derived"`, which follow from the configuration and from files
	// on this machine, such as the hash of a folder. It is asked before anything is judged, for creations and for
	// updates, also when the configuration did not change. It sees the planned values as the user spells them: aliases
	// are not translated, other platforms' blocks and derived attributes are nil. What is unknown is nil, too: known
	// tells it apart, and [ErrUnknownYet] leaves a derived attribute open; one that stays nil otherwise is null. What
	// it fills in is planned as if the user had written it: where it differs from the prior value, the attribute's
	// trait says what that costs. No read ever changes it, and an imported object takes it as it is. Terraform asks
	// again when it applies and holds the answer against the first one: a file that changed in between fails the apply.
	Derive func(want *T, known func(path ...string) bool) error
	// Restart is set for kinds that run and may have to be restarted by a change.
	Restart *Restart[T]
	// Aliases names, by attribute at the top of the kind, the connection's table that translates its values.
	Aliases map[string]string
	// Upgrades lead from each released schema version to the next; Upgrades[0] reads version 0.
	Upgrades []func(state map[string]any) error
}

// DataOnly reports whether the kind has a data source and nothing else.
func (k Kind[T, P]) DataOnly() bool { return k.Reads != nil }

// reader picks what looks at this kind from a connection; nil when the platform has no such thing.
func (k Kind[T, P]) reader(c *platform.Conn) platform.Reader[T] {
	if k.DataOnly() {
		return k.Reads(c)
	}
	return k.Of(c)
}

// Timeouts are the limits of one operation when the user sets none.
type Timeouts struct{ Create, Read, Update, Delete time.Duration }

// Restart says what a restart means for a kind.
type Restart[T any] struct {
	Running func(*T) bool  // it runs, so that a restart would be noticed
	Allowed func(*T) *bool // the user's word; nil when there is none
	Moment  string         // the computed attribute that changes with every restart
}

// Compiled is a kind whose schema and struct were found to agree.
type Compiled[T any, P Object[T]] struct {
	Kind[T, P]
	root *node
}

// Compile checks a kind, once; the framework asks for a new resource on every request. It panics where schema and
// struct disagree, so that any test finds it.
func (k Kind[T, P]) Compile() *Compiled[T, P] {
	root, err := compile(context.Background(), k.Schema, reflect.TypeFor[T]())
	if err == nil && (k.Derive != nil) != (root.derivedOnes() != nil) {
		err = errors.New("derived attributes and Derive need each other")
	}
	if err != nil {
		panic("kind " + k.Name + ": " + err.Error())
	}
	return &Compiled[T, P]{Kind: k, root: root}
}

// Missing lists the attributes that a table of traits says nothing about.
func (k *Compiled[T, P]) Missing(table platform.Traits, driver string) []string {
	return missing(k.root, table, driver)
}

func missing(root *node, table platform.Traits, driver string) []string {
	r := newRules(root, driver, table)
	var missing []string
	root.walk(func(n *node) {
		_, ok := r.traits[n]
		if n.leaf() && !ok && !n.local && !foreign(root, n, r) && !ours(n) {
			missing = append(missing, n.path.String())
		}
	})
	return missing
}

// ours reports whether n is the engine's own business on every platform.
func ours(n *node) bool { return n.path.String() == "id" || n.path.String() == "tags_all" }

// foreign reports whether n lies in the block of another platform.
func foreign(root, n *node, r *rules) bool {
	return len(n.path) > 0 && r.inert(root.attrs[n.path[0]])
}

func (k *Compiled[T, P]) decode(v tftypes.Value) (P, error) {
	t := new(T)
	return t, decode(v, reflect.ValueOf(t).Elem())
}

func (k *Compiled[T, P]) encode(t P) (tftypes.Value, error) {
	return encode(k.root.typ, reflect.ValueOf((*T)(t)).Elem())
}

// word reads an optional string.
func word(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
