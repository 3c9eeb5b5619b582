package docker

import (
	"crypto/rand"
	"encoding/json"
	"maps"
)

// Labels under which the engine keeps what it has no place for. They are ours and never appear among tags.
const (
	labelOrigin = "io.terraform-virt.origin" // what we made: "terraform-provider-virt"
	labelKeys   = "io.terraform-virt.keys"   // JSON: attribute to native id of an element to the user's key
	labelSecret = "io.terraform-virt.secret" //nolint:gosec // names of environment variables whose values no state may hold, with commas
	labelPrefix = "io.terraform-virt."

	labelCreation = "io.terraform-virt.creation" // random: tells what one creation made when its answer was lost

	origin = "terraform-provider-virt"
)

// tagsOf is what the user knows of an object's labels: neither ours nor those in ignored, such as its image's.
func tagsOf(labels, ignored map[string]string) map[string]string {
	tags := map[string]string{}
	for key, value := range labels {
		was, inherited := ignored[key]
		if len(key) > len(labelPrefix) && key[:len(labelPrefix)] == labelPrefix || inherited && was == value {
			continue
		}
		tags[key] = value
	}
	return tags
}

// labelled adds ours to the user's.
func labelled(tags, ours map[string]string) map[string]string {
	all := map[string]string{labelOrigin: origin}
	maps.Copy(all, tags)
	maps.Copy(all, ours)
	return all
}

// newCreation is a value of labelCreation that nobody else has.
func newCreation() string { return rand.Text() }

// elementKeys is the user's keys of elements by attribute and native id: {"subnets": {"10.0.0.0/24": "front"}}.
type elementKeys map[string]map[string]string

// label is the value of labelKeys.
func (k elementKeys) label() string {
	text, _ := json.Marshal(k) // maps of text
	return string(text)
}

// keysOf reads labelKeys; what nobody wrote there, or what is no such text, is no key.
func keysOf(labels map[string]string) elementKeys {
	var keys elementKeys
	_ = json.Unmarshal([]byte(labels[labelKeys]), &keys) // somebody else's text is none of ours
	return keys
}
