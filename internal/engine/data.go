package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	dataschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Data is the data source of a kind: one object by id or name.
type Data[T any, P Object[T]] struct {
	*Resource[T, P]
	schema dataschema.Schema
}

// NewData makes the data source of a kind.
func NewData[T any, P Object[T]](k *Compiled[T, P]) *Data[T, P] {
	return &Data[T, P]{NewResource(k), dataSchema(k.root, k.Kind.Schema, k.DataOnly())}
}

// Metadata names the data source.
func (d *Data[T, P]) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + d.Name
}

// Schema gives the kind's attributes, all of them computed.
func (d *Data[T, P]) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = d.schema
}

// Configure takes the hub from the provider.
func (d *Data[T, P]) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	if hub, ok := req.ProviderData.(*Hub); ok {
		d.hub = hub
	}
}

// inquiry is what the user asks for.
type inquiry struct{ platform, id, name, ref string }

// of names in messages what is asked for.
func (i inquiry) of(kind string) string {
	if ref := i.id + i.name; ref != "" {
		return fmt.Sprintf("%s %q", kind, ref)
	}
	return kind
}

// Read finds the object and reads it.
func (d *Data[T, P]) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ask, err := d.asked(req.Config.Raw)
	report := reporter{root: d.root, summary: "Cannot find " + ask.of(d.Name)}
	var s *site[T]
	if err == nil {
		s, err = d.open(ctx, ask.platform)
	}
	if errors.Is(err, errNotYet) && req.ClientCapabilities.DeferralAllowed {
		resp.Deferred = &datasource.Deferred{Reason: datasource.DeferredReasonProviderConfigUnknown}
		return
	}
	if errors.Is(err, errNotYet) {
		err = fmt.Errorf("%w: apply first what its configuration depends on, or let this data source depend on it too", err)
	}
	if err != nil {
		report.add(&resp.Diagnostics, err)
		return
	}
	seen, err := d.answer(ctx, s, ask, truth(get(req.Config.Raw, "most_recent")))
	if gone(err) {
		err = fmt.Errorf("platform %q has no %s: %w", ask.platform, ask.of(d.Name), err)
	}
	if err != nil {
		report.add(&resp.Diagnostics, err)
		return
	}
	resp.State.Raw = d.shape(seen, ask, req.Config.Raw)
}

// asked reads the configuration: a platform, and an id or a name.
func (d *Data[T, P]) asked(config tftypes.Value) (inquiry, error) {
	ask := inquiry{platform: text(get(config, "platform")), id: text(get(config, "id")), name: text(get(config, "name"))}
	var err error
	if ask.platform, err = d.hub.pick(ask.platform); err != nil {
		return ask, err
	}
	if neither := ask.id == "" && ask.name == ""; neither && !d.DataOnly() || ask.id != "" && ask.name != "" {
		return ask, platform.As(platform.ErrInvalid, errors.New("say either the id or the name"))
	}
	ask.ref = ask.id + ask.name
	return ask, nil
}

// answer resolves the name, translated by the connection's aliases, and reads what it means.
func (d *Data[T, P]) answer(ctx context.Context, s *site[T], ask inquiry, newest bool) (tftypes.Value, error) {
	ref := ask.ref
	if ref == "" {
		id, err := d.sole(ctx, s)
		if err != nil {
			return tftypes.Value{}, err
		}
		return d.readID(ctx, s, id)
	}
	if ask.name != "" {
		ref = s.conn.alias(d.Name+"s", ref)
	}
	id, err := d.find(ctx, s, ref)
	var several *platform.AmbiguousError
	if errors.As(err, &several) && newest {
		return d.newest(ctx, s, several.Matches)
	}
	if err != nil {
		return tftypes.Value{}, err
	}
	return d.readID(ctx, s, id)
}

// sole is the id of the only object that there is.
func (d *Data[T, P]) sole(ctx context.Context, s *site[T]) (string, error) {
	lister, ok := s.reader.(platform.Lister[T])
	if !ok {
		return "", platform.As(platform.ErrInvalid, errors.New("say either the id or the name"))
	}
	entries, err := d.entries(ctx, lister, 0)
	if err != nil {
		return "", err
	}
	switch len(entries) {
	case 0:
		return "", platform.As(platform.ErrNotFound, errors.New("there is none at all"))
	case 1:
		return entries[0].ID, nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = fmt.Sprintf("%s (%s)", e.Name, e.ID)
	}
	slices.Sort(names)
	return "", platform.As(platform.ErrInvalid, fmt.Errorf("which %s? There are %d; say the name or the id of one: %s", d.Name, len(names), strings.Join(names, ", ")))
}

// newest reads every match and takes the one made last.
func (d *Data[T, P]) newest(ctx context.Context, s *site[T], refs []string) (tftypes.Value, error) {
	var best tftypes.Value
	for _, ref := range refs {
		id, err := d.find(ctx, s, ref)
		if err != nil {
			return best, err
		}
		v, err := d.readID(ctx, s, id)
		if err != nil {
			return best, err
		}
		// RFC 3339 in UTC sorts as text.
		if best.Type() == nil || text(get(v, "created_at")) > text(get(best, "created_at")) {
			best = v
		}
	}
	return best, nil
}

func (d *Data[T, P]) readID(ctx context.Context, s *site[T], id string) (tftypes.Value, error) {
	state := d.blankState()
	state = with(state, "id", tftypes.NewValue(tftypes.String, id))
	state = with(state, "platform", tftypes.NewValue(tftypes.String, s.conn.Name))
	return d.look(ctx, s, state, true)
}

// blankState is an object with every attribute null.
func (k *Compiled[T, P]) blankState() tftypes.Value {
	attrs := map[string]tftypes.Value{}
	for name, n := range k.root.attrs {
		attrs[name] = n.null()
	}
	return tftypes.NewValue(k.root.typ, attrs)
}

// shape cuts what was read to the data source's schema; what the user wrote stays as written.
func (d *Data[T, P]) shape(seen tftypes.Value, ask inquiry, config tftypes.Value) tftypes.Value {
	out := map[string]tftypes.Value{}
	for name, v := range object(config) {
		switch {
		case given(v):
			out[name] = v
		case name == "platform":
			out[name] = tftypes.NewValue(tftypes.String, ask.platform)
		case d.root.attrs[name] == nil:
			out[name] = v
		case name == "tags_all":
			out[name] = get(seen, "tags")
		default:
			out[name] = get(seen, name)
		}
	}
	return tftypes.NewValue(config.Type(), out)
}

func truth(v tftypes.Value) bool {
	var b bool
	return given(v) && v.As(&b) == nil && b
}

var _ datasource.DataSourceWithConfigure = (*Data[platform.Machine, *platform.Machine])(nil)
