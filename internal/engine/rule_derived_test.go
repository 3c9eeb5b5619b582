package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Derived attributes follow from the configuration and from files on this machine, and cost what their traits say.

// bundle is made from a folder; its hash says from which content.
type bundle struct {
	platform.Meta
	Name   string  `tfsdk:"name"`
	Folder *string `tfsdk:"folder" virt:"local"`
	Note   *string `tfsdk:"note"`
	Hash   *string `tfsdk:"hash" virt:"derived"`
	Made   *string `tfsdk:"made"` // computed: changes with the content
}

func bundleSchema() schema.Schema {
	return schema.Schema{
		Attributes: attributes{
			"id": schema.StringAttribute{Computed: true}, "platform": schema.StringAttribute{Optional: true, Computed: true},
			"name": schema.StringAttribute{Required: true}, "folder": schema.StringAttribute{Optional: true}, "note": schema.StringAttribute{Optional: true},
			"hash": schema.StringAttribute{Computed: true}, "made": schema.StringAttribute{Computed: true},
		},
		Blocks: map[string]schema.Block{"timeouts": timeoutsBlock()},
	}
}

// factory is a platform that makes bundles, with the folders of the machine where Terraform runs.
type factory struct {
	*fake[bundle]
	cloud   *cloud
	folders map[string]string // name to content
	made    map[string]bundle // by id
	next    int
}

func newFactory(class platform.Trait) *factory {
	f := &factory{fake: &fake[bundle]{}, cloud: newCloud(), folders: map[string]string{"app": "v1"}, made: map[string]bundle{}}
	f.cloud.kinds = map[string]platform.Traits{"bundle": {
		"name": platform.Replace(), "note": platform.Live(), "hash": class, "made": platform.Computed(),
	}}
	f.create = func(_ context.Context, want *bundle, made func(string)) error {
		f.next++
		want.ID = new(fmt.Sprintf("b-%d", f.next))
		made(*want.ID)
		return f.keep(want)
	}
	f.update = func(_ context.Context, _, want *bundle) error { return f.keep(want) }
	f.remove = func(_ context.Context, have *bundle) error { delete(f.made, *have.ID); return nil }
	f.read = func(_ context.Context, have *bundle) error {
		b, ok := f.made[*have.ID]
		if !ok {
			return platform.As(platform.ErrNotFound, errors.New("no such bundle"))
		}
		b.Platform, b.Hash = have.Platform, new("of something else") // nobody can know it
		*have = b
		return nil
	}
	f.plan = func(_ context.Context, p *platform.Plan[bundle]) error {
		if p.Prior != nil && p.Changed("hash") {
			p.Recompute("made")
			p.Recompute("hash") // not the adapter's to say
		}
		return nil
	}
	return f
}

func (f *factory) keep(want *bundle) error {
	want.Made = new("made from " + orNothing(want.Hash))
	f.made[*want.ID] = *want
	return nil
}

func orNothing(s *string) string {
	if s == nil {
		return "nothing"
	}
	return *s
}

// derive hashes a folder. One that is not there may be made by another resource of the same apply.
func (f *factory) derive(want *bundle, known func(path ...string) bool) error {
	switch content, there := f.folders[orNothing(want.Folder)]; {
	case !known("folder"):
		return platform.At(engine.ErrUnknownYet, "hash")
	case want.Folder == nil:
		return nil
	case *want.Folder == "later" && !there:
		return engine.ErrUnknownYet
	case *want.Folder == "crash":
		panic("boom")
	case !there:
		return platform.At(fmt.Errorf("there is no folder %q", *want.Folder), "folder")
	default:
		want.Hash, want.Note = new("hash of "+content), new("nobody asked")
		return nil
	}
}

func (f *factory) kind() engine.Kind[bundle, *bundle] {
	return engine.Kind[bundle, *bundle]{
		Name: "bundle", Schema: bundleSchema(), Timeouts: engine.Timeouts{Create: time.Minute, Read: time.Minute, Update: time.Minute, Delete: time.Minute},
		Of: func(*platform.Conn) platform.Resource[bundle] { return f }, Derive: f.derive,
	}
}

