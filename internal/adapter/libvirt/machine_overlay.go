package libvirt

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// overlay notes the fragment that the user wants merged into the document.
func (c *change) overlay() {
	want := pick(c, c.own.XMLOverlay, c.was.XMLOverlay, "")
	if want != nil && *want != c.rec.Overlay {
		c.rec.Overlay = *want
		c.needsOff("libvirt.xml_overlay")
	}
}

// overlaid takes one fragment out of a document and merges another into it. Merging is: an element that can be there
// once is merged with the document's, its attributes and text win; one below devices, or one with a namespace, is added.
func overlaid(text, before, after string) (string, error) {
	if before == "" && after == "" {
		return text, nil
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		return "", err
	}
	if before != "" {
		old, err := parseOverlay(before)
		if err != nil {
			return "", err
		}
		takeOut(doc.Root(), old)
	}
	if after != "" {
		fresh, err := parseOverlay(after)
		if err != nil {
			return "", err
		}
		mergeInto(doc.Root(), fresh)
	}
	return doc.WriteToString()
}

// parseOverlay reads a fragment: one <domain> element.
func parseOverlay(text string) (*etree.Element, error) {
	doc := etree.NewDocument()
	err := doc.ReadFromString(text)
	if err == nil && (doc.Root() == nil || doc.Root().Tag != "domain") {
		err = fmt.Errorf("write one element <domain>, such as <domain><memoryBacking><hugepages/></memoryBacking></domain>")
	}
	if err != nil {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("the overlay cannot be read: %w", err))
	}
	for _, name := range []string{"name", "uuid", "metadata"} {
		if doc.Root().SelectElement(name) != nil {
			return nil, platform.As(platform.ErrInvalid, fmt.Errorf("the overlay cannot change <%s>", name))
		}
	}
	return doc.Root(), nil
}

// added says whether an overlay's element stands beside others of its name instead of being merged with one.
func added(parent, e *etree.Element) bool {
	return e.Space != "" || parent.Tag == "devices" || parent.Space != "" ||
		slices.Contains([]string{"feature", "sysinfo", "seclabel", "iothread", "vcpupin", "cell"}, e.Tag)
}

func mergeInto(at, overlay *etree.Element) {
	for _, a := range overlay.Attr {
		at.CreateAttr(a.FullKey(), a.Value)
	}
	if text := strings.TrimSpace(overlay.Text()); text != "" && len(overlay.ChildElements()) == 0 {
		at.SetText(text)
	}
	for _, e := range overlay.ChildElements() {
		there := at.SelectElement(e.FullTag())
		if there == nil || added(at, e) {
			at.AddChild(e.Copy())
			continue
		}
		mergeInto(there, e)
	}
}

// takeOut undoes mergeInto as far as that can be: what was added goes; of what was merged, the attributes and texts go,
// so that libvirt and the attributes of the resource decide again.
func takeOut(at, overlay *etree.Element) {
	for _, e := range overlay.ChildElements() {
		if added(at, e) {
			if there := covering(at, e); there != nil {
				at.RemoveChild(there)
			}
			continue
		}
		there := at.SelectElement(e.FullTag())
		if there == nil {
			continue
		}
		takeOut(there, e)
		for _, a := range e.Attr {
			there.RemoveAttr(a.FullKey())
		}
		if len(there.ChildElements()) == 0 && len(there.Attr) == 0 {
			at.RemoveChild(there)
		}
	}
}

// covering finds the child that holds all that e does; libvirt adds addresses and aliases of its own.
func covering(at, e *etree.Element) *etree.Element {
	for _, there := range at.ChildElements() {
		if there.FullTag() == e.FullTag() && covers(there, e) {
			return there
		}
	}
	return nil
}

func covers(there, e *etree.Element) bool {
	is := map[string]string{}
	for _, a := range there.Attr {
		is[a.FullKey()] = a.Value
	}
	want := map[string]string{}
	for _, a := range e.Attr {
		want[a.FullKey()] = a.Value
	}
	for name := range maps.Keys(want) {
		if is[name] != want[name] {
			return false
		}
	}
	if len(e.ChildElements()) == 0 && strings.TrimSpace(e.Text()) != strings.TrimSpace(there.Text()) {
		return false
	}
	for _, child := range e.ChildElements() {
		if covering(there, child) == nil {
			return false
		}
	}
	return true
}
