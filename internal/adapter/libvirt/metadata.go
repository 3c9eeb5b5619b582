package libvirt

import (
	"encoding/json"
	"fmt"

	"github.com/beevik/etree"
)

// namespace is that of the one element that we keep in the metadata of domains and networks. Other programs keep theirs
// beside it.
const namespace = "https://terraform-virt.dev/libvirt/1"

// Names of our element.
const (
	metadataPrefix = "virt"
	metadataName   = "record"
)

// readRecord reads our element out of the inside of a metadata element; none leaves into as it is.
func readRecord(metadata string, into any) error {
	doc, err := metadataTree(metadata)
	if err != nil {
		return err
	}
	for _, e := range doc.Root().ChildElements() {
		if e.NamespaceURI() == namespace && e.Tag == metadataName {
			return json.Unmarshal([]byte(e.Text()), into)
		}
	}
	return nil
}

// writeRecord gives the inside of a metadata element with our element replaced and everybody else's kept. A nil record
// takes ours out.
func writeRecord(metadata string, record any) (string, error) {
	doc, err := metadataTree(metadata)
	if err != nil {
		return "", err
	}
	root := doc.Root()
	for _, e := range root.ChildElements() {
		if e.NamespaceURI() == namespace {
			root.RemoveChild(e)
		}
	}
	if record != nil {
		element, err := recordElement(record)
		if err != nil {
			return "", err
		}
		root.AddChild(element)
	}
	out := etree.NewDocument()
	for _, e := range root.ChildElements() {
		out.AddChild(e.Copy())
	}
	return out.WriteToString()
}

// recordElement is our element.
func recordElement(record any) (*etree.Element, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return nil, err
	}
	e := etree.NewElement(metadataPrefix + ":" + metadataName)
	e.CreateAttr("xmlns:"+metadataPrefix, namespace)
	e.SetText(string(text))
	return e, nil
}

func metadataTree(metadata string) (*etree.Document, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromString("<metadata>" + metadata + "</metadata>"); err != nil {
		return nil, fmt.Errorf("the metadata is no XML: %w", err)
	}
	return doc, nil
}

// recordText is our element as a call takes it that knows the namespace by itself.
func recordText(record any) (string, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return "", err
	}
	doc := etree.NewDocument()
	doc.CreateElement(metadataName).SetText(string(text))
	return doc.WriteToString()
}
