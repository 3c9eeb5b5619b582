//go:build !unix

package openstack

import "errors"

// lock needs a unix.
func lock(string) (unlock func(), err error) { return nil, errors.New("the lab's locks need a unix") }
