package main

import (
	"encoding/json"
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/zclconf/go-cty/cty"
)

// The wire types are the messages of tfplugin6.proto as protobuf's JSON writes
// them: bytes in base64, 64-bit integers as strings, enumerations by name.
type (
	wireProvider struct {
		Provider    *wireSchema            `json:"provider"`
		Resources   map[string]*wireSchema `json:"resource_schemas"`
		Data        map[string]*wireSchema `json:"data_source_schemas"`
		Ephemeral   map[string]*wireSchema `json:"ephemeral_resource_schemas"`
		Lists       map[string]*wireSchema `json:"list_resource_schemas"`
		Actions     map[string]wireAction  `json:"action_schemas"`
		Functions   map[string]wireFunc    `json:"functions"`
		Diagnostics []wireDiagnostic       `json:"diagnostics"`
	}
	wireAction struct {
		Schema *wireSchema `json:"schema"`
	}
	wireSchema struct {
		Version uint64    `json:"version,string"`
		Block   wireBlock `json:"block"`
	}
	wireBlock struct {
		Attributes      []wireAttribute `json:"attributes"`
		Blocks          []wireNested    `json:"block_types"`
		Description     string          `json:"description"`
		DescriptionKind string          `json:"description_kind"`
		Deprecated      bool            `json:"deprecated"`
	}
	wireAttribute struct {
		Name            string      `json:"name"`
		Type            []byte      `json:"type"`
		Nested          *wireObject `json:"nested_type"`
		Description     string      `json:"description"`
		DescriptionKind string      `json:"description_kind"`
		Deprecated      bool        `json:"deprecated"`
		Required        bool        `json:"required"`
		Optional        bool        `json:"optional"`
		Computed        bool        `json:"computed"`
		Sensitive       bool        `json:"sensitive"`
		WriteOnly       bool        `json:"write_only"`
	}
	wireObject struct {
		Attributes []wireAttribute `json:"attributes"`
		Nesting    string          `json:"nesting"`
	}
	wireNested struct {
		Name    string    `json:"type_name"`
		Block   wireBlock `json:"block"`
		Nesting string    `json:"nesting"`
		Min     uint64    `json:"min_items,string"`
		Max     uint64    `json:"max_items,string"`
	}
	wireFunc struct {
		Parameters  []wireParameter `json:"parameters"`
		Variadic    *wireParameter  `json:"variadic_parameter"`
		Return      wireReturn      `json:"return"`
		Summary     string          `json:"summary"`
		Description string          `json:"description"`
		Deprecation string          `json:"deprecation_message"`
	}
	wireParameter struct {
		Name        string `json:"name"`
		Type        []byte `json:"type"`
		Nullable    bool   `json:"allow_null_value"`
		Description string `json:"description"`
	}
	wireReturn struct {
		Type []byte `json:"type"`
	}
	wireIdentities struct {
		Schemas     map[string]wireIdentity `json:"identity_schemas"`
		Diagnostics []wireDiagnostic        `json:"diagnostics"`
	}
	wireIdentity struct {
		Version    uint64 `json:"version,string"`
		Attributes []struct {
			Name        string `json:"name"`
			Type        []byte `json:"type"`
			Required    bool   `json:"required_for_import"`
			Optional    bool   `json:"optional_for_import"`
			Description string `json:"description"`
		} `json:"identity_attributes"`
	}
	wireDiagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
	}
)

// convert gives the whole schema in the shape that Terraform writes as JSON.
func (w wireProvider) convert(identities wireIdentities) (*tfjson.ProviderSchema, error) {
	var c converter
	schema := &tfjson.ProviderSchema{
		ConfigSchema:             c.schema(w.Provider),
		ResourceSchemas:          convertMap(w.Resources, c.schema),
		DataSourceSchemas:        convertMap(w.Data, c.schema),
		EphemeralResourceSchemas: convertMap(w.Ephemeral, c.schema),
		ListResourceSchemas:      convertMap(w.Lists, c.schema),
		ActionSchemas:            convertMap(w.Actions, c.action),
		Functions:                convertMap(w.Functions, c.function),
		ResourceIdentitySchemas:  convertMap(identities.Schemas, c.identity),
	}
	return schema, c.err
}

// converter keeps the first error, so that the conversions read as data.
type converter struct{ err error }

func (c *converter) schema(w *wireSchema) *tfjson.Schema {
	if w == nil {
		return nil
	}
	return &tfjson.Schema{Version: w.Version, Block: c.block(w.Block)}
}

