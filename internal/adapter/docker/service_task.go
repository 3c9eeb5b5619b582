package docker

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const (
	outputLines = 10
	// mostCauses is how many failures an error tells.
	mostCauses = 3
	// remembered is how long tasks of a deleted service that have ended are waited for: those of jobs may stay for long.
	remembered = 3 * time.Second
)

// tasks lists the tasks of a service, the old ones that the swarm still remembers included.
func (k *services) tasks(ctx context.Context, id string) ([]swarm.Task, error) {
	ctx, cancel := k.brief(ctx)
	defer cancel()
	answer, err := k.client.TaskList(ctx, client.TaskListOptions{Filters: client.Filters{}.Add("service", id)})
	return answer.Items, err
}

// causes tells why tasks failed, the newest first: what the swarm says, where, the exit code, what the health check said
// and the last lines of output.
func (w *settling) causes(ctx context.Context, s swarm.Service, tasks []swarm.Task) string {
	failed := slices.DeleteFunc(slices.Clone(tasks), func(t swarm.Task) bool { return !bad(t) && !gaveUp(s, t) })
	slices.SortFunc(failed, func(a, b swarm.Task) int { return b.CreatedAt.Compare(a.CreatedAt) })
	var text strings.Builder
	told := map[string]bool{}
	for _, t := range failed {
		cause := w.cause(ctx, t)
		if !told[cause] && len(told) < mostCauses {
			told[cause] = true
			text.WriteString("\n" + cause)
		}
	}
	return text.String()
}

func (w *settling) cause(ctx context.Context, t swarm.Task) string {
	text := fmt.Sprintf("%s on node %s: %s", t.Status.State, w.node(ctx, t.NodeID), cmp.Or(t.Status.Err, t.Status.Message))
	if c := t.Status.ContainerStatus; c != nil && c.ExitCode != 0 && !strings.Contains(text, "exit") {
		text += fmt.Sprintf(", exit code %d", c.ExitCode)
	}
	text += w.unwell(ctx, t)
	if lines := w.output(ctx, t.ID); lines != "" {
		text += "; its last output:\n" + lines
	}
	return text
}

// unwell is what the health check of a container last said, where this engine ran it.
func (w *settling) unwell(ctx context.Context, t swarm.Task) string {
	if t.Status.ContainerStatus == nil {
		return ""
	}
	answer, err := w.client.ContainerInspect(ctx, t.Status.ContainerStatus.ContainerID, client.ContainerInspectOptions{})
	if err != nil || answer.Container.State == nil {
		return ""
	}
	if h := answer.Container.State.Health; h != nil && h.FailingStreak > 0 {
		return fmt.Sprintf(", unhealthy: its health check failed %d times in a row%s", h.FailingStreak, lastCheck(h))
	}
	return ""
}

func (w *settling) node(ctx context.Context, id string) string {
	if id == "" {
		return "none"
	}
	answer, err := w.client.NodeInspect(ctx, id, client.NodeInspectOptions{})
	if err != nil {
		return id
	}
	return cmp.Or(answer.Node.Description.Hostname, id)
}

// output is the last lines that a task wrote, where its node can be reached and its log driver tells.
func (w *settling) output(ctx context.Context, task string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	stream, err := w.client.TaskLogs(ctx, task, client.TaskLogsOptions{ShowStdout: true, ShowStderr: true, Tail: fmt.Sprint(outputLines)})
	if err != nil {
		return ""
	}
	defer func() { _ = stream.Close() }() // it was read
	var out bytes.Buffer
	_, _ = stdcopy.StdCopy(&out, &out, io.LimitReader(stream, 1<<16)) // what came is better than nothing
	return strings.TrimSpace(out.String())
}

// drained waits until no task of a deleted service is left. The swarm tells of them by their ids alone by then.
func (k *services) drained(ctx context.Context, name string, tasks []swarm.Task) error {
	if len(tasks) == 0 {
		return nil
	}
	ids := client.Filters{}
	for _, t := range tasks {
		ids.Add("id", t.ID)
	}
	began := time.Now()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, lookAgain) {
		answer, err := k.client.TaskList(ctx, client.TaskListOptions{Filters: ids})
		if err != nil {
			return failed("wait for the end of the containers of the service", name, err)
		}
		ended := !slices.ContainsFunc(answer.Items, func(t swarm.Task) bool { return !over(t) })
		if len(answer.Items) == 0 || ended && time.Since(began) > remembered {
			return nil
		}
		select {
		case <-ctx.Done():
			left := &platform.TimeoutError{Awaited: "its containers to end", Seen: fmt.Sprintf("%d tasks, the first is %s", len(answer.Items), answer.Items[0].Status.State)}
			return failed("delete the service", name, errors.Join(left, ctx.Err()))
		case <-time.After(pause):
		}
	}
}

// over reports whether a task's container has ended for good.
func over(t swarm.Task) bool {
	return bad(t) || t.Status.State == swarm.TaskStateComplete || t.Status.State == swarm.TaskStateShutdown || t.Status.State == swarm.TaskStateRemove
}

// dropVersions deletes the versions of secrets and configs that a service no longer uses, where newer ones are there.
func (k *services) dropVersions(ctx context.Context, old, now swarm.ServiceSpec) error {
	var errs []error
	for s, ids := range map[shelf][2]map[string]bool{
		&secrets{k.session}: {filesUsed(old, secretFiles), filesUsed(now, secretFiles)},
		&configs{k.session}: {filesUsed(old, configFiles), filesUsed(now, configFiles)},
	} {
		for id := range ids[0] {
			if !ids[1][id] {
				errs = append(errs, dropVersion(ctx, s, id))
			}
		}
	}
	return errors.Join(errs...)
}

func filesUsed(spec swarm.ServiceSpec, of func(*swarm.ContainerSpec) []file) map[string]bool {
	used := map[string]bool{}
	if c := spec.TaskTemplate.ContainerSpec; c != nil {
		for _, f := range of(c) {
			used[f.version] = true
		}
	}
	return used
}
