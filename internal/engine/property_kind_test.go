package engine

import (
	"reflect"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// The kinds of the property tests. The tag `class` lists the classes that are legal for an attribute, one of which is
// drawn for each case: r required, o owned (Optional), k kept (Optional and Computed), c computed, w write-only. On a
// struct it stands for a nested attribute, or for a block where it is b. A map of structs is a keyed map.

// propWide has every shape once at least.
type propWide struct {
	platform.Meta
	platform.Labels
	Name string `tfsdk:"name" class:"r"`
	propTexts
	Words []string          `tfsdk:"words" class:"ok"`
	Hosts []string          `tfsdk:"hosts" class:"rc"`
	Props map[string]string `tfsdk:"props" class:"ok"`
	propPowered
	Boot  *propBoot           `tfsdk:"boot" class:"k"`
	Deep  *propDeep           `tfsdk:"deep" class:"o"`
	Parts map[string]propPart `tfsdk:"parts" class:"or"`
	Ports map[string]propPort `tfsdk:"ports" class:"o"`
	propLoose
	Login *propLogin  `tfsdk:"login" class:"b"`
	Wait  *propWait   `tfsdk:"wait" class:"b" virt:"local"`
	Acme  *propOwn    `tfsdk:"acme" class:"b" virt:"platform"`
	Zeta  *propOwn    `tfsdk:"zeta" class:"b" virt:"platform"`
	Facts *propLooked `tfsdk:"facts" class:"c"`
}

// propElements is about keyed maps.
type propElements struct {
	platform.Meta
	Name  string              `tfsdk:"name" class:"r"`
	Count *int64              `tfsdk:"number" class:"ok"`
	Parts map[string]propPart `tfsdk:"parts" class:"or"`
	propLoose
	Ports  map[string]propPort `tfsdk:"ports" class:"o"`
	Serial *string             `tfsdk:"serial" class:"c"`
}

// propLeaves is about plain attributes and blocks.
type propLeaves struct {
	platform.Meta
	platform.Labels
	Name   string            `tfsdk:"name" class:"r"`
	Note   *string           `tfsdk:"note" class:"ok"`
	Volume *platform.Size    `tfsdk:"volume" class:"rok"`
	Words  []string          `tfsdk:"words" class:"ok"`
	Props  map[string]string `tfsdk:"props" class:"ok"`
	propPowered
	Boot  *propBoot  `tfsdk:"boot" class:"k"`
	Login *propLogin `tfsdk:"login" class:"b"`
	Acme  *propOwn   `tfsdk:"acme" class:"b" virt:"platform"`
}

type propTexts struct {
	Note   *string        `tfsdk:"note" class:"ok"`
	Motto  *string        `tfsdk:"motto" class:"rok"`
	Tone   *propFold      `tfsdk:"tone" class:"ok"`
	Flag   *bool          `tfsdk:"flag" class:"rok"`
	Guard  *bool          `tfsdk:"guard" class:"ok"`
	Count  *int64         `tfsdk:"number" class:"rok"`
	Level  *int64         `tfsdk:"level" class:"ok"`
	Volume *platform.Size `tfsdk:"volume" class:"rok"`
	Quota  *platform.Size `tfsdk:"quota" class:"ok"`
}

type propPowered struct {
	Power    *string           `tfsdk:"power" class:"k"`
	Allow    *bool             `tfsdk:"allow" class:"o" virt:"local"`
	BootedAt *string           `tfsdk:"booted_at" class:"c"`
	Serial   *string           `tfsdk:"serial" class:"c"`
	Native   map[string]string `tfsdk:"native" class:"c"`
}

// propLoose shows the elements that nobody declared.
type propLoose struct {
	LooseParts map[string]propStray `tfsdk:"loose_parts" class:"c"`
	LoosePorts map[string]propStray `tfsdk:"loose_ports" class:"c"`
}

type propBoot struct {
	Size   *platform.Size `tfsdk:"size" class:"k"`
	Sort   *string        `tfsdk:"sort" class:"ok"`
	Label  *string        `tfsdk:"label" class:"o"`
	Serial *string        `tfsdk:"serial" class:"c"`
	ID     *string        `tfsdk:"id" class:"c" virt:"binding"`
}

type propDeep struct {
	First *string   `tfsdk:"first" class:"or"`
	Count *int64    `tfsdk:"number" class:"o"`
	Hint  *bool     `tfsdk:"hint" class:"o" virt:"local"`
	Rest  *propRest `tfsdk:"rest" class:"o"`
}

type propRest struct {
	Words []string          `tfsdk:"words" class:"o"`
	Props map[string]string `tfsdk:"props" class:"o"`
}

// propPart holds data, as a disk does.
type propPart struct {
	Size   *platform.Size `tfsdk:"size" class:"rk"`
	Sort   *string        `tfsdk:"sort" class:"k"`
	Label  *string        `tfsdk:"label" class:"ok"`
	Delete *bool          `tfsdk:"delete" class:"o" virt:"local"`
	Serial *string        `tfsdk:"serial" class:"c"`
	ID     *string        `tfsdk:"id" class:"c" virt:"binding"`
}

type propPort struct {
	Net   *string   `tfsdk:"net" class:"or"`
	MAC   *string   `tfsdk:"mac" class:"k" virt:"binding"`
	Words []string  `tfsdk:"words" class:"o"`
	Rest  *propRest `tfsdk:"rest" class:"o"`
	ID    *string   `tfsdk:"id" class:"c" virt:"binding"`
}

type propStray struct {
	ID *string `tfsdk:"id" class:"c"`
}

type propLooked struct {
	Serial *string `tfsdk:"serial" class:"c"`
}

type propLogin struct {
	User          *string  `tfsdk:"user" class:"o"`
	Keys          []string `tfsdk:"keys" class:"o"`
	Secret        *string  `tfsdk:"secret" class:"w"`
	SecretVersion *int64   `tfsdk:"secret_version" class:"o"`
}

type propWait struct {
	Address *string `tfsdk:"address" class:"o"`
	Agent   *bool   `tfsdk:"agent" class:"o"`
}

type propOwn struct {
	Folder *string           `tfsdk:"folder" class:"ok"`
	Cores  *int64            `tfsdk:"cores" class:"ok"`
	Extra  map[string]string `tfsdk:"extra" class:"o" virt:"keys"`
}

// propFold is a text in which upper and lower case mean the same.
type propFold string

func (f *propFold) UnmarshalText(b []byte) error {
	*f = propFold(strings.ToLower(string(b)))
	return nil
}

func (f propFold) MarshalText() ([]byte, error) { return []byte(f), nil }

// propFields lists the attributes of a struct, embedded structs included.
func propFields(t reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if f.Tag.Get("tfsdk") != "" {
			list = append(list, f)
		}
	}
	return list
}

