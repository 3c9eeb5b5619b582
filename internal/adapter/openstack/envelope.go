package openstack

import "encoding/json"

// envelope reads {"network": {…}} into what is in it.
type envelope struct {
	key  string
	into any
}

// UnmarshalJSON takes what stands under the key.
func (e *envelope) UnmarshalJSON(text []byte) error {
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		return err
	}
	if e.into == nil || isNull(whole[e.key]) {
		return nil
	}
	return json.Unmarshal(whole[e.key], e.into)
}
