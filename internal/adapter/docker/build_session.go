package docker

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// buildSession is the connection on which BuildKit asks, while it builds, for secrets and for the credentials of
// registries: the engine is the client there, and this is the server.
type buildSession struct {
	id     string
	conn   net.Conn
	server *grpc.Server
	done   sync.WaitGroup
}

// The methods that BuildKit may call.
const (
	secretsService   = "moby.buildkit.secrets.v1.Secrets" //nolint:gosec // the name of a service
	secretMethod     = "GetSecret"
	authService      = "moby.filesync.v1.Auth"
	credentialMethod = "Credentials"
)

// serveBuild opens a session for one build.
func (s *session) serveBuild(ctx context.Context, secrets map[string]string) (*buildSession, error) {
	b := &buildSession{id: strings.ToLower(rand.Text())}
	header := map[string][]string{
		"X-Docker-Expose-Session-Uuid": {b.id},
		"X-Docker-Expose-Session-Name": {"terraform"},
		"X-Docker-Expose-Session-Grpc-Method": {
			fmt.Sprintf("/%s/%s", secretsService, secretMethod), fmt.Sprintf("/%s/%s", authService, credentialMethod),
			"/grpc.health.v1.Health/Check",
		},
	}
	var err error
	if b.conn, err = s.client.DialHijack(ctx, "/session", "h2c", header); err != nil {
		return nil, err
	}
	b.server = grpc.NewServer(grpc.ForceServerCodec(wireCodec{}))
	grpc_health_v1.RegisterHealthServer(b.server, health.NewServer())
	b.server.RegisterService(grpcService(secretsService, secretMethod, func(ask []byte) ([]byte, error) { return secretAnswer(ask, secrets) }), nil)
	b.server.RegisterService(grpcService(authService, credentialMethod, s.credentialAnswer), nil)
	b.done.Go(func() { _ = b.server.Serve(&oneConn{conn: b.conn, closed: make(chan struct{})}) }) // it ends with the connection
	return b, nil
}

// close ends the session.
func (b *buildSession) close() {
	b.server.Stop()
	_ = b.conn.Close() // the engine may have closed it before
	b.done.Wait()
}

// secretAnswer is the value of a secret: field 1 of both messages.
func secretAnswer(ask []byte, secrets map[string]string) ([]byte, error) {
	name := textField(ask, 1)
	value, ok := secrets[name]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "there is no secret %q in secrets_wo", name)
	}
	return appendField(nil, 1, value), nil
}

// credentialAnswer is user (field 1) and password (field 2) for a registry (field 1); a token has no user.
func (s *session) credentialAnswer(ask []byte) ([]byte, error) {
	c, err := s.credentialFor(textField(ask, 1))
	if err != nil {
		return nil, status.Error(codes.Unauthenticated, err.Error())
	}
	user, secret := c.Username, c.Password
	switch {
	case c.IdentityToken != "":
		user, secret = "", c.IdentityToken
	case c.RegistryToken != "":
		user, secret = "", c.RegistryToken
	}
	return appendField(appendField(nil, 1, user), 2, secret), nil
}

// grpcService is one service with one method that takes and gives messages in their wire format.
func grpcService(name, method string, answer func(ask []byte) ([]byte, error)) *grpc.ServiceDesc {
	handle := func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var ask []byte
		if err := decode(&ask); err != nil {
			return nil, err
		}
		out, err := answer(ask)
		return &out, err
	}
	return &grpc.ServiceDesc{ServiceName: name, HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{MethodName: method, Handler: handle}}}
}

// wireCodec leaves messages of ours as they are on the wire, and does the others as usual.
type wireCodec struct{}

// Name is what gRPC calls the format.
func (wireCodec) Name() string { return "proto" }

// Marshal writes a message.
func (wireCodec) Marshal(v any) ([]byte, error) {
	switch v := v.(type) {
	case *[]byte:
		return *v, nil
	case proto.Message:
		return proto.Marshal(v)
	}
	return nil, fmt.Errorf("%T is no message", v)
}

// Unmarshal reads a message.
func (wireCodec) Unmarshal(data []byte, v any) error {
	switch v := v.(type) {
	case *[]byte:
		*v = data
		return nil
	case proto.Message:
		return proto.Unmarshal(data, v)
	}
	return fmt.Errorf("%T is no message", v)
}

// textField is a field of text.
func textField(wire []byte, wanted protowire.Number) (text string) {
	eachField(wire, func(field protowire.Number, value []byte) {
		if field == wanted {
			text = string(value)
		}
	})
	return text
}

func appendField(wire []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(wire, field, protowire.BytesType), text)
}

// oneConn is a listener with one connection, which is there already.
type oneConn struct {
	conn   net.Conn
	taken  sync.Once
	ended  sync.Once
	closed chan struct{}
}

// Accept gives the connection once, and then waits for Close.
func (l *oneConn) Accept() (conn net.Conn, err error) {
	l.taken.Do(func() { conn = l.conn })
	if conn == nil {
		<-l.closed
		return nil, net.ErrClosed
	}
	return conn, nil
}

// Close lets Accept end.
func (l *oneConn) Close() error { l.ended.Do(func() { close(l.closed) }); return nil }

// Addr is the connection's.
func (l *oneConn) Addr() net.Addr { return l.conn.LocalAddr() }
