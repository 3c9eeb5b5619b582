package engine

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// fuzzed is a struct with one field of every shape that the codec carries.
type fuzzed struct {
	Text  string                `tfsdk:"text"`
	Maybe *string               `tfsdk:"maybe"`
	Flag  *bool                 `tfsdk:"flag"`
	Count *int64                `tfsdk:"count"`
	Ratio *float64              `tfsdk:"ratio"`
	Size  *platform.Size        `tfsdk:"size"`
	List  []string              `tfsdk:"list"`
	Map   map[string]string     `tfsdk:"map"`
	Group *fuzzedGroup          `tfsdk:"group"`
	Elems map[string]fuzzedElem `tfsdk:"elems"`
}

type fuzzedGroup struct {
	Note *string `tfsdk:"note"`
}

type fuzzedElem struct {
	Size *platform.Size `tfsdk:"size"`
	ID   *string        `tfsdk:"id"`
}

func fuzzedType() tftypes.Object {
	object := func(attrs map[string]tftypes.Type) tftypes.Object { return tftypes.Object{AttributeTypes: attrs} }
	return object(map[string]tftypes.Type{
		"text": tftypes.String, "maybe": tftypes.String, "flag": tftypes.Bool, "count": tftypes.Number, "ratio": tftypes.Number,
		"size": tftypes.String, "list": tftypes.List{ElementType: tftypes.String}, "map": tftypes.Map{ElementType: tftypes.String},
		"group": object(map[string]tftypes.Type{"note": tftypes.String}),
		"elems": tftypes.Map{ElementType: object(map[string]tftypes.Type{"size": tftypes.String, "id": tftypes.String})},
	})
}

// FuzzCodec decodes what a JSON document makes of the type: whatever decodes survives being encoded and decoded again,
// and encodes to the same value from then on.
func FuzzCodec(f *testing.F) {
	for _, seed := range []string{
		`{"text":"a","maybe":null,"flag":null,"count":null,"ratio":null,"size":null,"list":null,"map":null,"group":null,"elems":null}`,
		`{"text":"","maybe":"","flag":true,"count":9223372036854775807,"ratio":0.1,"size":"4096MiB","list":[],"map":{},"group":{"note":null},"elems":{}}`,
		`{"text":"ä\u0000","maybe":"x","flag":false,"count":-9223372036854775808,"ratio":1e300,"size":"0B","list":["",null],"map":{"":"","k":null},"group":{"note":"n"},"elems":{"a":{"size":"1TiB","id":"1"},"b":null}}`,
		`{"text":"a","maybe":"x","flag":false,"count":1.5,"ratio":1,"size":"4GB","list":["a"],"map":{"k":"v"},"group":null,"elems":null}`,
		`{"text":"a","maybe":"x","flag":false,"count":1e30,"ratio":1,"size":"9999999TiB","list":["a"],"map":{"k":"v"},"group":null,"elems":null}`,
	} {
		f.Add([]byte(seed))
	}
	typ := fuzzedType()
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := (&tfprotov6.DynamicValue{JSON: raw}).Unmarshal(typ)
		if err != nil || v.IsNull() {
			return
		}
		var first, second fuzzed
		if err := Decode(v, &first); err != nil {
			return
		}
		once, err := encode(typ, reflect.ValueOf(first))
		if err != nil {
			t.Fatalf("%+v was decoded from %s but does not encode: %v", first, raw, err)
		}
		if err := Decode(once, &second); err != nil {
			t.Fatalf("%s does not decode again: %v", once, err)
		}
		twice, err := encode(typ, reflect.ValueOf(second))
		if err != nil || !once.Equal(twice) {
			t.Fatalf("from %s to %s (%v)", once, twice, err)
		}
	})
}

// FuzzSize reads sizes: those that are read are spelled so that they are read again as the same, never negative, and
// equal to every spelling in a smaller unit; those that are refused say how to write a size.
func FuzzSize(f *testing.F) {
	for _, seed := range []string{
		"0B", "1B", "512MiB", "4GiB", "04GiB", "8388607TiB", "8388608TiB", "9223372036854775807B", "9223372036854775808B",
		"18446744073709551617KiB", "4GB", "4", "", "B", "GiB", "-1GiB", "+1GiB", "1.5GiB", "1 GiB", " 1GiB", "1e3MiB", "٤GiB", "1KiBiB", "4gib",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := platform.ParseSize(s)
		if err != nil {
			if !strings.Contains(err.Error(), "B") {
				t.Fatalf("the error says nothing about units: %v", err)
			}
			return
		}
		if n < 0 || n.CeilMiB() < 0 {
			t.Fatalf("%q is %d bytes, %d MiB", s, n, n.CeilMiB())
		}
		again, err := platform.ParseSize(n.String())
		if err != nil || again != n {
			t.Fatalf("%q is %d, which is spelled %s, which is %d (%v)", s, n, n, again, err)
		}
		if !(Text[platform.Size, *platform.Size]{}).Same(s, n.String()) {
			t.Fatalf("%q and %s are not the same", s, n)
		}
	})
}