// core serves bundles.
func (f *factory) core(t *testing.T) *enginetest.Core {
	t.Helper()
	s := newStage(func() *engine.Hub { return hubOf(f.cloud) })
	k := f.kind().Compile()
	s.resources = []func() resource.Resource{func() resource.Resource { return engine.NewResource(k) }}
	s.data = []func() datasource.DataSource{func() datasource.DataSource { return engine.NewData(k) }}
	return s.core(t, enginetest.WithMutableIdentity())
}

func (f *factory) resource(t *testing.T) *enginetest.Resource {
	t.Helper()
	return f.core(t).Resource("virt_bundle", "app")
}

func TestDerivedCostsWhatItsTraitSays(t *testing.T) {
	cases := map[string]struct {
		trait  platform.Trait
		before object
		change func(f *factory)
		after  object
		action enginetest.Action
		hash   any
	}{
		"replaced":               {platform.Replace(), object{"folder": "app"}, func(f *factory) { f.folders["app"] = "v2" }, object{"folder": "app"}, enginetest.Replace, "hash of v2"},
		"used at creation only":  {platform.CreateOnly(), object{"folder": "app"}, func(f *factory) { f.folders["app"] = "v2" }, object{"folder": "app"}, enginetest.Replace, "hash of v2"},
		"live":                   {platform.Live(), object{"folder": "app"}, func(f *factory) { f.folders["app"] = "v2" }, object{"folder": "app"}, enginetest.Update, "hash of v2"},
		"unchanged":              {platform.Replace(), object{"folder": "app"}, func(*factory) {}, object{"folder": "app"}, enginetest.NoOp, "hash of v1"},
		"another change":         {platform.Replace(), object{"folder": "app"}, func(*factory) {}, object{"folder": "app", "note": "x"}, enginetest.Update, "hash of v1"},
		"another, equal folder":  {platform.Replace(), object{"folder": "app"}, func(f *factory) { f.folders["moved"] = "v1" }, object{"folder": "moved"}, enginetest.Update, "hash of v1"},
		"taken out":              {platform.Replace(), object{"folder": "app"}, func(*factory) {}, object{}, enginetest.Replace, nil},
		"given for the first":    {platform.Replace(), object{}, func(*factory) {}, object{"folder": "app"}, enginetest.Replace, "hash of v1"},
		"refused by another row": {platform.Unsupported("no folders"), object{"folder": "app"}, func(*factory) {}, object{"folder": "app"}, enginetest.NoOp, "hash of v1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFactory(c.trait)
			m := f.resource(t).Must(t)
			m.Converge(config(c.before))
			c.change(f)
			p := m.Plan(config(c.after))
			equalTo(t, "action", p.Action, c.action)
			equalTo(t, "planned", p.At("hash"), c.hash)
			a := m.Apply(p)
			equalTo(t, "state", a.At("hash"), c.hash)
			m.Empty(config(c.after))
			equalTo(t, "drift", m.Refresh().Changed, false)
		})
	}
}

// The adapter gets the planned value and is not asked where only Terraform's own matter changed.
func TestDerivedReachesTheAdapter(t *testing.T) {
	f := newFactory(platform.Live())
	m := f.resource(t).Must(t)
	m.Converge(config(object{"folder": "app"}))
	equalTo(t, "created from", *f.made["b-1"].Made, "made from hash of v1")
	equalTo(t, "the rest of what Derive wrote", f.made["b-1"].Note, (*string)(nil))
	f.folders["app"], f.folders["moved"] = "v2", "v2"
	p := m.Plan(config(object{"folder": "app"}))
	equalTo(t, "what the planner recomputes", p.At("made"), any(enginetest.Unknown))
	equalTo(t, "state", m.Apply(p).At("made"), any("made from hash of v2"))
	f.took()
	m.PlanApply(config(object{"folder": "moved"}))
	equalTo(t, "updates", f.count("update"), 0)
}

