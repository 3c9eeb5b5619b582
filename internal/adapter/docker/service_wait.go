package docker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/swarm"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const (
	// lookAgain is when tasks are looked at though nobody told of a change: engines tell of containers of their own only.
	lookAgain = time.Second
	// hopeless is how many containers of one slot have to fail before a service counts as one that cannot run.
	hopeless = 3
	// recovery is how long a swarm may lack a leader, or an engine be away, before waiting for a service is given up.
	recovery = 40 * time.Second
)

// settling is one wait for a service to be as it is wanted.
type settling struct {
	*services
	id, name string
	before   map[string]bool // tasks that were there before the change
	began    time.Time
	stable   time.Time // since when it is as wanted
	silent   time.Time // since when nobody answers
	seen     string
}

// settle waits until all containers of a service are as wanted; old is the service before an update. A service that
// cannot become so is an error that says why.
func (k *services) settle(ctx context.Context, id string, want *platform.Service, old *swarm.Service) error {
	if want.Wait != nil && !*want.Wait {
		return nil
	}
	w := &settling{services: k, id: id, name: want.Name, began: time.Now(), before: map[string]bool{}}
	op := "start the service"
	if old != nil {
		op = "update the service"
	}
	words, leave := k.changed(id) //nolint:contextcheck // the stream is shared: it outlives this wait
	defer leave()
	for {
		done, again, err := w.look(ctx, old)
		if err != nil {
			return failed(op, want.Name, err)
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return failed(op, want.Name, errors.Join(&platform.TimeoutError{Awaited: "its containers to run", Seen: w.seen}, ctx.Err()))
		case <-words:
		case <-time.After(again):
		}
	}
}

// look judges a service and its tasks once. again is when to look at the latest.
func (w *settling) look(ctx context.Context, old *swarm.Service) (done bool, again time.Duration, err error) {
	answer, err := w.client.ServiceInspect(ctx, w.id, client.ServiceInspectOptions{})
	var tasks []swarm.Task
	if err == nil {
		tasks, err = w.tasks(ctx, w.id)
	}
	if err != nil {
		return false, lookAgain, w.bear(ctx, err)
	}
	w.silent = time.Time{}
	s := answer.Service
	if err := w.refused(ctx, s, tasks); err != nil {
		return false, 0, err
	}
	current := slices.DeleteFunc(tasks, func(t swarm.Task) bool { return stale(s, t) })
	if !undecided(s) { // what becomes of failures in the middle of an update is the swarm's to say
		if err := w.failing(ctx, s, current); err != nil {
			return false, 0, err
		}
	}
	if !w.converged(s, current, old) {
		w.stable = time.Time{}
		return false, lookAgain, nil
	}
	if w.stable.IsZero() {
		w.stable = time.Now()
	}
	if rest := monitored(s) - time.Since(w.stable); rest > 0 {
		return false, min(rest, lookAgain), nil
	}
	return true, 0, nil
}

// undecided reports whether an update, or taking one back, is under way.
func undecided(s swarm.Service) bool {
	u := s.UpdateStatus
	return u != nil && (u.State == swarm.UpdateStateUpdating || u.State == swarm.UpdateStateRollbackStarted)
}

// bear lets an engine be away for a while: it is restarted, or the managers elect a leader.
func (w *settling) bear(ctx context.Context, err error) error {
	away := errors.Is(failed("", "", err), platform.ErrUnreachable) || cerrdefs.IsUnavailable(err) || client.IsErrConnectionFailed(err) ||
		strings.Contains(err.Error(), "client connection is closing") || strings.Contains(err.Error(), "does not have a leader") || strings.Contains(err.Error(), "not a swarm manager")
	if !away || ctx.Err() != nil {
		return err
	}
	if w.silent.IsZero() {
		w.silent = time.Now()
	}
	if time.Since(w.silent) > recovery {
		return err
	}
	w.seen = err.Error()
	return nil
}

// refused is the error of an update that the swarm itself gave up.
func (w *settling) refused(ctx context.Context, s swarm.Service, tasks []swarm.Task) error {
	if s.UpdateStatus == nil {
		return nil
	}
	var text, hint string
	switch s.UpdateStatus.State {
	case swarm.UpdateStatePaused, swarm.UpdateStateRollbackPaused:
		text, hint = "the swarm paused the update: ", "It stays half done until the next apply"
	case swarm.UpdateStateRollbackCompleted:
		text, hint = "the swarm took the update back: ", "It runs as before"
	default:
		return nil
	}
	causes := w.causes(ctx, s, tasks)
	return platform.As(platform.ErrConflict, &platform.OpError{Op: "update the service", On: w.name, Err: errors.New(text + s.UpdateStatus.Message + causes), Hint: hint})
}

// stale reports whether a task belongs to an earlier specification, or an earlier run of a job.
func stale(s swarm.Service, t swarm.Task) bool {
	if s.JobStatus != nil {
		return t.JobIteration == nil || t.JobIteration.Index != s.JobStatus.JobIteration.Index
	}
	done := s.UpdateStatus != nil && s.UpdateStatus.State == swarm.UpdateStateCompleted
	if done || !s.UpdatedAt.After(s.CreatedAt) || t.CreatedAt.After(s.UpdatedAt) {
		return false
	}
	return taskText(s.Spec.TaskTemplate) != taskText(t.Spec)
}

