package provider_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// planned is what a plan says, by resource address. Data sources are left out.
type planned struct {
	// Actions says what will be done: "create", "update", "delete", "delete create", "import", "import update".
	// Resources that stay as they are have no entry.
	Actions map[string]string
	// Changes has the changed attributes of each action, such as "disks.data.size": `"1GiB" → "2GiB"`.
	Changes map[string]map[string]string
	// Drift has what was found changed since the last apply, in the same form; "gone" where the object is.
	Drift map[string]map[string]string
}

// planned plans and reads the plan as JSON.
func (w *workspace) planned(args ...string) planned {
	w.Helper()
	w.must(0, append([]string{"plan", "-out=plan.bin"}, args...)...)
	plan := w.json()
	p := planned{Actions: map[string]string{}, Changes: map[string]map[string]string{}, Drift: map[string]map[string]string{}}
	for _, r := range plan.ResourceChanges {
		if action := actionOf(r); r.Mode == tfjson.ManagedResourceMode && action != "" {
			p.Actions[r.Address] = action
			p.Changes[r.Address] = changed(r.Change)
		}
	}
	for _, r := range plan.ResourceDrift {
		p.Drift[r.Address] = changed(r.Change)
		if r.Change.Actions.Delete() {
			p.Drift[r.Address] = map[string]string{"": "gone"}
		}
	}
	return p
}

// json reads the plan that was written last.
func (w *workspace) json() *tfjson.Plan {
	w.Helper()
	out, err := w.Command(w.Context(), "show", "-json", "plan.bin").Output()
	if err != nil {
		w.Fatalf("terraform show -json: %v\n%s", err, out)
	}
	var plan tfjson.Plan
	if err := json.Unmarshal(out, &plan); err != nil {
		w.Fatal(err)
	}
	return &plan
}

func actionOf(r *tfjson.ResourceChange) string {
	var words []string
	if r.Change.Importing != nil {
		words = append(words, "import")
	}
	for _, a := range r.Change.Actions {
		if a != tfjson.ActionNoop {
			words = append(words, string(a))
		}
	}
	return strings.Join(words, " ")
}

// changed lists the attributes that differ before and after.
func changed(c *tfjson.Change) map[string]string {
	before, after := map[string]string{}, map[string]string{}
	flatten(before, "", c.Before)
	flatten(after, "", c.After)
	unknown(after, "", c.AfterUnknown)
	diff := map[string]string{}
	for path, old := range before {
		switch now, ok := after[path]; {
		case !ok && !covered(after, path):
			diff[path] = old + " → null"
		case now == "unknown":
			diff[path] = "→ unknown"
		case ok && now != old:
			diff[path] = old + " → " + now
		}
	}
	for path, now := range after {
		switch _, ok := before[path]; {
		case !ok && now == "unknown": // also of a group, whose old values are not listed
			diff[path] = "→ unknown"
		case !ok:
			diff[path] = "null → " + now
		}
	}
	return diff
}

// covered reports whether something around an attribute is unknown as a whole.
func covered(values map[string]string, path string) bool {
	for i := strings.LastIndexByte(path, '.'); i > 0; i = strings.LastIndexByte(path[:i], '.') {
		if values[path[:i]] == "unknown" {
			return true
		}
	}
	return false
}

// flatten writes every value that is not null under its path.
func flatten(into map[string]string, path string, v any) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for key, e := range v {
			flatten(into, strings.TrimPrefix(path+"."+key, "."), e)
		}
	case []any:
		for i, e := range v {
			flatten(into, fmt.Sprintf("%s.%d", path, i), e)
		}
	default:
		text, _ := json.Marshal(v)
		into[path] = string(text)
	}
}

func unknown(into map[string]string, path string, v any) {
	switch v := v.(type) {
	case bool:
		if v {
			into[path] = "unknown"
		}
	case map[string]any:
		for key, e := range v {
			unknown(into, strings.TrimPrefix(path+"."+key, "."), e)
		}
	case []any:
		for i, e := range v {
			unknown(into, fmt.Sprintf("%s.%d", path, i), e)
		}
	}
}

// resourceState is one resource of a state.
type resourceState struct {
	Address, Type string
	Values        map[string]any
}

func (r resourceState) text(name string) string {
	s, _ := r.Values[name].(string)
	return s
}

// resources lists what is in the state, sorted by address.
func (w *workspace) resources() []resourceState {
	w.Helper()
	out, err := w.Command(w.Context(), "show", "-json").Output()
	if err != nil {
		w.Fatalf("terraform show -json: %v\n%s", err, out)
	}
	var state tfjson.State
	if err := json.Unmarshal(out, &state); err != nil {
		w.Fatal(err)
	}
	var list []resourceState
	var walk func(*tfjson.StateModule)
	walk = func(m *tfjson.StateModule) {
		for _, r := range m.Resources {
			if r.Mode == tfjson.ManagedResourceMode {
				list = append(list, resourceState{r.Address, r.Type, r.AttributeValues})
			}
		}
		for _, child := range m.ChildModules {
			walk(child)
		}
	}
	if state.Values != nil {
		walk(state.Values.RootModule)
	}
	slices.SortFunc(list, func(a, b resourceState) int { return strings.Compare(a.Address, b.Address) })
	return list
}

// resource finds one resource of the state.
func (w *workspace) resource(address string) resourceState {
	w.Helper()
	for _, r := range w.resources() {
		if r.Address == address {
			return r
		}
	}
	w.Fatalf("the state has no %s", address)
	return resourceState{}
}