func TestDerivedWhileInputsAreUnknown(t *testing.T) {
	cases := map[string]struct {
		trait          platform.Trait
		before         object // nil: nothing is there
		planned, after object
		meanwhile      func(f *factory)
		action         enginetest.Action
		hash           any
	}{
		"at creation":            {platform.Replace(), nil, object{"folder": enginetest.Unknown}, object{"folder": "app"}, nil, enginetest.Create, "hash of v1"},
		"at creation, a file":    {platform.Replace(), nil, object{"folder": "later"}, object{"folder": "later"}, func(f *factory) { f.folders["later"] = "v3" }, enginetest.Create, "hash of v3"},
		"it may be dear":         {platform.Replace(), object{"folder": "app"}, object{"folder": enginetest.Unknown}, object{"folder": "other"}, nil, enginetest.Replace, "hash of w1"},
		"it may have been dear":  {platform.Replace(), object{"folder": "app"}, object{"folder": enginetest.Unknown}, object{"folder": "app"}, nil, enginetest.Replace, "hash of v1"},
		"in place":               {platform.Live(), object{"folder": "app"}, object{"folder": enginetest.Unknown}, object{"folder": "other"}, nil, enginetest.Update, "hash of w1"},
		"in place, and the same": {platform.Live(), object{"folder": "app"}, object{"folder": enginetest.Unknown}, object{"folder": "app"}, nil, enginetest.Update, "hash of v1"},
		"nothing after all":      {platform.Live(), object{"folder": "app"}, object{"folder": enginetest.Unknown}, object{"folder": nil}, nil, enginetest.Update, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFactory(c.trait)
			f.folders["other"] = "w1"
			m := f.resource(t).Must(t)
			if c.before != nil {
				m.Converge(config(c.before))
			}
			p := m.Plan(config(c.planned))
			equalTo(t, "action", p.Action, c.action)
			equalTo(t, "planned", p.At("hash"), any(enginetest.Unknown))
			if c.meanwhile != nil {
				c.meanwhile(f)
			}
			equalTo(t, "state", m.ApplyConfig(p, config(c.after)).At("hash"), c.hash)
			m.Empty(config(c.after))
		})
	}
}

// While a connection cannot be asked, what is known of the derived value is planned all the same.
func TestDerivedWhileThePlatformIsUnknown(t *testing.T) {
	cases := map[string]struct {
		trait  platform.Trait
		action enginetest.Action
	}{"live": {platform.Live(), enginetest.Update}, "replaced": {platform.Replace(), enginetest.Replace}}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFactory(c.trait)
			core := f.core(t)
			r := core.Resource("virt_bundle", "app")
			r.Must(t).Converge(config(object{"folder": "app"}))
			f.folders["app"] = "v2"
			restart := func(unknown bool) {
				f.cloud.unknown = unknown
				_, err := core.Restart()
				clean(t, err)
			}
			restart(true)
			p := r.Must(t).Plan(config(object{"folder": "app"}))
			equalTo(t, "action", p.Action, c.action)
			equalTo(t, "hash", p.At("hash"), any("hash of v2"))
			equalTo(t, "made", p.At("made"), any(enginetest.Unknown))
			restart(false)
			equalTo(t, "state", r.Must(t).Apply(p).At("made"), any("made from hash of v2"))
		})
	}
}

// An import cannot know what an object was made from: the first value is taken as it is.
func TestDerivedAfterAnImport(t *testing.T) {
	cases := map[string]struct{ planned, after object }{
		"known":          {object{"folder": "app"}, object{"folder": "app"}},
		"unknown first":  {object{"folder": enginetest.Unknown}, object{"folder": "app"}},
		"with a change":  {object{"folder": "app", "note": "x"}, object{"folder": "app", "note": "x"}},
		"a file to come": {object{"folder": "later"}, object{"folder": "later"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFactory(platform.Replace())
			f.made["b-7"] = bundle{Meta: platform.Meta{ID: new("b-7")}, Name: "web", Made: new("long ago")}
			m := f.resource(t).Must(t)
			equalTo(t, "hash", m.Import("dc1/b-7").At("hash"), nil)
			p := m.Plan(config(c.planned))
			equalTo(t, "action", p.Action, enginetest.Update)
			f.folders["later"] = "v1"
			f.took()
			a := m.ApplyConfig(p, config(c.after))
			equalTo(t, "state", a.At("hash"), any("hash of v1"))
			if _, change := c.after["note"]; !change {
				equalTo(t, "updates", f.count("update"), 0)
			}
			m.Empty(config(c.after))
			f.folders["app"], f.folders["later"] = "v2", "v2"
			equalTo(t, "the next change", m.Plan(config(c.after)).Action, enginetest.Replace)
		})
	}
}

