package openstack

// value is what a pointer points at, or the zero value.
func value[T any](p *T) (zero T) {
	if p == nil {
		return zero
	}
	return *p
}

// unless is a pointer to v, or nil where v is the value that stands for none.
func unless[T comparable](none, v T) *T {
	if v == none {
		return nil
	}
	return &v
}

// fillOpen fills what the user left open.
func fillOpen[T any](want **T, got *T) {
	if *want == nil {
		*want = got
	}
}
