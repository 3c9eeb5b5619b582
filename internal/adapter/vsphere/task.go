package vsphere

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// cancelTime is how long a cancelled task may take to end before we stop looking.
const cancelTime = 5 * time.Second

// taskError is the fault that a task ended with.
type taskError struct{ fault types.LocalizedMethodFault }

func (t *taskError) Error() string { return t.fault.LocalizedMessage }

// Fault gives the fault itself.
func (t *taskError) Fault() types.BaseMethodFault { return t.fault.Fault }

// await waits for a task and gives its result. When ctx ends first it asks the server to cancel the task and says
// what became of it. The error names no object: wrap it by failed.
func (s *session) await(ctx context.Context, task types.ManagedObjectReference) (types.AnyType, error) {
	result, err := s.outcome(ctx, task)
	if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return result, err
	}
	return nil, s.cancel(ctx, task)
}

// outcome waits until a task has ended.
func (s *session) outcome(ctx context.Context, task types.ManagedObjectReference) (types.AnyType, error) {
	props, err := s.watcher.await(ctx, task, func(p properties) bool {
		state, _ := p["info.state"].(types.TaskInfoState)
		return state == types.TaskInfoStateSuccess || state == types.TaskInfoStateError
	})
	if err != nil {
		return nil, err
	}
	if props["info.state"] == types.TaskInfoStateSuccess {
		return props["info.result"], nil
	}
	switch fault := props["info.error"].(type) {
	case types.LocalizedMethodFault:
		return nil, &taskError{fault}
	case *types.LocalizedMethodFault:
		return nil, &taskError{*fault}
	}
	return nil, fmt.Errorf("the task %s failed and says nothing more", task.Value)
}

// cancel ends a task whose deadline passed and says what became of it.
func (s *session) cancel(ended context.Context, task types.ManagedObjectReference) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ended), cancelTime)
	defer stop()
	_, refused := methods.CancelTask(ctx, s.vim, &types.CancelTask{This: task})
	_, err := s.outcome(ctx, task)
	said := ""
	switch {
	case err == nil:
		said = "it had been done by then"
	case isFault[*types.RequestCanceled](err):
		said = "it was cancelled"
	case ctx.Err() == nil && faultOf(err) != nil:
		said = "it failed: " + faultText(faultOf(err), err)
	case refused != nil:
		said = "it cannot be cancelled and goes on"
	default:
		said = "it was told to end and had not within " + cancelTime.String()
	}
	err = fmt.Errorf("gave up waiting for the task %s: %s: %w", task.Value, said, ended.Err())
	if errors.Is(ended.Err(), context.DeadlineExceeded) {
		return platform.As(platform.ErrTimeout, err)
	}
	return err
}