func TestDerivedRefusals(t *testing.T) {
	cases := map[string]struct {
		config object
		path   string
		says   []string
	}{
		"tied to an attribute": {object{"folder": "nowhere"}, "folder", []string{`Cannot plan bundle "web"`, `no folder "nowhere"`}},
		"a panic":              {object{"folder": "crash"}, "", []string{"work out what follows", "panic: boom", "bug in the provider"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newFactory(platform.Replace()).resource(t)
			refused(t, r, config(c.config), c.path, c.says...)
			r.Must(t).Converge(config(object{"folder": "app"}))
			refused(t, r, config(c.config), c.path, c.says...)
		})
	}
}

// What a failed update did not do is planned again.
func TestDerivedAfterAFailedUpdate(t *testing.T) {
	f := newFactory(platform.Live())
	r := f.resource(t)
	r.Must(t).Converge(config(object{"folder": "app"}))
	f.folders["app"] = "v2"
	honest := f.update
	f.update = func(context.Context, *bundle, *bundle) error { return errors.New("disk full") }
	a, err := r.PlanApply(config(object{"folder": "app"}))
	clean(t, err)
	says(t, a.Diags, "", "disk full")
	equalTo(t, "hash", r.State().At("hash"), any("hash of v1"))
	f.update = honest
	equalTo(t, "again", r.Must(t).Converge(config(object{"folder": "app"})).At("hash"), any("hash of v2"))
}

// A file that changes between plan and apply is noticed before anything is done. Terraform does not tell a provider the
// first plan, so it says so in its own words.
func TestDerivedChangesBetweenPlanAndApply(t *testing.T) {
	f := newFactory(platform.Live())
	r := f.resource(t)
	r.Must(t).Converge(config(object{"folder": "app"}))
	f.folders["app"] = "v2"
	p := r.Must(t).Plan(config(object{"folder": "app"}))
	f.folders["app"] = "v3"
	f.took()
	_, err := r.Apply(p)
	if !enginetest.Breaks(err, enginetest.RuleFinalPlan) || !strings.Contains(err.Error(), "hash") {
		t.Fatalf("said %v", err)
	}
	equalTo(t, "updates", f.count("update"), 0)
}

func TestDerivedIsNoData(t *testing.T) {
	f := newFactory(platform.Live())
	f.made["b-7"] = bundle{Meta: platform.Meta{ID: new("b-7")}, Name: "web", Made: new("long ago")}
	d, err := f.core(t).ReadData("virt_bundle", object{"id": "b-7"})
	clean(t, err)
	equalTo(t, "made", d.At("made"), any("long ago"))
	if _, err := f.core(t).ReadData("virt_bundle", object{"id": "b-7", "hash": nil}); err == nil {
		t.Error("the data source has a hash")
	}
}

func TestDerivedNeedsATrait(t *testing.T) {
	f := newFactory(platform.Live())
	table := f.cloud.kinds["bundle"]
	equalTo(t, "complete", f.kind().Compile().Missing(table, "vsphere"), []string(nil))
	delete(table, "hash")
	equalTo(t, "without", f.kind().Compile().Missing(table, "vsphere"), []string{"hash"})
}

func TestCompilePanicsOnOddDerivedAttributes(t *testing.T) {
	compiles := func(change func(k *engine.Kind[bundle, *bundle])) (said string) {
		defer func() {
			if r := recover(); r != nil {
				said = fmt.Sprint(r)
			}
		}()
		k := newFactory(platform.Live()).kind()
		change(&k)
		k.Compile()
		return ""
	}
	cases := map[string]struct {
		change func(k *engine.Kind[bundle, *bundle])
		says   string
	}{
		"sound":          {func(*engine.Kind[bundle, *bundle]) {}, ""},
		"nobody derives": {func(k *engine.Kind[bundle, *bundle]) { k.Derive = nil }, "need each other"},
		"the user's, too": {func(k *engine.Kind[bundle, *bundle]) {
			k.Schema.Attributes["hash"] = schema.StringAttribute{Optional: true, Computed: true}
		}, "hash: only a computed"},
		"the user's alone": {func(k *engine.Kind[bundle, *bundle]) {
			k.Schema.Attributes["hash"] = schema.StringAttribute{Optional: true}
		}, "hash: only a computed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if said := compiles(c.change); (said == "") != (c.says == "") || !strings.Contains(said, c.says) {
				t.Fatalf("said %q, want %q", said, c.says)
			}
		})
	}
}
