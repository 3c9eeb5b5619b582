package platform

import (
	"context"
	"sync"
)

// Warnings collects what adapters have to tell the user about an operation that goes on or succeeded.
type Warnings struct {
	mu   sync.Mutex
	list []AttrError
}

type warningsKey struct{}

// WithWarnings lets Warn reach w through the context.
func WithWarnings(ctx context.Context, w *Warnings) context.Context {
	return context.WithValue(ctx, warningsKey{}, w)
}

// Warn tells the user something that is no failure, on an attribute or, without a path, on the whole object.
func Warn(ctx context.Context, err error, path ...string) {
	w, ok := ctx.Value(warningsKey{}).(*Warnings)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, AttrError{path, err})
}

// Take returns what was collected, once.
func (w *Warnings) Take() []AttrError {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.list
	w.list = nil
	return list
}
