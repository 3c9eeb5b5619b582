package docker

import (
	"context"
	"net"
	"strings"

	"github.com/Microsoft/go-winio"
)

func dialPipe(ctx context.Context, path string) (net.Conn, error) {
	return winio.DialPipeContext(ctx, strings.ReplaceAll(path, "/", `\`))
}