func (c *converter) action(w wireAction) *tfjson.ActionSchema {
	if w.Schema == nil {
		return nil
	}
	return &tfjson.ActionSchema{Block: c.block(w.Schema.Block)}
}

func (c *converter) block(w wireBlock) *tfjson.SchemaBlock {
	nested := make(map[string]*tfjson.SchemaBlockType, len(w.Blocks))
	for _, b := range w.Blocks {
		nested[b.Name] = &tfjson.SchemaBlockType{
			NestingMode: tfjson.SchemaNestingMode(strings.ToLower(b.Nesting)),
			Block:       c.block(b.Block),
			MinItems:    b.Min,
			MaxItems:    b.Max,
		}
	}
	return &tfjson.SchemaBlock{
		Attributes:      c.attributes(w.Attributes),
		NestedBlocks:    nested,
		Description:     w.Description,
		DescriptionKind: kind(w.DescriptionKind),
		Deprecated:      w.Deprecated,
	}
}

func (c *converter) attributes(list []wireAttribute) map[string]*tfjson.SchemaAttribute {
	attributes := make(map[string]*tfjson.SchemaAttribute, len(list))
	for _, w := range list {
		attribute := &tfjson.SchemaAttribute{
			Description:     w.Description,
			DescriptionKind: kind(w.DescriptionKind),
			Deprecated:      w.Deprecated,
			Required:        w.Required,
			Optional:        w.Optional,
			Computed:        w.Computed,
			Sensitive:       w.Sensitive,
			WriteOnly:       w.WriteOnly,
		}
		if w.Nested == nil {
			attribute.AttributeType = c.valueType(w.Name, w.Type)
		} else {
			attribute.AttributeNestedType = &tfjson.SchemaNestedAttributeType{
				Attributes:  c.attributes(w.Nested.Attributes),
				NestingMode: tfjson.SchemaNestingMode(strings.ToLower(w.Nested.Nesting)),
			}
		}
		attributes[w.Name] = attribute
	}
	return attributes
}

func (c *converter) function(w wireFunc) *tfjson.FunctionSignature {
	signature := &tfjson.FunctionSignature{
		Summary:            w.Summary,
		Description:        w.Description,
		DeprecationMessage: w.Deprecation,
		ReturnType:         c.valueType("the result", w.Return.Type),
	}
	for _, p := range w.Parameters {
		signature.Parameters = append(signature.Parameters, c.parameter(p))
	}
	if w.Variadic != nil {
		signature.VariadicParameter = c.parameter(*w.Variadic)
	}
	return signature
}

func (c *converter) parameter(w wireParameter) *tfjson.FunctionParameter {
	return &tfjson.FunctionParameter{
		Name: w.Name, Description: w.Description, IsNullable: w.Nullable, Type: c.valueType(w.Name, w.Type),
	}
}

func (c *converter) identity(w wireIdentity) *tfjson.IdentitySchema {
	attributes := make(map[string]*tfjson.IdentityAttribute, len(w.Attributes))
	for _, a := range w.Attributes {
		attributes[a.Name] = &tfjson.IdentityAttribute{
			IdentityType:      c.valueType(a.Name, a.Type),
			Description:       a.Description,
			RequiredForImport: a.Required,
			OptionalForImport: a.Optional,
		}
	}
	return &tfjson.IdentitySchema{Version: w.Version, Attributes: attributes}
}

// valueType reads a type constraint as the protocol carries it: JSON in bytes.
func (c *converter) valueType(name string, text []byte) cty.Type {
	var t cty.Type
	if err := json.Unmarshal(text, &t); err != nil && c.err == nil {
		c.err = fmt.Errorf("the type of %s, %q: %w", name, text, err)
	}
	return t
}

// kind reads how a description is written; the protocol leaves out the zero
// value, which is plain text.
func kind(name string) tfjson.SchemaDescriptionKind {
	if name == "MARKDOWN" {
		return tfjson.SchemaDescriptionKindMarkdown
	}
	return tfjson.SchemaDescriptionKindPlain
}

// convertMap converts every value of a map; nil stays nil.
func convertMap[A, B any](from map[string]A, convert func(A) *B) map[string]*B {
	if from == nil {
		return nil
	}
	to := make(map[string]*B, len(from))
	for name, value := range from {
		to[name] = convert(value)
	}
	return to
}