// propPlain turns a struct into plain values: nil, string, bool, int64 (bytes for a Size), []any and map[string]any.
func propPlain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return propPlain(v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = propPlain(v.Index(i))
		}
		return list
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
		m := map[string]any{}
		for it := v.MapRange(); it.Next(); {
			m[it.Key().String()] = propPlain(it.Value())
		}
		return m
	case reflect.Struct:
		m := map[string]any{}
		for _, f := range propFields(v.Type()) {
			m[f.Tag.Get("tfsdk")] = propPlain(v.FieldByIndex(f.Index))
		}
		return m
	case reflect.Int64:
		return v.Int()
	case reflect.Bool:
		return v.Bool()
	}
	return v.String()
}

// propFill writes a plain value into a struct's field; with gaps, only where there is no value yet.
func propFill(v any, dst reflect.Value, gaps bool) {
	switch {
	case v == nil:
		if !gaps {
			dst.SetZero()
		}
		return
	case dst.Kind() == reflect.Pointer:
		if dst.IsNil() {
			dst.Set(reflect.New(dst.Type().Elem()))
		} else if gaps && dst.Elem().Kind() != reflect.Struct {
			return
		}
		propFill(v, dst.Elem(), gaps)
		return
	case dst.Kind() == reflect.Struct:
		for _, f := range propFields(dst.Type()) {
			if e, ok := v.(map[string]any)[f.Tag.Get("tfsdk")]; ok {
				propFill(e, dst.FieldByIndex(f.Index), gaps)
			}
		}
		return
	}
	propFillPlain(v, dst, gaps)
}

func propFillPlain(v any, dst reflect.Value, gaps bool) {
	switch dst.Kind() {
	case reflect.Map:
		m := reflect.MakeMap(dst.Type())
		for key, e := range v.(map[string]any) {
			elem := reflect.New(dst.Type().Elem()).Elem()
			if old := dst.MapIndex(reflect.ValueOf(key)); gaps && old.IsValid() {
				elem.Set(old)
			}
			propFill(e, elem, gaps)
			m.SetMapIndex(reflect.ValueOf(key), elem)
		}
		if !gaps || dst.IsNil() || dst.Type().Elem().Kind() == reflect.Struct {
			dst.Set(m)
		}
	case reflect.Slice:
		if gaps && !dst.IsNil() {
			return
		}
		list := reflect.MakeSlice(dst.Type(), len(v.([]any)), len(v.([]any)))
		for i, e := range v.([]any) {
			propFill(e, list.Index(i), false)
		}
		dst.Set(list)
	case reflect.String:
		if !gaps || dst.String() == "" {
			dst.SetString(v.(string))
		}
	case reflect.Bool:
		dst.SetBool(v.(bool))
	case reflect.Int64:
		dst.SetInt(v.(int64))
	}
}
