package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	tfjson "github.com/hashicorp/terraform-json"
	// Registers the messages of the plugin protocol, which ask finds by name.
	_ "github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// connection is the plugin as go-plugin sees it: dispensing it yields the bare
// connection, since the generated client of the protocol is not public.
type connection struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCClient gives the connection itself.
func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// GRPCServer is required by go-plugin and never called: this side only asks.
func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this program serves no plugin")
}

// ask starts the provider, reads its schema and stops it.
func ask(ctx context.Context, binary string) (*tfjson.ProviderSchema, error) {
	client := plugin.NewClient(&plugin.ClientConfig{
		Cmd:              exec.CommandContext(ctx, binary),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		Logger:           hclog.NewNullLogger(),
		// Terraform's own handshake, the same for every provider.
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  6,
			MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: map[int]plugin.PluginSet{6: {"provider": connection{}}},
	})
	defer client.Kill()

	protocol, err := client.Client()
	if err != nil {
		return nil, fmt.Errorf("starting it: %w", err)
	}
	raw, err := protocol.Dispense("provider")
	if err != nil {
		return nil, fmt.Errorf("connecting to it: %w", err)
	}
	conn, ok := raw.(*grpc.ClientConn)
	if !ok {
		return nil, fmt.Errorf("the plugin gave a %T instead of a connection", raw)
	}
	return fetch(ctx, conn)
}

// fetch reads the schema and the identities of the resources.
func fetch(ctx context.Context, conn grpc.ClientConnInterface) (*tfjson.ProviderSchema, error) {
	var schema wireProvider
	if err := call(ctx, conn, "GetProviderSchema", &schema); err != nil {
		return nil, err
	}
	var identities wireIdentities
	if err := call(ctx, conn, "GetResourceIdentitySchemas", &identities); err != nil {
		return nil, err
	}
	for _, d := range append(schema.Diagnostics, identities.Diagnostics...) {
		if d.Severity == "ERROR" {
			return nil, fmt.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	return schema.convert(identities)
}

// call asks one question that has no parameters and reads the answer into the
// wire shape that answer points to.
func call(ctx context.Context, conn grpc.ClientConnInterface, method string, answer any) error {
	request, err := message(method + ".Request")
	if err != nil {
		return err
	}
	response, err := message(method + ".Response")
	if err != nil {
		return err
	}
	// Terraform takes a schema of any size; gRPC alone would stop at 4 MiB.
	size := grpc.MaxCallRecvMsgSize(64 << 20)
	if err := conn.Invoke(ctx, "/tfplugin6.Provider/"+method, request, response, size); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(response)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// message makes an empty message of the plugin protocol by its name.
func message(name string) (proto.Message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("tfplugin6." + name))
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", name, err)
	}
	return kind.New().Interface(), nil
}
