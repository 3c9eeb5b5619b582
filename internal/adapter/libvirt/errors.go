package libvirt

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/digitalocean/go-libvirt"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/sshpipe"
)

// failed says what was tried on what, classifies libvirt's answer and adds the hint that belongs to it. It is the one
// place where libvirt's errors become errors of the contract. A nil error stays nil; an error that says already what
// was tried stays as it is.
func failed(op, on string, err error) error {
	if err == nil {
		return nil
	}
	if told := (*platform.OpError)(nil); errors.As(err, &told) {
		return err
	}
	hint, class := classify(err)
	if text := err.Error(); text != strings.TrimSpace(text) {
		err = &oneLine{err}
	}
	err = &platform.OpError{Op: op, On: on, Err: err, Hint: hint}
	if class == nil {
		return err
	}
	return platform.As(class, err)
}

// classify finds the class of an error and what the user can do about it.
func classify(err error) (hint string, class error) {
	var told libvirt.Error
	var op *net.OpError
	switch {
	case errors.As(err, &told):
		return classifyCode(told)
	case platform.ClassOf(err) != nil:
		return "", platform.ClassOf(err)
	case errors.Is(err, context.Canceled):
		return "", nil
	case errors.Is(err, context.DeadlineExceeded):
		return "", platform.ErrTimeout
	case errors.Is(err, errPacket):
		return "Is there a libvirt daemon behind the setting uri?", platform.ErrUnreachable
	case errors.Is(err, libvirt.ErrUnsupported):
		return "The libvirt on the host is too old for it", platform.ErrUnsupported
	case lost(err):
		return "The connection was lost; plan again to see what was done", platform.ErrUnreachable
	case errors.As(err, &op):
		return checkURI, platform.ErrUnreachable
	}
	return "", nil
}

const (
	checkURI = "Check the setting uri (LIBVIRT_DEFAULT_URI), and that libvirtd or virtqemud runs there"
	needRole = "The user of the connection needs the right to manage libvirt there: the group libvirt, a polkit rule, or root"
)

// unconnected is failed for an attempt to connect: it knows what each transport can stumble over.
func unconnected(u *uri, err error) error {
	if told := (*platform.OpError)(nil); errors.As(err, &told) || errors.Is(err, context.Canceled) || errors.Is(err, errClosed) {
		return err
	}
	if said := (*sshpipe.Error)(nil); errors.As(err, &said) {
		err = said
	}
	hint, class := noWayIn(u, err)
	if class == nil {
		return failed("connect to", u.where(), err)
	}
	return platform.As(class, &platform.OpError{Op: "connect to", On: u.where(), Err: err, Hint: hint})
}

// noWayIn finds the class and the hint of what keeps a connection from being made.
func noWayIn(u *uri, err error) (hint string, class error) {
	var told libvirt.Error
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &told):
		if strings.Contains(told.Message, "authentication") && u.transport == overTCP {
			return "The daemon asks for SASL, which this provider does not speak: use qemu+tls or qemu+ssh", platform.ErrUnauthorised
		}
		return "", nil
	case errors.As(err, &untrusted):
		return "Set ca_file to the PEM file of the authority that signed the server's certificate, whose name has to be the one in the setting uri", platform.ErrUnauthorised
	case errors.Is(err, platform.ErrUnauthorised) && u.transport == overTLS:
		return "Set client_certificate and client_key, or pkipath in the setting uri, to a certificate of an authority that the server trusts", platform.ErrUnauthorised
	case u.transport == overSSH:
		return whySSH(u, err)
	case errors.Is(err, os.ErrPermission):
		return needRole, platform.ErrUnauthorised
	case u.transport == overUnix && u.session() && errors.Is(err, os.ErrNotExist):
		return "Nobody runs a session daemon for this user: virsh -c qemu:///session list starts one", platform.ErrUnreachable
	case lost(err):
		return checkURI, platform.ErrUnreachable
	}
	return "", nil
}

