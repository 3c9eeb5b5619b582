// Command matrix writes the guide that says what each platform can do, from the traits of the adapters.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/provider"
)

const head = `---
page_title: "What each platform can do"
subcategory: ""
description: |-
  Every attribute on every platform: what a change costs, and what is not supported.
---

# What each platform can do

The provider holds these tables as data: it plans and refuses by them, the tests make a case of every row, and this page is made from them.

- **live**: changed in place, nobody notices.
- **restart**: changed in place, while the machine is off for a moment. The plan warns, or refuses with ` + "`allow_restart = false`" + `.
- **replace**: the object is deleted and made again.
- **create only**: used at creation and not observable; another value is a replacement.
- **unsupported**: refused when planning, for the reason given.
`

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: matrix FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], []byte(page(provider.Platforms())), 0o644); err != nil { //nolint:gosec // documentation is for everybody
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// page makes one table per kind with a column for each platform.
func page(drivers []platform.Driver) string {
	var b strings.Builder
	b.WriteString(head)
	for _, kind := range []string{
		"machine", "network", "disk", "image", "snapshot", "storage_pool",
		"router", "public_ip", "firewall", "placement_group", "ssh_key", "project",
	} {
		fmt.Fprintf(&b, "\n## virt_%s\n\n", kind)
		offer, lack := split(drivers, kind)
		if lack != "" {
			b.WriteString("Not on: " + lack + ".\n\n")
		}
		table(&b, offer, kind)
	}
	offer, lack := split(drivers, "host")
	b.WriteString("\n## virt_host\n\nData only. It is there on: " + titles(offer) + ".")
	if lack != "" {
		b.WriteString(" Not on: " + lack + ".")
	}
	b.WriteString("\n")
	return b.String()
}

// split parts the platforms that offer a kind from the titles of those that do not.
func split(drivers []platform.Driver, kind string) ([]platform.Driver, string) {
	var offer, lack []platform.Driver
	for _, d := range drivers {
		if _, ok := d.Traits[kind]; ok {
			offer = append(offer, d)
		} else {
			lack = append(lack, d)
		}
	}
	return offer, titles(lack)
}

func titles(drivers []platform.Driver) string {
	var list []string
	for _, d := range drivers {
		list = append(list, d.Title)
	}
	return strings.Join(list, ", ")
}

// table writes one kind's rows with a column for each platform that offers it.
func table(b *strings.Builder, drivers []platform.Driver, kind string) {
	b.WriteString("| attribute |")
	for _, d := range drivers {
		fmt.Fprintf(b, " %s |", d.Title)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(drivers)) + "\n")
	for _, path := range rows(drivers, kind) {
		fmt.Fprintf(b, "| `%s` |", path)
		for _, d := range drivers {
			fmt.Fprintf(b, " %s |", cell(d, kind, path))
		}
		b.WriteString("\n")
	}
}

// rows lists the paths that every platform says something about; what the platforms decide is left out.
func rows(drivers []platform.Driver, kind string) []string {
	seen := map[string]bool{}
	for _, d := range drivers {
		for path, trait := range d.Traits[kind] {
			if trait.Class != platform.ClassComputed {
				seen[path] = true
			}
		}
	}
	var paths []string
	for path := range seen {
		if !slices.ContainsFunc(drivers, func(d platform.Driver) bool { return cell(d, kind, path) == "" }) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// cell says how an attribute behaves on one platform.
func cell(d platform.Driver, kind, path string) string {
	steps := platform.ParsePath(path)
	trait, ok := d.Traits[kind].Of(steps)
	switch {
	case !ok:
		return ""
	case trait.Elements:
		return fmt.Sprintf("adding %s, dropping %s", trait.Add, trait.Remove)
	case trait.Class == platform.ClassUnsupported:
		return "unsupported: " + trait.Why
	}
	text := trait.Class.String()
	if len(trait.OneOf) > 0 {
		text += "; " + strings.Join(trait.OneOf, ", ")
	}
	if trait.GrowOnly != "" {
		text += "; cannot shrink"
	}
	return text
}