// FuzzImportID reads import ids: nothing is lost of them, a platform that is named is one of the provider's, and an
// error says what to write.
func FuzzImportID(f *testing.F) {
	for _, seed := range []string{"", "/", "a", "a/", "/x", "a/x", "a/x/y", "b/DC0/vm/web 1", "c/x", "A/x", "x", "a//", "\x00", "a/\xff"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	compiled := Kind[propLeaves, *propLeaves]{Name: "thing"}
	f.Fuzz(func(t *testing.T, id string, several bool) {
		hub := &Hub{Connections: map[string]*Connection{"a": {Name: "a"}}}
		if several {
			hub.Connections["b"] = &Connection{Name: "b"}
		}
		r := &Resource[propLeaves, *propLeaves]{Compiled: &Compiled[propLeaves, *propLeaves]{Kind: compiled}, hub: hub}
		name, ref, err := r.wanted(t.Context(), resource.ImportStateRequest{ID: id})
		switch {
		case err != nil && !errors.Is(err, platform.ErrInvalid):
			t.Fatalf("%q: %v", id, err)
		case err != nil:
			if several && !strings.Contains(err.Error(), "<platform>/<id>") {
				t.Fatalf("%q: the error does not say what to write: %v", id, err)
			}
		case hub.Connections[name] == nil || ref == "":
			t.Fatalf("%q is taken for %q on %q", id, ref, name)
		case id != ref && id != name+"/"+ref:
			t.Fatalf("%q became %q on %q", id, ref, name)
		}
	})
}

// fuzzedKeeper is private data as a state may hold it.
type fuzzedKeeper map[string][]byte

func (k fuzzedKeeper) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return k[key], nil
}

func (k fuzzedKeeper) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	k[key] = value
	return nil
}

// FuzzPrivate loads private data: damaged data is an error that says what to do, and what is loaded is saved and loaded
// as the same.
func FuzzPrivate(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"endpoint":"e","imported":true,"fresh":true,"provisional":{"disks":["scsi0-1"],"nics":null}}`,
		`{"endpoint":1}`, `{"provisional":[]}`, `{"later":"version"}`, `{"endpoint":"e"`, "\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, diags := loadPrivate(t.Context(), fuzzedKeeper{privateKey: raw})
		if diags.HasError() {
			if !strings.Contains(diags[0].Detail(), "import it again") {
				t.Fatalf("the error does not say what to do: %s", diags[0].Detail())
			}
			return
		}
		kept := fuzzedKeeper{}
		if diags := p.save(t.Context(), kept); diags.HasError() {
			t.Fatal(diags)
		}
		again, diags := loadPrivate(t.Context(), kept)
		if diags.HasError() || again.Endpoint != p.Endpoint || again.Imported != p.Imported || again.Fresh != p.Fresh {
			t.Fatalf("from %+v to %+v: %v", p, again, diags)
		}
		for path, keys := range p.Provisional {
			for _, key := range keys {
				if !again.provisional(path, key) {
					t.Fatalf("%s.%s is provisional no more", path, key)
				}
			}
		}
	})
}

// FuzzSetting resolves a setting from text: whatever its type, the value has that type or the error names the setting
// and, where it is sensitive, not the value.
func FuzzSetting(f *testing.F) {
	for _, seed := range []string{"", "x", "true", "1", "-1", "90s", "1h30m", "a,b", ",", "9223372036854775808", "hunter2-hunter2", "\xff"} {
		for kind := range 5 {
			f.Add(seed, uint8(kind), kind%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, text string, kind uint8, sensitive bool) {
		s := platform.Setting{Name: "setting", Type: platform.SettingType(kind % 5), Env: []string{"TOOL"}, Sensitive: sensitive}
		env := func(name string) (string, bool) { return text, name == "TOOL" }
		c, err := platform.Resolve([]platform.Setting{s}, nil, platform.Source{Block: "acme", Name: "a", Sole: true, Env: env})
		if err == nil {
			if s.Type == platform.StringsSetting && text != "" && strings.Join(c.Strings("setting"), ",") != text {
				t.Fatalf("%q became %q", text, c.Strings("setting"))
			}
			if s.Type == platform.StringSetting && c.String("setting") != text {
				t.Fatalf("%q became %q", text, c.String("setting"))
			}
			return
		}
		if !errors.Is(err, platform.ErrInvalid) || !strings.Contains(err.Error(), "TOOL") {
			t.Fatalf("%q: %v", text, err)
		}
		if sensitive && len(text) > 8 && strings.Contains(err.Error(), text) {
			t.Fatalf("the error tells the secret: %v", err)
		}
	})
}

// FuzzNaturalOrder compares keys: the order is total, and Keys follows it.
func FuzzNaturalOrder(f *testing.F) {
	for _, seed := range [][3]string{{"eth2", "eth10", "eth02"}, {"", "a", "1"}, {"a1b2", "a1b10", "a01b2"}, {"9", "10", "١"}, {"a", "a", "A"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, ba := platform.CompareNatural(a, b), platform.CompareNatural(b, a)
		if ab != -ba || (ab == 0) != (a == b) && utf8.ValidString(a+b) {
			t.Fatalf("%q against %q is %d, the other way round %d", a, b, ab, ba)
		}
		list := []string{a, b, c}
		slices.SortFunc(list, platform.CompareNatural)
		if platform.CompareNatural(list[0], list[2]) > 0 {
			t.Fatalf("%q are in no order", list)
		}
	})
}
