package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// birth remembers the ids that an adapter told of what a creation has made so far: one, unless it has a bug.
type birth struct {
	mu  sync.Mutex
	ids []string
}

func (b *birth) made(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id != "" && !slices.Contains(b.ids, id) {
		b.ids = append(b.ids, id)
	}
}

// id is the first one told; where there are several, which is one object too many, the error names them.
func (b *birth) id() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch len(b.ids) {
	case 0:
		return "", nil
	case 1:
		return b.ids[0], nil
	}
	return b.ids[0], fmt.Errorf("the adapter named two ids, %q and then %q; this is a bug in the provider", b.ids[0], b.ids[1])
}

// Create makes the object. As soon as the adapter has said its id, the state has it, whatever happens later.
func (r *Resource[T, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := req.Plan.Raw
	report := r.reporter("create", plan)
	s, err := r.open(ctx, text(get(plan, "platform")))
	if err != nil {
		report.add(&resp.Diagnostics, err)
		return
	}
	want, err := r.prepare(s, r.root.secrets(plan, req.Config.Raw, r.root.null()))
	if err != nil {
		report.add(&resp.Diagnostics, err)
		return
	}
	var born birth
	err = r.write(ctx, s, want, creating(), &resp.Diagnostics, func(ctx context.Context) error {
		return s.adapter.Create(ctx, want, born.made)
	})
	got, id, err := r.result(s, want, plan, &born, err)
	if id == "" {
		report.add(&resp.Diagnostics, err)
		return
	}
	resp.State.Raw = with(r.root.fill(plan, got), "id", tftypes.NewValue(tftypes.String, id))
	if err == nil {
		err = r.contradictions(s, plan, got)
	}
	report.add(&resp.Diagnostics, err)
	resp.Diagnostics.Append(private{Endpoint: s.endpoint}.save(ctx, resp.Private)...)
	resp.Diagnostics.Append(identify(ctx, resp.Identity, s.conn.Name, id)...)
}

// result reads what the adapter filled in, unless its call was left behind and may still be writing.
func (r *Resource[T, P]) result(s *site[T], want P, plan tftypes.Value, born *birth, err error) (tftypes.Value, string, error) {
	if abandoned(err) {
		id, several := born.id()
		return r.root.null(), id, errors.Join(err, several)
	}
	born.made(word(want.Base().ID))
	id, several := born.id()
	err = errors.Join(err, several)
	if id == "" && err == nil {
		return r.root.null(), "", errors.New("the adapter reported success without an id; this is a bug in the provider. Look for the object on the platform and import it")
	}
	got, encErr := r.publish(s, want, plan)
	return got, id, errors.Join(err, encErr)
}

// publish turns what the adapter filled in back into a value: tags go to tags_all, aliased values get the name they
// were called by.
func (r *Resource[T, P]) publish(s *site[T], t P, plan tftypes.Value) (tftypes.Value, error) {
	if tagged, ok := any(t).(platform.Tagged); ok {
		tagged.TagSet().TagsAll, tagged.TagSet().Tags = tagged.TagSet().Tags, nil
	}
	v, err := r.encode(t)
	if err != nil {
		return r.root.null(), fmt.Errorf("what the adapter returned cannot be stored: %w; this is a bug in the provider", err)
	}
	return r.unalias(s, v, plan), nil
}

// unalias gives values back the name that the user called them by.
func (r *Resource[T, P]) unalias(s *site[T], v, called tftypes.Value) tftypes.Value {
	for attr, table := range r.Aliases {
		name, native := get(called, attr), get(v, attr)
		if given(name) && given(native) && s.conn.alias(table, text(name)) == text(native) {
			v = with(v, attr, name)
		}
	}
	return v
}

// write runs one change under its deadline; what was read ahead is worth nothing afterwards.
func (r *Resource[T, P]) write(ctx context.Context, s *site[T], v P, op operation, diags *diag.Diagnostics, f func(context.Context) error) error {
	if err := s.conn.sealed(); err != nil { // the plan may be older than the setting
		return err
	}
	var said platform.Warnings
	r.hub.written(s.endpoint)
	defer r.hub.written(s.endpoint)
	what := fmt.Sprintf("%s the %s", op.verb, r.Name)
	err := call(ctx, op.limit(v.Base(), r.Timeouts), what, func(ctx context.Context) error {
		return f(platform.WithWarnings(ctx, &said))
	})
	reporter{root: r.root}.warn(diags, fmt.Sprintf("While trying to %s", what), said.Take())
	return err
}

// passing reports whether n tells of the world only: it may be another one by the time the change is made, such as an
// address or what nobody manages.
func passing(n *node) bool {
	return n.computed && !n.optional && !n.binding && !ours(n)
}

// contradictions lists where an adapter returned something else than was planned. The state keeps the plan.
func (r *Resource[T, P]) contradictions(s *site[T], plan, got tftypes.Value) error {
	var at []string
	s.contradict(r.root, plan, got, nil, &at)
	if len(at) == 0 {
		return nil
	}
	slices.Sort(at)
	return fmt.Errorf("the %s exists now, but the adapter returned other values than were planned for %s; this is a bug in the provider. The state holds the planned values: run terraform plan to see how it really is, and terraform untaint if it was just created",
		r.Name, strings.Join(at, ", "))
}

func (r *rules) contradict(n *node, plan, got tftypes.Value, at platform.Path, found *[]string) {
	if r.unseen(n) || n.writeOnly || !plan.IsKnown() || n.path.String() == "tags" || passing(n) {
		return
	}
	if n.leaf() || absent(plan) || absent(got) {
		// A group or an element that is not there at all contradicts its plan, whatever is still open inside.
		open := !plan.IsFullyKnown() && n.leaf()
		if !open && !n.equal(plan, got) && !(absent(plan) && n.optional && !n.computed) {
			*found = append(*found, at.String())
		}
		return
	}
	for key, p := range object(plan) {
		r.contradict(n.step(key), p, n.step(key).orNull(get(got, key)), append(slices.Clone(at), key), found)
	}
	for key := range object(got) {
		if get(plan, key).Type() == nil {
			*found = append(*found, append(slices.Clone(at), key).String())
		}
	}
}
