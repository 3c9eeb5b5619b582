package platform

import "context"

// Issuer is what an adapter implements for a kind that is handed out and never stored: a token, a short-lived
// password.
type Issuer[T any] interface {
	// Issue fills in, in place, what want asks for. It gets a private copy with the name of the connection in its
	// platform attribute and must return soon after its context ends. It may be called several times in one run, and
	// nobody takes back what it hands out: that has to end by itself.
	Issue(ctx context.Context, want *T) error
}
