package platform

import "context"

type importingKey struct{}

// WithImporting marks a Read that follows an import: no bindings exist yet, so every element of a map is new.
func WithImporting(ctx context.Context) context.Context {
	return context.WithValue(ctx, importingKey{}, true)
}

// Importing reports whether this Read follows an import. Elements of maps then get keys from their slot or,
// where the native object holds it, the key that made them; otherwise elements without a binding are unmanaged.
func Importing(ctx context.Context) bool {
	on, _ := ctx.Value(importingKey{}).(bool)
	return on
}
