package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
)

// start measures the time from starting a provider to its schema's arrival, as a CLI would see it. It speaks the
// plugin protocol by hand: the environment is the handshake, and the answer to an empty request is not looked into.
func start(ctx context.Context, binary string) (took time.Duration, err error) {
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append(os.Environ(),
		"TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", "PLUGIN_PROTOCOL_VERSIONS=6")
	cmd.Stderr = io.Discard
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Kill() // it may be gone
		_ = cmd.Wait()         // it was killed
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("%s said no handshake: %w", binary, err)
	}
	size, err := schema(ctx, line)
	took = time.Since(began)
	if err == nil && size == 0 {
		err = errors.New("the schema is empty")
	}
	return took, err
}

// schema asks for the schema at the address in a handshake, "1|6|unix|/tmp/plugin1|grpc|", and returns its size.
func schema(ctx context.Context, handshake string) (int, error) {
	parts := strings.Split(strings.TrimSpace(handshake), "|")
	if len(parts) < 5 || parts[4] != "grpc" {
		return 0, fmt.Errorf("unexpected handshake %q", handshake)
	}
	address := parts[3]
	if parts[2] == "unix" {
		address = "unix:" + address
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return 0, err
	}
	var answer emptypb.Empty
	err = conn.Invoke(ctx, "/tfplugin6.Provider/GetProviderSchema", &emptypb.Empty{}, &answer)
	return len(answer.ProtoReflect().GetUnknown()), errors.Join(err, conn.Close())
}
