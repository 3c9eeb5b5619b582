package docker

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/sshpipe"
)

// failed says what was tried on what, classifies the engine's answer and adds the hint that belongs to it. It is the
// one place where the engine's errors become errors of the contract. A nil error stays nil; an error that says already
// what was tried stays as it is.
func failed(op, on string, err error) error {
	if err == nil {
		return nil
	}
	if told := (*platform.OpError)(nil); errors.As(err, &told) {
		return err
	}
	hint, class := classify(err)
	err = &platform.OpError{Op: op, On: on, Err: err, Hint: hint}
	if class == nil {
		return err
	}
	return platform.As(class, err)
}

// classify finds the class of an error and what the user can do about it.
func classify(err error) (hint string, class error) {
	var op *net.OpError
	switch text := err.Error(); {
	case platform.ClassOf(err) != nil:
		return "", platform.ClassOf(err)
	case errors.Is(err, context.Canceled):
		return "", nil
	case errors.Is(err, context.DeadlineExceeded):
		return "", platform.ErrTimeout
	case strings.Contains(text, "port is already allocated"), strings.Contains(text, "address already in use"):
		return "Another container or program of the host has that port: choose another one, or leave it out", platform.ErrConflict
	case strings.Contains(text, "This node is not a swarm manager"):
		return "Make the engine a manager: docker swarm init", platform.ErrUnsupported
	case errors.As(err, &op), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), client.IsErrConnectionFailed(err):
		return "The connection was lost; plan again to see what was done", platform.ErrUnreachable
	}
	return "", engineClass(err)
}

// engineClass is the class of the engine's own answer, which Moby's client tells by the status of the answer.
func engineClass(err error) error {
	switch {
	case cerrdefs.IsNotFound(err):
		return platform.ErrNotFound
	case cerrdefs.IsAlreadyExists(err):
		return platform.ErrExists
	case cerrdefs.IsConflict(err):
		return platform.ErrConflict
	case cerrdefs.IsUnauthorized(err), cerrdefs.IsPermissionDenied(err):
		return platform.ErrUnauthorised
	case cerrdefs.IsInvalidArgument(err):
		return platform.ErrInvalid
	case cerrdefs.IsNotImplemented(err):
		return platform.ErrUnsupported
	case cerrdefs.IsResourceExhausted(err):
		return platform.ErrThrottled
	}
	return nil
}

// unconnected is failed for an attempt to connect: it knows what each way can stumble over.
func unconnected(r *route, err error) error {
	if told := (*platform.OpError)(nil); errors.As(err, &told) || errors.Is(err, context.Canceled) {
		return err
	}
	hint, class := noWayIn(r, err)
	return platform.As(class, &platform.OpError{Op: "connect to the engine at", On: r.where(), Err: err, Hint: hint})
}

func noWayIn(r *route, err error) (hint string, class error) {
	var untrusted *tls.CertificateVerificationError
	var said *sshpipe.Error
	switch {
	case errors.As(err, &untrusted):
		return "Set ca_file to the PEM file of the authority that signed the engine's certificate, whose name has to be the one in the setting host", platform.ErrUnauthorised
	case errors.As(err, &said):
		return "By hand this has to work without a question: " + strings.Join(r.ssh.args, " ") + " -- " + r.ssh.host + " docker version", platform.ErrUnreachable
	case errors.Is(err, os.ErrPermission):
		return "The user needs the right to use that socket, such as the group docker", platform.ErrUnauthorised
	case strings.Contains(err.Error(), "remote error: tls"):
		return "Set client_certificate and client_key, or cert_path, to a certificate that the engine trusts", platform.ErrUnauthorised
	case strings.Contains(err.Error(), "HTTP response to HTTPS client"), strings.Contains(err.Error(), "HTTP request to an HTTPS server"):
		return "One side speaks TLS and the other does not: tcp:// uses it when cert_path or ca_file is set", platform.ErrUnreachable
	case errors.Is(err, context.DeadlineExceeded):
		return "Does the engine answer there?", platform.ErrTimeout
	}
	if class := engineClass(err); class != nil {
		return "", class
	}
	return "Does the engine run there? The address comes from " + r.from, platform.ErrUnreachable
}

func isNotFound(err error) bool {
	return cerrdefs.IsNotFound(err) || errors.Is(err, platform.ErrNotFound)
}

func isConflict(err error) bool {
	return cerrdefs.IsConflict(err) || errors.Is(err, platform.ErrConflict)
}
