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

// birth remembers the id of what a creation has made so far.
type birth struct {
	mu sync.Mutex
	id string
}

func (b *birth) made(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.id = id
}

func (b *birth) get() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.id
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
	got, id, err := r.result(s, want, plan, born.get(), err)
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
func (r *Resource[T, P]) result(s *site[T], want P, plan tftypes.Value, id string, err error) (tftypes.Value, string, error) {
	if abandoned(err) {
		return r.root.null(), id, err
	}
	if told := word(want.Base().ID); id == "" {
		id = told
	} else if told != "" && told != id {
		err = errors.Join(err, fmt.Errorf("the adapter named two ids, %q and then %q; this is a bug in the provider", id, told))
	}
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
	if r.unseen(n) || n.writeOnly || !plan.IsKnown() || n.path.String() == "tags" || n.path.String() == "id" {
		return
	}
	if n.leaf() || absent(plan) || absent(got) {
		if plan.IsFullyKnown() && !n.equal(plan, got) && !(absent(plan) && n.optional && !n.computed) {
			*found = append(*found, at.String())
		}
		return
	}
	for key, p := range object(plan) {
		r.contradict(n.step(key), p, n.step(key).orNull(get(got, key)), append(slices.Clone(at), key), found)
	}
}
