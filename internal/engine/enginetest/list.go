package enginetest

import (
	"errors"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Listed is the outcome of [Core.List].
type Listed struct {
	Diags Diagnostics
	Items []ListItem
}

// ListItem is one object that a list resource found.
type ListItem struct {
	DisplayName string
	Identity    tftypes.Value
	Resource    tftypes.Value // the zero value unless asked for and returned
}

// ListOptions says what a query asks for beside its configuration.
type ListOptions struct {
	IncludeResource bool
	Limit           int64 // none means 100, as in core
}

// List runs a list resource, as the command query does. The configuration is
// what goes into the config block.
func (c *Core) List(typeName string, config Config, opts ListOptions) (*Listed, error) {
	o := c.begin("list", "list."+typeName)
	b, rt := c.lists[typeName], c.resources[typeName]
	server, ok := c.server.(tfprotov6.ListResourceServer)
	switch {
	case !ok || b == nil:
		o.fail(errors.New("the provider has no such list resource"))
	case rt == nil || rt.identity == nil:
		o.violate(RuleList, nil, "there is no managed resource of that name with an identity")
	}
	if o.failed() {
		return &Listed{}, o.err()
	}
	v, err := b.config(config)
	if err == nil && !v.IsFullyKnown() {
		err = &ConfigError{"", "has unknown values"}
	}
	if err != nil {
		o.fail(err)
		return &Listed{}, o.err()
	}
	if opts.Limit == 0 {
		opts.Limit = 100
	}
	out := &Listed{}
	if o.validateList(server, typeName, b, v, opts) {
		o.list(server, rt, &tfprotov6.ListResourceRequest{
			TypeName: typeName, Config: o.encode(b.typ, v), IncludeResource: opts.IncludeResource, Limit: opts.Limit,
		}, out)
	}
	out.Diags = o.diags
	return out, o.err()
}

func (o *op) validateList(server tfprotov6.ListResourceServer, typeName string, b *body, config tftypes.Value, opts ListOptions) bool {
	resp, ok := call(o, "validate list", server.ValidateListResourceConfig, &tfprotov6.ValidateListResourceConfigRequest{
		TypeName: typeName, Config: o.encode(b.typ, config),
		IncludeResourceObject: o.encode(tftypes.Bool, tftypes.NewValue(tftypes.Bool, opts.IncludeResource)),
		Limit:                 o.encode(tftypes.Number, tftypes.NewValue(tftypes.Number, opts.Limit)),
	})
	if ok {
		o.take(resp.Diagnostics)
	}
	return !o.failed()
}

// list reads the stream until its end, the limit or the first error. A panic
// inside the stream is a crash as everywhere.
func (o *op) list(server tfprotov6.ListResourceServer, rt *resourceType, req *tfprotov6.ListResourceRequest, out *Listed) {
	stream, ok := call(o, "list", server.ListResource, req)
	if !ok {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			o.violate(RuleCrash, nil, "panic in the list: %v", p)
		}
	}()
	for r := range stream.Results {
		if !o.listItem(rt, r, req.IncludeResource, out) || int64(len(out.Items)) >= req.Limit {
			return
		}
	}
}

func (o *op) listItem(rt *resourceType, r tfprotov6.ListResourceResult, include bool, out *Listed) bool {
	o.take(r.Diagnostics)
	item := ListItem{DisplayName: r.DisplayName, Identity: o.decodeIdentity(rt, r.Identity, false)}
	switch {
	case o.failed():
		return false
	case item.Identity.IsNull() && o.diags.Warnings() != nil:
		return true // a warning alone is no object
	case item.Identity.IsNull():
		o.violate(RuleList, nil, "%q has no identity", r.DisplayName)
		return false
	}
	if include && r.Resource != nil {
		v, ok := o.decode(rt.body.typ, rt.body.hasSets, r.Resource)
		if ok {
			o.stateRules(rt, v)
		}
		item.Resource = v
	}
	out.Items = append(out.Items, item)
	return !o.failed()
}
