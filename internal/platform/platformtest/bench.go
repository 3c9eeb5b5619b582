package platformtest

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine/enginetest"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

// connectionName is what the connection under test is called in the provider's configuration.
const connectionName = "main"

// model is a provider that is never used: what all providers of a run have in common is made once, for it.
type model struct {
	provider *provider.Provider
	core     *enginetest.Core // knows the schemas
}

func newModel(t *testing.T, s Suite) model {
	t.Helper()
	p := provider.With("test", s.Driver)
	factory := func() (tfprotov6.ProviderServer, error) { return providerserver.NewProtocol6WithError(p)() }
	return model{p, enginetest.New(t, factory, connections(s.Driver, s.Config, connectionName))}
}

// Bench is where one case works: a provider of its own, the objects that the case refers to, and all that has to go
// when it ends.
type Bench struct {
	t *testing.T
	*run
	kind   *subject
	core   *enginetest.Core
	others map[string][]string
	ranges map[string]netip.Prefix // of the subnets among them, by id
	left   *[]leftover
}

// leftover is a resource that goes at the end: first those under test, then what they refer to.
type leftover struct {
	raw   *enginetest.Resource
	kind  string
	other bool
}

func (r *run) bench(t *testing.T, k *subject) *Bench {
	t.Helper()
	b := &Bench{t: t, run: r, kind: k, others: map[string][]string{}, ranges: map[string]netip.Prefix{}, left: &[]leftover{}}
	b.core = b.open(r.Config)
	t.Cleanup(b.clean)
	return b
}

// clean destroys what is left, by a provider of its own: that of the case may be one that fails.
func (b *Bench) clean() {
	slices.Reverse(*b.left)
	slices.SortStableFunc(*b.left, func(x, y leftover) int { return rank(x) - rank(y) })
	var core *enginetest.Core
	for _, l := range *b.left {
		if l.raw.State() == nil {
			continue
		}
		if core == nil {
			core = b.open(b.Config)
		}
		again := core.Resource("virt_"+l.kind, "x")
		again.SetState(l.raw.State())
		if a, err := again.Destroy(); err != nil || a.Diags.HasErrors() {
			b.t.Errorf("the %s %v is left over: %v\n%s", l.kind, l.raw.State().At("name"), err, a.Diags)
		}
	}
}

func rank(l leftover) int {
	if l.other {
		return 1
	}
	return 0
}

// open starts a provider, as a new run of Terraform does.
func (b *Bench) open(settings map[string]any) *enginetest.Core {
	b.t.Helper()
	return b.openIn(context.WithoutCancel(b.t.Context()), connections(b.Driver, settings, connectionName))
}

// openIn is open under a context, with a configuration of the provider.
func (b *Bench) openIn(ctx context.Context, config Config) *enginetest.Core {
	b.t.Helper()
	factory := b.factory() //nolint:contextcheck // its providers end with the case, whatever becomes of this context
	core, diags, err := enginetest.Start(ctx, factory, config, enginetest.WithMutableIdentity(), enginetest.WithSchemasOf(b.model.core))
	if err != nil || diags.HasErrors() {
		b.t.Fatalf("the provider does not start: %v\n%s", err, diags)
	}
	return core
}

// factory makes providers that end with the case, within the two seconds that the CLI grants.
func (b *Bench) factory() enginetest.Factory {
	return func() (tfprotov6.ProviderServer, error) {
		p := b.model.provider.Again()
		b.t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(b.t.Context()), 2*time.Second)
			defer cancel()
			if err := p.Close(ctx); err != nil {
				b.t.Errorf("the provider does not close: %v", err)
			}
		})
		return providerserver.NewProtocol6WithError(p)()
	}
}

// connections is a provider's configuration with one connection by each of the names.
func connections(d platform.Driver, settings map[string]any, names ...string) Config {
	var list []any
	for _, name := range names {
		list = append(list, Config{"name": name, d.Name: settings})
	}
	return Config{"platform": list}
}

// thing is one resource of a case.
type thing struct {
	enginetest.Must
	raw *enginetest.Resource
}

// id is the object's native id.
func (x thing) id() string {
	id, _ := x.raw.State().At("id").(string)
	return id
}

// resource makes a resource that is destroyed at the end.
func (b *Bench) resource() thing {
	b.t.Helper()
	return b.resourceIn(b.core, b.kind.name)
}

func (b *Bench) resourceIn(core *enginetest.Core, kind string) thing {
	b.t.Helper()
	r := core.Resource("virt_"+kind, "x")
	*b.left = append(*b.left, leftover{r, kind, false})
	return thing{r.Must(b.t), r}
}

// elsewhere is the same object as another process sees it; it is not destroyed on its own.
func (b *Bench) elsewhere(x thing) thing {
	b.t.Helper()
	return b.there(b.open(b.Config), x)
}

func (b *Bench) there(core *enginetest.Core, x thing) thing {
	r := core.Resource("virt_"+b.kind.name, "x")
	r.SetState(x.raw.State())
	return thing{r.Must(b.t), r}
}

// Name is a name that nothing else has.
func (b *Bench) Name() string { return fmt.Sprintf("ct-%s-%d", b.kind.name, b.serial.Add(1)) }

// Other is the id of another object of a kind, or of a part of one, the n-th one of this case.
func (b *Bench) Other(kind string, n int) string {
	b.t.Helper()
	if given := b.Given[kind]; n < len(given) {
		return given[n]
	}
	for len(b.others[kind]) <= n {
		made, isPart := parts()[kind]
		if !isPart {
			made = func(b *Bench) string { return b.beside(kind, nil).id() }
		}
		b.others[kind] = append(b.others[kind], made(b))
	}
	return b.others[kind][n]
}

// beside makes an object that those under test refer to. It has the least, and more.
func (b *Bench) beside(kind string, more Config) thing {
	b.t.Helper()
	k := subjectNamed(kind)
	if _, offered := b.Driver.Traits[kind]; !offered || k == nil {
		b.t.Fatalf("the platform has no %s: give the ids of some that are there already (Given)", kind)
	}
	x := b.resourceIn(b.core, kind)
	(*b.left)[len(*b.left)-1].other = true
	as := *b
	as.kind = k
	x.PlanApply(merged(as.minimal(), more))
	return x
}

// File is a file on this machine, the n-th one of this case.
func (b *Bench) File(n int) string {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), fmt.Sprintf("image-%d.raw", n))
	if err := os.WriteFile(path, []byte(fmt.Sprintf("content %d", n)), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// Folder is a folder on this machine with some files.
func (b *Bench) Folder(files map[string]string) string {
	b.t.Helper()
	dir := b.t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	return dir
}

// Dial opens a connection without the provider.
func (b *Bench) Dial() *platform.Conn {
	b.t.Helper()
	return b.dial(b.t)
}
