package sandbox

import (
	"encoding/json"
	"maps"
	"reflect"
)

// blockOf gives the options of a platform inside a kind's struct: a pointer field named like the platform's block.
func blockOf(object any, block string) (reflect.Value, bool) {
	v := reflect.ValueOf(object).Elem()
	for _, f := range fieldsOf(v.Type()) {
		if f.block && f.name == block {
			return v.FieldByIndex(f.index), true
		}
	}
	return reflect.Value{}, false
}

// fillBlock gives have the options that are stored.
func fillBlock(have any, block string, stored map[string]json.RawMessage) {
	v, ok := blockOf(have, block)
	if !ok || len(stored) == 0 {
		return
	}
	options := reflect.New(v.Type().Elem())
	for _, f := range fieldsOf(options.Elem().Type()) {
		if raw, ok := stored[f.name]; ok {
			_ = json.Unmarshal(raw, options.Elem().FieldByIndex(f.index).Addr().Interface()) // a value of another type, set by hand, reads as none
		}
	}
	v.Set(options)
}

// setBlock stores the options that want sets and drops those that only prior had; prior may be nil. Of a map only
// the keys that were given are managed.
func setBlock(h *head, block string, prior, want any) error {
	w, ok := blockOf(want, block)
	if !ok {
		return nil
	}
	p := reflect.Zero(w.Type())
	if reflect.ValueOf(prior).IsValid() && !reflect.ValueOf(prior).IsNil() {
		p, _ = blockOf(prior, block)
	}
	stored := maps.Clone(h.Blocks[block])
	if stored == nil {
		stored = map[string]json.RawMessage{}
	}
	for _, f := range fieldsOf(w.Type().Elem()) {
		if err := setOption(stored, f.name, option(p, f), option(w, f)); err != nil {
			return err
		}
	}
	h.Blocks = maps.Clone(h.Blocks)
	if h.Blocks == nil {
		h.Blocks = map[string]map[string]json.RawMessage{}
	}
	h.Blocks[block] = stored
	if len(stored) == 0 {
		delete(h.Blocks, block)
	}
	return nil
}

// option is a field of a block that may be absent as a whole.
func option(block reflect.Value, f field) reflect.Value {
	if block.IsNil() {
		return reflect.Zero(block.Type().Elem().FieldByIndex(f.index).Type)
	}
	return block.Elem().FieldByIndex(f.index)
}

func setOption(stored map[string]json.RawMessage, name string, prior, want reflect.Value) error {
	if want.Kind() == reflect.Map {
		merged := reflect.New(want.Type())
		if raw, ok := stored[name]; ok {
			if err := json.Unmarshal(raw, merged.Interface()); err != nil {
				return err
			}
		}
		want = mergeMap(merged.Elem(), prior, want)
	}
	if want.IsZero() || want.Kind() == reflect.Map && want.Len() == 0 {
		if !prior.IsZero() {
			delete(stored, name)
		}
		return nil
	}
	raw, err := json.Marshal(want.Interface())
	stored[name] = raw
	return err
}

func mergeMap(now, prior, want reflect.Value) reflect.Value {
	if now.IsNil() {
		now = reflect.MakeMap(want.Type())
	}
	for _, k := range prior.MapKeys() {
		now.SetMapIndex(k, reflect.Value{})
	}
	for _, k := range want.MapKeys() {
		now.SetMapIndex(k, want.MapIndex(k))
	}
	return now
}
