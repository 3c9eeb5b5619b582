package libvirt

// value is what a pointer points at, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// fillOpen fills what the user left open.
func fillOpen[T any](want **T, got *T) {
	if *want == nil {
		*want = got
	}
}

// unless is a pointer to v, or nil where v is the value that stands for none.
func unless[T comparable](v, none T) *T {
	if v == none {
		return nil
	}
	return &v
}
