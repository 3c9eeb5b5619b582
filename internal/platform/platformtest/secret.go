package platformtest

import (
	"encoding/base64"

	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func secretSubject() *subject {
	k := newSubject(kind.Secret())
	hidden := func(version int) Config { return Config{"value_wo_version": version} }
	k.values = Values{
		"value":            {Old: "one", New: "two", Gone: Config{"value_base64": inBase64("three")}},
		"value_base64":     {Old: inBase64("one"), New: inBase64("two"), Without: []string{"value"}, Gone: Config{"value": "three"}, Alone: true},
		"value_wo":         {Old: "one", New: "two", Without: []string{"value"}, With: hidden(1), NewWith: hidden(2), Alone: true},
		"value_wo_version": {Old: 1, New: 2, Without: []string{"value"}, With: Config{"value_wo": "one"}, Gone: Config{"value_wo": nil, "value": "three"}, Alone: true},
		"tags":             tagPair(),
		"docker.template":  {Old: "golang", New: "golang"},
	}
	k.minimal = func(*Bench) Config { return Config{"value": "least"} }
	k.update = []string{"value", "tags"}
	k.byHand = []string{"name", "tags"}
	return k
}

func configSubject() *subject {
	k := newSubject(kind.Config())
	k.values = Values{
		"value":           {Old: "one", New: "two", Gone: Config{"value_base64": inBase64("three")}},
		"value_base64":    {Old: inBase64("one"), New: inBase64("two"), Without: []string{"value"}, Gone: Config{"value": "three"}, Alone: true},
		"tags":            tagPair(),
		"docker.template": {Old: "golang", New: "golang"},
	}
	k.minimal = func(*Bench) Config { return Config{"value": "least"} }
	k.update = []string{"value", "tags"}
	k.byHand = []string{"name", "value", "tags"}
	return k
}

func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// tagPair is two sets of tags, of which one has a key with another value and a further key.
func tagPair() Pair { return Of(Config{"role": "web"}, Config{"role": "db", "tier": "1"}) }
