package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Rule 1: schema and struct are compared once, at the start, and a codec of our own carries values between them.

// odd is a struct that cases give schemas which do not fit it.
type odd struct {
	platform.Meta
	Name   string            `tfsdk:"name"`
	Count  *int64            `tfsdk:"count"`
	Words  []string          `tfsdk:"words"`
	Labels map[string]string `tfsdk:"labels"`
	Parts  map[string]part   `tfsdk:"parts"`
	Login  *part             `tfsdk:"login"`
}

type part struct {
	Size *platform.Size `tfsdk:"size"`
}

type attributes = map[string]schema.Attribute

func oddSchema() schema.Schema {
	size := attributes{"size": schema.StringAttribute{Optional: true}}
	return schema.Schema{
		Attributes: attributes{
			"id": schema.StringAttribute{Computed: true}, "platform": schema.StringAttribute{Optional: true, Computed: true},
			"name": schema.StringAttribute{Required: true}, "count": schema.Int64Attribute{Optional: true},
			"words":  schema.ListAttribute{Optional: true, ElementType: types.StringType},
			"labels": schema.MapAttribute{Optional: true, ElementType: types.StringType},
			"parts":  schema.MapNestedAttribute{Optional: true, NestedObject: schema.NestedAttributeObject{Attributes: size}},
		},
		Blocks: map[string]schema.Block{
			"timeouts": timeoutsBlock(),
			"login":    schema.SingleNestedBlock{Attributes: size},
		},
	}
}

// timeoutsBlock is the block of timeouts.
func timeoutsBlock() schema.Block {
	times := attributes{}
	for _, op := range []string{"create", "read", "update", "delete"} {
		times[op] = schema.StringAttribute{Optional: true}
	}
	return schema.SingleNestedBlock{Attributes: times}
}

func compileOdd(s schema.Schema) (said string) {
	defer func() {
		if r := recover(); r != nil {
			said = fmt.Sprint(r)
		}
	}()
	engine.Kind[odd, *odd]{Name: "odd", Schema: s}.Compile()
	return ""
}

func TestCompilePanicsOnDisagreement(t *testing.T) {
	nested := schema.NestedAttributeObject{Attributes: attributes{"size": schema.StringAttribute{Optional: true}}}
	cases := map[string]struct {
		change func(s *schema.Schema)
		says   string
	}{
		"attribute without a field":     {func(s *schema.Schema) { s.Attributes["more"] = schema.StringAttribute{Optional: true} }, `"more" has no field`},
		"field without an attribute":    {func(s *schema.Schema) { delete(s.Attributes, "words") }, "not in the schema: words"},
		"optional without a way to nil": {func(s *schema.Schema) { s.Attributes["name"] = schema.StringAttribute{Optional: true} }, "name: it is not required"},
		"nested field":                  {func(s *schema.Schema) { s.Blocks["login"] = schema.SingleNestedBlock{} }, "login: "},
		"set": {func(s *schema.Schema) {
			s.Attributes["words"] = schema.SetAttribute{Optional: true, ElementType: types.StringType}
		}, "words: "},
		"nested set": {func(s *schema.Schema) {
			s.Attributes["parts"] = schema.SetNestedAttribute{Optional: true, NestedObject: nested}
		}, "use a map"},
		"nested list": {func(s *schema.Schema) {
			s.Attributes["parts"] = schema.ListNestedAttribute{Optional: true, NestedObject: nested}
		}, "use a map"},
		"list block": {func(s *schema.Schema) {
			s.Blocks["login"] = schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: nested.Attributes}}
		}, "only single blocks"},
		"write-only without a version": {func(s *schema.Schema) { s.Attributes["count"] = schema.Int64Attribute{Optional: true, WriteOnly: true} }, "needs count_version"},
		"text in a number":             {func(s *schema.Schema) { s.Attributes["count"] = schema.StringAttribute{Optional: true} }, "count: "},
		"number in a text":             {func(s *schema.Schema) { s.Attributes["name"] = schema.Int64Attribute{Required: true} }, "name: "},
		"truth in a number":            {func(s *schema.Schema) { s.Attributes["count"] = schema.BoolAttribute{Optional: true} }, "count: "},
		"list in a map": {func(s *schema.Schema) {
			s.Attributes["labels"] = schema.ListAttribute{Optional: true, ElementType: types.StringType}
		}, "labels: "},
		"other elements": {func(s *schema.Schema) {
			s.Attributes["words"] = schema.ListAttribute{Optional: true, ElementType: types.Int64Type}
		}, "words: "},
		"object in a map": {func(s *schema.Schema) {
			s.Attributes["parts"] = schema.SingleNestedAttribute{Optional: true, Attributes: nested.Attributes}
		}, "parts: "},
		"map in an object": {func(s *schema.Schema) {
			delete(s.Blocks, "login")
			s.Attributes["login"] = schema.MapNestedAttribute{Optional: true, NestedObject: nested}
		}, "login: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := oddSchema()
			c.change(&s)
			if said := compileOdd(s); !strings.Contains(said, "kind odd: ") || !strings.Contains(said, c.says) {
				t.Fatalf("said %q, want %q", said, c.says)
			}
		})
	}
	if said := compileOdd(oddSchema()); said != "" {
		t.Fatalf("refused the sound one: %s", said)
	}
}