// taskText spells a task's specification so that equal ones are equal: without what says nothing. Where a task may run
// does not make it another: the swarm leaves tasks alone that may stay where they are.
func taskText(t swarm.TaskSpec) string {
	t.Placement, t.Runtime = nil, ""
	var plain any
	text, _ := json.Marshal(t) // plain data
	_ = json.Unmarshal(text, &plain)
	text, _ = json.Marshal(compacted(plain))
	return string(text)
}

// compacted is a value without its members that say nothing; nil when it says nothing itself.
func compacted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			if v[key] = compacted(member); v[key] == nil {
				delete(v, key)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
	case string, float64, bool:
		if v == "" || v == 0.0 || v == false {
			return nil
		}
	}
	return v
}

// failing is the error of a service of which no better can be expected.
func (w *settling) failing(ctx context.Context, s swarm.Service, tasks []swarm.Task) error {
	failures := map[string]int{}
	most, ended := 0, len(tasks) > 0
	for _, t := range tasks {
		if t.CreatedAt.Before(w.horizon(s)) {
			continue
		}
		if bad(t) || gaveUp(s, t) {
			slot := cmp.Or(fmt.Sprint(t.Slot), "0") + t.NodeID
			if t.Slot != 0 {
				slot = fmt.Sprint(t.Slot)
			}
			failures[slot]++
			most = max(most, failures[slot])
		}
		ended = ended && (bad(t) || t.Status.State == swarm.TaskStateComplete)
	}
	exhausted := ended && most > 0 && !restarts(s)
	if most < hopeless && !exhausted {
		return nil
	}
	return errors.New("its containers fail again and again" + w.causes(ctx, s, tasks))
}

// horizon is the earliest creation of tasks that count.
func (w *settling) horizon(s swarm.Service) time.Time {
	if s.UpdatedAt.After(s.CreatedAt) {
		return s.UpdatedAt
	}
	return time.Time{}
}

func bad(t swarm.Task) bool {
	return t.Status.State == swarm.TaskStateFailed || t.Status.State == swarm.TaskStateRejected || t.Status.State == swarm.TaskStateOrphaned
}

// gaveUp reports whether a container ended well that was to go on: by itself, or because it was stopped as unhealthy and
// heeded that. The swarm makes another one in its place.
func gaveUp(s swarm.Service, t swarm.Task) bool {
	p := s.Spec.TaskTemplate.RestartPolicy
	goesOn := s.Spec.Mode.ReplicatedJob == nil && s.Spec.Mode.GlobalJob == nil && (p == nil || p.Condition == "" || p.Condition == swarm.RestartPolicyConditionAny)
	return goesOn && t.Status.State == swarm.TaskStateComplete
}

// restarts reports whether the swarm starts another container in place of one that failed.
func restarts(s swarm.Service) bool {
	p := s.Spec.TaskTemplate.RestartPolicy
	return p == nil || p.Condition != swarm.RestartPolicyConditionNone
}

// converged reports whether as many containers run, or have ended well, as are wanted.
func (w *settling) converged(s swarm.Service, tasks []swarm.Task, old *swarm.Service) bool {
	if undecided(s) {
		w.seen = "the update is on its way: " + s.UpdateStatus.Message
		return false
	}
	running, complete, wanted := 0, 0, 0
	for _, t := range tasks {
		switch {
		case t.Status.State == swarm.TaskStateComplete:
			complete++
		case t.Status.State == swarm.TaskStateRunning && t.DesiredState == swarm.TaskStateRunning:
			running++
		}
		if t.DesiredState == swarm.TaskStateRunning || t.DesiredState == swarm.TaskStateComplete {
			wanted++
		}
	}
	w.seen = fmt.Sprintf("%d run, %d are complete%s", running, complete, states(tasks))
	switch m := s.Spec.Mode; {
	case m.Replicated != nil:
		replicas := int(value(m.Replicated.Replicas)) //nolint:gosec // a number of containers
		return running == replicas && (replicas == 0 || !w.moving(s, old))
	case m.Global != nil:
		return wanted > 0 && running == wanted && !w.moving(s, old)
	case m.ReplicatedJob != nil:
		return complete >= int(orUsual(value(m.ReplicatedJob.TotalCompletions), value(m.ReplicatedJob.MaxConcurrent))) //nolint:gosec // a number of containers
	case m.GlobalJob != nil:
		return wanted > 0 && complete == wanted
	}
	return true
}

// moving reports whether the swarm has yet to begin with what no task shows: other ports.
func (w *settling) moving(s swarm.Service, old *swarm.Service) bool {
	if old == nil || s.UpdateStatus != nil || time.Since(w.began) > 5*time.Second {
		return false
	}
	was, _ := json.Marshal(old.Spec.EndpointSpec)
	now, _ := json.Marshal(s.Spec.EndpointSpec)
	return string(was) != string(now)
}

// states tells what the other tasks are at.
func states(tasks []swarm.Task) string {
	var text strings.Builder
	for _, t := range tasks {
		if s := t.Status; t.DesiredState == swarm.TaskStateRunning && s.State != swarm.TaskStateRunning {
			fmt.Fprintf(&text, "; one is %s: %s", s.State, cmp.Or(s.Err, s.Message))
		}
	}
	return text.String()
}

// monitored is how long a service has to be as wanted. The swarm itself watches an update for as long.
func monitored(s swarm.Service) time.Duration {
	if s.JobStatus != nil || s.UpdateStatus != nil && s.UpdateStatus.State == swarm.UpdateStateCompleted {
		return 0
	}
	if u := s.Spec.UpdateConfig; u != nil && u.Monitor > 0 {
		return u.Monitor
	}
	return usualUpdate().Monitor
}
