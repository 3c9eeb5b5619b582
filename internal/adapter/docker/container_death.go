package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// logLines is how many of a container's last logLines an error shows.
const logLines = 10

// death says of a container that does not run how it ended, with the last that it wrote.
func (k *containers) death(ctx context.Context, c *container.InspectResponse, op string) error {
	s := c.State
	text := fmt.Sprintf("it ended with exit code %d", s.ExitCode)
	if s.OOMKilled {
		text += ", killed because its memory did not suffice"
	}
	if s.Error != "" {
		text += ", " + s.Error
	}
	if c.RestartCount > 0 {
		text += fmt.Sprintf(", and was started again %d times", c.RestartCount)
	}
	return &platform.OpError{Op: op, On: c.Name, Err: errors.New(text), Hint: "What it wrote last:\n" + k.lastLines(ctx, c.ID)}
}

// lastLines is the end of what a container wrote.
func (k *containers) lastLines(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second) // also when the time is over
	defer cancel()
	answer, err := k.client.ContainerLogs(ctx, id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: fmt.Sprint(logLines)})
	if err != nil {
		return "(its log cannot be read: " + err.Error() + ")"
	}
	defer answer.Close()
	raw, err := io.ReadAll(io.LimitReader(answer, 1<<16))
	if err != nil && len(raw) == 0 {
		return "(its log cannot be read: " + err.Error() + ")"
	}
	text := new(bytes.Buffer)
	if _, err := stdcopy.StdCopy(text, text, bytes.NewReader(raw)); err != nil { // with a terminal the log is plain
		text = bytes.NewBuffer(raw)
	}
	if shown := strings.TrimSpace(text.String()); shown != "" {
		return shown
	}
	return "(nothing)"
}