// whySSH judges by what ssh said.
func whySSH(u *uri, err error) (hint string, class error) {
	var said *sshpipe.Error
	switch {
	case !errors.As(err, &said) && errors.Is(err, context.DeadlineExceeded):
		return "Does the host answer? " + trySSH(u), platform.ErrTimeout
	case !errors.As(err, &said):
		return "", nil
	case strings.Contains(said.Text, "Permission denied"), strings.Contains(said.Text, "verification failed"):
		return trySSH(u), platform.ErrUnauthorised
	case strings.Contains(said.Text, "libvirt-sock"), strings.Contains(said.Text, "virt-ssh-helper"):
		return "ssh gets through, but no daemon answers there: is libvirtd or virtqemud running?", platform.ErrUnreachable
	}
	return trySSH(u), platform.ErrUnreachable
}

// trySSH is what to do by hand.
func trySSH(u *uri) string {
	return "By hand this has to work without a question: " + strings.Join(slices.Concat(sshProgram(u), []string{"--", u.host, "true"}), " ")
}

// codes lists libvirt's error codes by their class (https://libvirt.org/html/libvirt-virterror.html).
func codes() map[error][]libvirt.ErrorNumber {
	return map[error][]libvirt.ErrorNumber{
		platform.ErrNotFound: {
			libvirt.ErrNoDomain, libvirt.ErrNoNetwork, libvirt.ErrNoStoragePool, libvirt.ErrNoStorageVol, libvirt.ErrNoDomainSnapshot,
		},
		platform.ErrExists:   {libvirt.ErrDomExist, libvirt.ErrNetworkExist, libvirt.ErrStorageVolExist},
		platform.ErrConflict: {libvirt.ErrOperationInvalid, libvirt.ErrResourceBusy, libvirt.ErrOperationAborted},
		platform.ErrUnauthorised: {
			libvirt.ErrAuthFailed, libvirt.ErrAccessDenied, libvirt.ErrAuthCancelled, libvirt.ErrAuthUnavailable, libvirt.ErrOperationDenied,
		},
		platform.ErrUnsupported: {libvirt.ErrNoSupport, libvirt.ErrConfigUnsupported, libvirt.ErrOperationUnsupported},
		platform.ErrInvalid: {
			libvirt.ErrInvalidArg, libvirt.ErrXMLError, libvirt.ErrXMLDetail, libvirt.ErrXMLInvalidSchema, libvirt.ErrInvalidMac,
		},
		platform.ErrTimeout: {libvirt.ErrOperationTimeout, libvirt.ErrAgentUnresponsive, libvirt.ErrAgentCommandTimeout},
	}
}

func classifyCode(told libvirt.Error) (hint string, class error) {
	code := libvirt.ErrorNumber(told.Code) //nolint:gosec // libvirt's codes are small
	for class, list := range codes() {
		if slices.Contains(list, code) {
			return hintFor(class, told.Message), class
		}
	}
	switch {
	case strings.Contains(told.Message, "already exists"), strings.Contains(told.Message, "already in use by"):
		return "", platform.ErrExists
	case strings.Contains(told.Message, "No space left"):
		return "Make room in the storage pool, or use another one", platform.ErrConflict
	case strings.Contains(told.Message, "Permission denied"):
		return "The process on the host, often qemu, may not read or write that file", platform.ErrUnauthorised
	}
	return "", nil
}

func hintFor(class error, message string) string {
	switch {
	case errors.Is(class, platform.ErrUnauthorised):
		return needRole
	case strings.Contains(message, "agent"):
		return "The guest's agent does not answer: is qemu-guest-agent installed and running in the guest?"
	}
	return ""
}

func isNotFound(err error) bool { return errors.Is(err, platform.ErrNotFound) }

// oneLine is an error without the line break that libvirt puts behind what a program said.
type oneLine struct{ err error }

func (o *oneLine) Error() string { return strings.TrimSpace(o.err.Error()) }
func (o *oneLine) Unwrap() error { return o.err }
