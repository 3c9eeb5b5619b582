package libvirt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/beevik/etree"
	"libvirt.org/go/libvirtxml"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// networkRecord is what we note about a network in its metadata. libvirt keeps the metadata of the definition: that of
// what runs is from its last start.
type networkRecord struct {
	Creating    bool              `json:"creating,omitempty"` // it is not complete
	Stopped     bool              `json:"stopped,omitempty"`  // it is meant not to run
	Description string            `json:"description,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
	Subnets     map[string]string `json:"subnets,omitempty"` // the user's key by the range
	Spelled     map[string]string `json:"spelled,omitempty"` // the user's spellings by place, where libvirt's are others
	Seen        string            `json:"seen,omitempty"`    // digest of the definition as we left it
}

// recordOf reads our record; a network that we did not make has an empty one.
func recordOf(doc *libvirtxml.Network) (networkRecord, error) {
	var r networkRecord
	if doc.Metadata == nil {
		return r, nil
	}
	return r, readRecord(doc.Metadata.XML, &r)
}

// record writes our record into a document; an empty one is taken out.
func record(doc *libvirtxml.Network, r networkRecord) error {
	metadata := ""
	if doc.Metadata != nil {
		metadata = doc.Metadata.XML
	}
	text, err := writeRecord(metadata, r)
	if err != nil {
		return err
	}
	doc.Metadata = &libvirtxml.NetworkMetadata{XML: text}
	return nil
}

// note takes over what libvirt has no place for: texts, tags, keys and spellings.
func (r *networkRecord) note(prior, want *platform.Network) {
	if want.Description != nil || prior.Description != nil {
		r.Description = value(want.Description)
	}
	if want.Tags != nil || prior.Tags != nil {
		r.Tags = want.Tags
	}
	if prior.Subnets != nil || want.Subnets != nil {
		r.Subnets = map[string]string{}
		for key, s := range want.Subnets {
			r.Subnets[canonicalPrefix(s.CIDR)] = key
		}
	}
	r.Spelled = map[string]string{}
	respelled(want, noting(r.Spelled))
}

// digest sums up what a definition says of what we manage.
func digest(doc *libvirtxml.Network) string {
	text, _ := json.Marshal(struct {
		Subnets []platform.Subnet
		Shape   *platform.Network
	}{subnetsOf(doc), shapeOf(doc)}) // plain data
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// spelledXML writes a document, and puts back from the original what the document's type does not hold: all that there
// may be in port groups.
func spelledXML(doc *libvirtxml.Network, original string) (string, error) {
	text, err := doc.Marshal()
	if err != nil || original == "" || len(doc.PortGroups) == 0 {
		return text, err
	}
	was, is := etree.NewDocument(), etree.NewDocument()
	if err := was.ReadFromString(original); err != nil {
		return "", err
	}
	if err := is.ReadFromString(text); err != nil {
		return "", err
	}
	for _, group := range is.Root().SelectElements("portgroup") {
		is.Root().RemoveChild(group)
	}
	for _, group := range was.Root().SelectElements("portgroup") {
		is.Root().AddChild(group.Copy())
	}
	return is.WriteToString()
}
