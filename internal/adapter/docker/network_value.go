package docker

// fillOpen fills what the user left open.
func fillOpen[T any](want **T, got *T) {
	if *want == nil {
		*want = got
	}
}

// only is the entries of m whose keys are managed; nil where nothing is.
func only(m, managed map[string]string) map[string]string {
	if managed == nil {
		return nil
	}
	kept := map[string]string{}
	for key := range managed {
		if v, ok := m[key]; ok {
			kept[key] = v
		}
	}
	return kept
}
