//go:build !linux

package docker

import "errors"

// within needs Linux.
func within(int, func() error) error { return errors.New("network namespaces need Linux") }
