package enginetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// wide is a schema with every way to nest: each name says its mode, and a
// trailing c that the nested attribute is optional and computed.
func wide(t *testing.T) *body {
	t.Helper()
	leaves := []*tfprotov6.SchemaAttribute{
		{Name: "set", Type: tftypes.String, Optional: true},
		{Name: "made", Type: tftypes.String, Computed: true},
		{Name: "both", Type: tftypes.String, Optional: true, Computed: true},
	}
	nested := func(name string, m tfprotov6.SchemaObjectNestingMode, computed bool) *tfprotov6.SchemaAttribute {
		return &tfprotov6.SchemaAttribute{Name: name, Optional: true, Computed: computed, NestedType: &tfprotov6.SchemaObject{Attributes: leaves, Nesting: m}}
	}
	block := func(name string, m tfprotov6.SchemaNestedBlockNestingMode) *tfprotov6.SchemaNestedBlock {
		return &tfprotov6.SchemaNestedBlock{TypeName: name, Nesting: m, Block: &tfprotov6.SchemaBlock{Attributes: leaves}}
	}
	b, err := compileBlock(&tfprotov6.SchemaBlock{
		Attributes: append([]*tfprotov6.SchemaAttribute{
			{Name: "wo", Type: tftypes.String, Optional: true, WriteOnly: true},
			{Name: "strings", Type: tftypes.List{ElementType: tftypes.String}, Optional: true},
			{Name: "members", Type: tftypes.Set{ElementType: tftypes.String}, Optional: true},
			{Name: "object", Type: tftypes.Object{AttributeTypes: map[string]tftypes.Type{"a": tftypes.Bool, "n": tftypes.Number}}, Optional: true},
			nested("one", tfprotov6.SchemaObjectNestingModeSingle, false),
			nested("onec", tfprotov6.SchemaObjectNestingModeSingle, true),
			nested("list", tfprotov6.SchemaObjectNestingModeList, false),
			nested("map", tfprotov6.SchemaObjectNestingModeMap, false),
			nested("mapc", tfprotov6.SchemaObjectNestingModeMap, true),
			nested("bag", tfprotov6.SchemaObjectNestingModeSet, false),
		}, leaves...),
		BlockTypes: []*tfprotov6.SchemaNestedBlock{
			block("bone", tfprotov6.SchemaNestedBlockNestingModeSingle), block("bgroup", tfprotov6.SchemaNestedBlockNestingModeGroup),
			block("blist", tfprotov6.SchemaNestedBlockNestingModeList), block("bmap", tfprotov6.SchemaNestedBlockNestingModeMap),
			block("bbag", tfprotov6.SchemaNestedBlockNestingModeSet),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type obj = map[string]any

func build(t *testing.T, b *body, in Config) tftypes.Value {
	t.Helper()
	if in == nil {
		return tftypes.NewValue(b.typ, nil)
	}
	v, err := b.config(in)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// trim drops what is null or empty, to keep the tables short.
func trim(in any) any {
	m, ok := in.(obj)
	if !ok {
		return in
	}
	out := obj{}
	for k, v := range m {
		v = trim(v)
		switch x := v.(type) {
		case nil:
			continue
		case obj:
			if len(x) == 0 && (k == "bgroup" || k == "bmap") {
				continue
			}
		case []any:
			for i := range x {
				x[i] = trim(x[i])
			}
			if len(x) == 0 {
				continue
			}
		}
		out[k] = v
	}
	return out
}

func TestPropose(t *testing.T) {
	full := obj{"set": "s", "made": "m", "both": "b"}
	for name, c := range map[string]struct{ prior, config, want Config }{
		"create keeps the configuration": {nil, Config{"set": "x", "list": []any{obj{"set": "y"}}}, obj{"set": "x", "list": []any{obj{"set": "y"}}}},
		"computed keeps its prior value": {full, Config{"set": "x"}, obj{"set": "x", "made": "m", "both": "b"}},
		"configured wins":                {full, Config{"both": "x"}, obj{"made": "m", "both": "x"}},
		"unknown wins":                   {full, Config{"both": Unknown}, obj{"made": "m", "both": Unknown}},
		"single":                         {Config{"one": full}, Config{"one": obj{"set": "x"}}, obj{"one": obj{"set": "x", "made": "m", "both": "b"}}},
		"single removed":                 {Config{"one": full}, Config{}, obj{}},
		"single unknown":                 {Config{"one": full}, Config{"one": Unknown}, obj{"one": Unknown}},
		"computed single that was configured": {
			Config{"onec": full}, Config{}, obj{},
		},
		"computed single that was not": {
			Config{"onec": obj{"made": "m", "both": "b"}}, Config{}, obj{"onec": obj{"made": "m", "both": "b"}},
		},
		"computed map that was configured": {Config{"mapc": obj{"a": full}}, Config{}, obj{}},
		"computed map that was not":        {Config{"mapc": obj{"a": obj{"made": "m"}}}, Config{}, obj{"mapc": obj{"a": obj{"made": "m"}}}},
		"list by position": {
			Config{"list": []any{full}},
			Config{"list": []any{obj{"set": "x"}, obj{"set": "y"}}},
			obj{"list": []any{obj{"set": "x", "made": "m", "both": "b"}, obj{"set": "y"}}},
		},
		"map by key": {
			Config{"map": obj{"a": full, "b": full}},
			Config{"map": obj{"b": obj{}, "c": obj{}}},
			obj{"map": obj{"b": obj{"made": "m", "both": "b"}, "c": obj{}}},
		},
		"map with an unknown element": {
			Config{}, Config{"map": obj{"a": Unknown}}, obj{"map": obj{"a": obj{"set": Unknown, "made": Unknown, "both": Unknown}}},
		},
		"set by what is configured": {
			Config{"bag": []any{obj{"set": "a", "made": "1"}, obj{"set": "b", "made": "2"}}},
			Config{"bag": []any{obj{"set": "b"}, obj{"set": "c"}}},
			obj{"bag": []any{obj{"set": "b", "made": "2"}, obj{"set": "c"}}},
		},
		"set members that differ in what is computed": {
			Config{"bbag": []any{obj{"made": "1"}, obj{"made": "2"}}},
			Config{"bbag": []any{obj{}, obj{"both": "x"}}},
			obj{"bbag": []any{obj{"made": "1"}, obj{"both": "x"}}},
		},
		"blocks": {
			Config{"bone": full, "bgroup": full, "blist": []any{full}, "bmap": obj{"a": full}},
			Config{"bone": obj{}, "bgroup": obj{"set": "x"}, "blist": []any{obj{}}, "bmap": obj{"a": obj{"both": "y"}}},
			obj{
				"bone": obj{"made": "m", "both": "b"}, "bgroup": obj{"set": "x", "made": "m", "both": "b"},
				"blist": []any{obj{"made": "m", "both": "b"}}, "bmap": obj{"a": obj{"made": "m", "both": "y"}},
			},
		},
		"blocks removed":  {Config{"bone": full, "blist": []any{full}, "bmap": obj{"a": full}}, Config{}, obj{}},
		"dynamic blocks":  {Config{"blist": []any{full}}, Config{"blist": Unknown}, obj{"blist": Unknown}},
		"write-only kept": {Config{}, Config{"wo": "x"}, obj{"wo": "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := wide(t)
			got := b.propose(build(t, b, c.prior), build(t, b, c.config))
			if d := cmp.Diff(any(c.want), trim(Plain(got))); d != "" {
				t.Fatal(d)
			}
		})
	}
}

func found(f findings) []string {
	var out []string
	for _, x := range f.list {
		out = append(out, x.at.String())
	}
	return out
}

func sameStrings(want, got []string) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.SortSlices(func(a, b string) bool { return a < b }))
}

func TestPlanRules(t *testing.T) {
	for name, c := range map[string]struct {
		prior, config, planned Config
		want                   []string
	}{
		"as configured":               {nil, Config{"set": "x"}, Config{"set": "x"}, nil},
		"computed filled":             {nil, Config{}, Config{"made": "x", "both": Unknown, "onec": obj{"set": "x"}}, nil},
		"prior in other words":        {Config{"set": "1GiB"}, Config{"set": "1024MiB"}, Config{"set": "1GiB"}, nil},
		"neither prior nor config":    {Config{"set": "a"}, Config{"set": "b"}, Config{"set": "c"}, []string{"set"}},
		"removal must be planned":     {Config{"set": "a"}, Config{}, Config{"set": "a"}, []string{"set"}},
		"configured made unknown":     {nil, Config{"both": "x"}, Config{"both": Unknown}, []string{"both"}},
		"unknown made known":          {nil, Config{"both": Unknown}, Config{"both": "x"}, []string{"both"}},
		"unknown kept as prior":       {Config{"both": "x"}, Config{"both": Unknown}, Config{"both": "x"}, nil},
		"list of strings":             {nil, Config{"strings": []any{"a"}}, Config{"strings": []any{"b"}}, []string{"strings"}},
		"write-only nulled":           {nil, Config{"wo": "x"}, Config{}, nil},
		"single absent":               {nil, Config{"one": obj{}}, Config{}, []string{"one"}},
		"single present":              {nil, Config{}, Config{"one": obj{}}, []string{"one"}},
		"single unknown":              {nil, Config{"one": obj{}}, Config{"one": Unknown}, []string{"one"}},
		"single inside":               {nil, Config{"one": obj{"set": "a"}}, Config{"one": obj{"set": "b", "made": "m"}}, []string{"one.set"}},
		"nested list longer":          {nil, Config{"list": []any{obj{}}}, Config{"list": []any{obj{}, obj{}}}, []string{"list"}},
		"nested list inside":          {nil, Config{"list": []any{obj{}}}, Config{"list": []any{obj{"set": "x"}}}, []string{"list[0].set"}},
		"nested list computed":        {nil, Config{"list": []any{obj{}}}, Config{"list": []any{obj{"both": "x"}}}, nil},
		"nested map other key":        {nil, Config{"map": obj{"a": obj{}}}, Config{"map": obj{"b": obj{}}}, []string{`map["b"]`}},
		"nested map inside":           {nil, Config{"map": obj{"a": obj{}}}, Config{"map": obj{"a": obj{"set": "x"}}}, []string{`map["a"].set`}},
		"nested map prior":            {Config{"map": obj{"a": obj{"set": "p"}}}, Config{"map": obj{"a": obj{"set": "c"}}}, Config{"map": obj{"a": obj{"set": "p"}}}, nil},
		"nested map unknown config":   {nil, Config{"map": Unknown}, Config{"map": obj{"a": obj{}}}, []string{"map"}},
		"nested set size":             {nil, Config{"bag": []any{obj{"set": "a"}}}, Config{"bag": []any{obj{"set": "a"}, obj{"set": "b"}}}, []string{"bag"}},
		"nested set may coalesce":     {nil, Config{"bag": []any{obj{"set": "a"}}}, Config{"bag": []any{obj{"set": "a"}, obj{"set": Unknown}}}, nil},
		"nested set emptied":          {nil, Config{"bag": []any{obj{"set": Unknown}}}, Config{"bag": []any{}}, []string{"bag"}},
		"nested set inside is free":   {nil, Config{"bag": []any{obj{"set": "a"}}}, Config{"bag": []any{obj{"set": "b"}}}, nil},
		"block appears":               {nil, Config{}, Config{"bone": obj{}}, []string{"bone"}},
		"block vanishes":              {nil, Config{"bone": obj{}}, Config{}, []string{"bone"}},
		"block unknown":               {nil, Config{"bone": obj{}}, Config{"bone": Unknown}, []string{"bone"}},
		"block list longer":           {nil, Config{}, Config{"blist": []any{obj{}}}, []string{"blist"}},
		"block list inside":           {nil, Config{"blist": []any{obj{}}}, Config{"blist": []any{obj{"set": "x"}}}, []string{"blist[0].set"}},
		"block list element unknown":  {nil, Config{"blist": []any{obj{}}}, Config{"blist": []any{Unknown}}, []string{"blist[0]"}},
		"block map other key":         {nil, Config{"bmap": obj{"a": obj{}}}, Config{"bmap": obj{"b": obj{}}}, []string{`bmap["b"]`}},
		"block map inside":            {nil, Config{"bmap": obj{"a": obj{}}}, Config{"bmap": obj{"a": obj{"set": "x"}}}, []string{`bmap["a"].set`}},
		"block set member unknown":    {nil, Config{"bbag": []any{obj{}}}, Config{"bbag": []any{Unknown}}, []string{"bbag[*]"}},
		"block group inside":          {nil, Config{}, Config{"bgroup": obj{"set": "x"}}, []string{"bgroup.set"}},
		"dynamic block must stay so":  {nil, Config{"blist": Unknown}, Config{"blist": []any{}}, []string{"blist"}},
		"dynamic block that stays so": {nil, Config{"blist": Unknown}, Config{"blist": Unknown}, nil},
		"absent":                      {nil, Config{}, nil, []string{""}},
		"present":                     {nil, nil, Config{}, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			b := wide(t)
			var f findings
			f.plan(b, build(t, b, c.prior), build(t, b, c.config), build(t, b, c.planned), nil)
			if d := sameStrings(c.want, found(f)); d != "" {
				t.Fatal(d, f.list)
			}
		})
	}
}

func TestCompleteRules(t *testing.T) {
	for name, c := range map[string]struct {
		planned, actual Config
		want            []string
	}{
		"unknowns filled": {
			Config{"made": Unknown, "one": obj{"made": Unknown}, "map": Unknown, "strings": []any{Unknown}},
			Config{"made": "x", "one": obj{"made": nil}, "map": obj{"a": obj{}}, "strings": []any{"x"}},
			nil,
		},
		"value changed":             {Config{"set": "a"}, Config{"set": "b"}, []string{"set"}},
		"value vanished":            {Config{"set": "a"}, Config{}, []string{"set"}},
		"value appeared":            {Config{}, Config{"made": "a"}, []string{"made"}},
		"known became unknown":      {Config{"made": "a"}, Config{"made": Unknown}, []string{"made"}},
		"list longer":               {Config{"strings": []any{"a"}}, Config{"strings": []any{"a", "b"}}, []string{"strings[1]"}},
		"list shorter":              {Config{"strings": []any{"a", "b"}}, Config{"strings": []any{"a"}}, []string{"strings[1]"}},
		"list element":              {Config{"strings": []any{"a"}}, Config{"strings": []any{"b"}}, []string{"strings[0]"}},
		"object attribute":          {Config{"object": obj{"a": true, "n": 1}}, Config{"object": obj{"a": true, "n": 2}}, []string{"object.n"}},
		"nested list element":       {Config{"list": []any{obj{"set": "a"}}}, Config{"list": []any{obj{"set": "b"}}}, []string{"list[0].set"}},
		"map keys":                  {Config{"map": obj{"a": obj{}}}, Config{"map": obj{"b": obj{}}}, []string{`map["a"]`, `map["b"]`}},
		"set in another order":      {Config{"members": []any{"a", "b"}}, Config{"members": []any{"b", "a"}}, nil},
		"set with unknown":          {Config{"members": []any{"a", Unknown}}, Config{"members": []any{"a"}}, nil},
		"set that grows":            {Config{"members": []any{"a", Unknown}}, Config{"members": []any{"a", "b", "c"}}, []string{"members"}},
		"set member lost":           {Config{"members": []any{"a", "b"}}, Config{"members": []any{"a"}}, []string{"members[*]"}},
		"set member new":            {Config{"members": []any{"a", "b"}}, Config{"members": []any{"a", "c"}}, []string{"members[*]"}},
		"block vanished":            {Config{"bone": obj{}}, Config{}, []string{"bone"}},
		"block appeared":            {Config{}, Config{"bone": obj{}}, []string{"bone"}},
		"unknown block":             {Config{"bone": Unknown}, Config{}, nil},
		"block list longer":         {Config{"blist": []any{obj{}}}, Config{"blist": []any{obj{}, obj{}}}, []string{"blist"}},
		"block list inside":         {Config{"blist": []any{obj{"set": "a"}}}, Config{"blist": []any{obj{"set": "b"}}}, []string{"blist[0].set"}},
		"unknown block list":        {Config{"blist": Unknown}, Config{"blist": []any{obj{}}}, nil},
		"block map inside":          {Config{"bmap": obj{"a": obj{"made": Unknown}}}, Config{"bmap": obj{"a": obj{"made": "x"}}}, nil},
		"block map key":             {Config{"bmap": obj{"a": obj{}}}, Config{"bmap": obj{"b": obj{}}}, []string{`bmap["a"]`}},
		"block set inside":          {Config{"bbag": []any{obj{"set": "a", "made": Unknown}}}, Config{"bbag": []any{obj{"set": "a", "made": "x"}}}, nil},
		"block set member replaced": {Config{"bbag": []any{obj{"set": "a"}}}, Config{"bbag": []any{obj{"set": "b"}}}, []string{"bbag[*]"}},
		"all gone":                  {Config{}, nil, []string{""}},
		"all new":                   {nil, Config{}, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			b := wide(t)
			var f findings
			f.complete(b, build(t, b, c.planned), build(t, b, c.actual), nil)
			if d := sameStrings(c.want, found(f)); d != "" {
				t.Fatal(d, f.list)
			}
		})
	}
}

func TestConvert(t *testing.T) {
	b := wide(t)
	n := 2
	v := build(t, b, Config{
		"set": 5, "both": true, "strings": []int{1, 2}, "members": [2]float64{0.5, 0.5}, "object": map[string]any{"a": "true", "n": &n},
		"one": tftypes.NewValue(tftypes.DynamicPseudoType, nil), "made": tftypes.NewValue(tftypes.String, "as is"),
	})
	want := obj{
		"set": "5", "both": "true", "strings": []any{"1", "2"}, "members": []any{"0.5"}, "object": obj{"a": true, "n": int64(2)}, "made": "as is",
	}
	if d := cmp.Diff(any(want), trim(Plain(v))); d != "" {
		t.Fatal(d)
	}
	text, err := MarshalJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	back, err := tfprotov6.RawState{JSON: text}.Unmarshal(b.typ)
	if err != nil || !equal(v, back) {
		t.Fatalf("%v: %s", err, text)
	}
	if _, err := MarshalJSON(tftypes.NewValue(tftypes.String, tftypes.UnknownValue)); err == nil {
		t.Fatal("stored an unknown value")
	}
}
