package engine

import (
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// operation is one verb and where its time limit is written.
type operation struct {
	verb     string
	user     func(*platform.Timeouts) *string
	fallback func(Timeouts) time.Duration
}

func creating() operation {
	return operation{"create", func(t *platform.Timeouts) *string { return t.Create }, func(t Timeouts) time.Duration { return t.Create }}
}

func reading() operation {
	return operation{"read", func(t *platform.Timeouts) *string { return t.Read }, func(t Timeouts) time.Duration { return t.Read }}
}

func updating() operation {
	return operation{"update", func(t *platform.Timeouts) *string { return t.Update }, func(t Timeouts) time.Duration { return t.Update }}
}

func deleting() operation {
	return operation{"delete", func(t *platform.Timeouts) *string { return t.Delete }, func(t Timeouts) time.Duration { return t.Delete }}
}

// limit is how long the operation may take: the user's word, or the kind's.
func (o operation) limit(m *platform.Meta, kind Timeouts) time.Duration {
	if m.Timeouts != nil {
		if d, err := time.ParseDuration(word(o.user(m.Timeouts))); err == nil && d > 0 {
			return d
		}
	}
	return o.fallback(kind)
}