func TestMissingListsWhatTraitsForget(t *testing.T) {
	compiled := kind.Machine().Compile()
	traits := machineTraits()
	equalTo(t, "complete table", len(compiled.Missing(traits, "vsphere")), 0)
	delete(traits, "disks.*.id")
	delete(traits, "vsphere")
	delete(traits, "cpus")
	delete(traits, "disks")
	missing := strings.Join(compiled.Missing(traits, "vsphere"), " ")
	for _, want := range []string{"cpus", "vsphere.folder", "disks.*.type"} {
		if !strings.Contains(missing, want) {
			t.Errorf("%s is not in %s", want, missing)
		}
	}
	for _, name := range compiled.Missing(traits, "libvirt") {
		if strings.HasPrefix(name, "vsphere") || name == "allow_restart" {
			t.Errorf("%s concerns another platform, or none", name)
		}
	}
}

func TestDecode(t *testing.T) {
	number := func(f float64) tftypes.Value { return tftypes.NewValue(tftypes.Number, f) }
	size := func(s string) tftypes.Value {
		return tftypes.NewValue(tftypes.Object{AttributeTypes: map[string]tftypes.Type{"size": tftypes.String}}, map[string]tftypes.Value{"size": tftypes.NewValue(tftypes.String, s)})
	}
	var n *int64
	for name, v := range map[string]tftypes.Value{"null": tftypes.NewValue(tftypes.Number, nil), "unknown": tftypes.NewValue(tftypes.Number, tftypes.UnknownValue)} {
		n = new(int64(7))
		if err := engine.Decode(v, &n); err != nil || n != nil {
			t.Errorf("%s: %v, %v: want nil", name, n, err)
		}
	}
	if err := engine.Decode(number(5), &n); err != nil || *n != 5 {
		t.Errorf("5: %v, %v", n, err)
	}
	for _, f := range []float64{1.5, 1e19, -1e19} {
		if err := engine.Decode(number(f), &n); err == nil {
			t.Errorf("%v: no error", f)
		}
	}
	var p part
	if err := engine.Decode(size("4GiB"), &p); err != nil || *p.Size != 4*platform.GiB {
		t.Errorf("4GiB: %v, %v", p.Size, err)
	}
	if err := engine.Decode(size("4GB"), &p); err == nil || !strings.Contains(err.Error(), "size: ") || !strings.Contains(err.Error(), "write 4GiB") {
		t.Errorf("4GB: %v", err)
	}
	if err := engine.Decode(number(1), 5); err == nil {
		t.Error("decoded into no pointer")
	}
}

func TestSizesAreValidated(t *testing.T) {
	core := start(t, newCloud())
	for value, words := range map[string][]string{"4GB": {"write 4GiB"}, "9999999999TiB": {"larger than the largest"}, "many": {"is not a size"}} {
		diags, err := core.Validate("virt_machine", config(object{"memory": value}))
		clean(t, err)
		says(t, diags.Errors(), "memory", words...)
	}
}
