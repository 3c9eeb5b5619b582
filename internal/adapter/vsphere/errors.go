package vsphere

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// failed says what was tried on what, classifies the platform's answer and adds the hint that belongs to it. It is
// the one place where errors of the API become errors of the contract. A nil error stays nil; an error that says
// already what was tried stays as it is.
func failed(op, on string, err error) error {
	if err == nil {
		return nil
	}
	if told := (*platform.OpError)(nil); errors.As(err, &told) {
		return err
	}
	hint, class := classify(err)
	if fault := faultOf(err); fault != nil {
		err = &faultError{text: faultText(fault, err), err: err}
	}
	err = &platform.OpError{Op: op, On: on, Err: err, Hint: hint}
	if class == nil {
		return err
	}
	return platform.As(class, err)
}

// faultError gives a fault a text that names it; the SDK's own text is often just "ServerFaultCode: ".
type faultError struct {
	text string
	err  error
}

func (f *faultError) Error() string { return f.text }
func (f *faultError) Unwrap() error { return f.err }

// statusError is an HTTP answer that is no SOAP envelope.
type statusError struct {
	code   int
	status string
	after  time.Duration // how long the server asks to be left alone; 0 is not said
}

func (s *statusError) Error() string { return "the server answered " + s.status }

// classify finds the class of an error and what the user can do about it.
func classify(err error) (hint string, class error) {
	if fault := faultOf(err); fault != nil {
		return classifyFault(fault)
	}
	var status *statusError
	switch {
	case errors.As(err, &status):
		return classifyStatus(status)
	case untrusted(err):
		return "Set ca_file to the PEM file of the authority that signed it, or allow_unverified_ssl = true for a lab", platform.ErrUnreachable
	case errors.Is(err, context.Canceled):
		return "", nil
	case errors.Is(err, context.DeadlineExceeded):
		return "", platform.ErrTimeout
	}
	var op *net.OpError
	var dns *net.DNSError
	if errors.As(err, &op) || errors.As(err, &dns) {
		return "Check the setting server (VSPHERE_SERVER), the network and the proxy setting", platform.ErrUnreachable
	}
	return "", platform.ClassOf(err)
}

func classifyStatus(s *statusError) (hint string, class error) {
	switch s.code {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "The server is overloaded or starting: try again later, or lower parallel_requests", platform.ErrThrottled
	case http.StatusUnauthorized, http.StatusForbidden:
		return "", platform.ErrUnauthorised
	case http.StatusNotFound:
		return "The setting server does not seem to be a vCenter or an ESXi host", platform.ErrUnreachable
	}
	return "", platform.ErrUnreachable
}

// untrusted says whether a TLS handshake failed because the server's certificate could not be verified.
func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid)
}

// faultOf finds the fault inside an error of a call or of a task.
func faultOf(err error) types.BaseMethodFault {
	var f interface{ Fault() types.BaseMethodFault }
	if !errors.As(err, &f) {
		return nil
	}
	return f.Fault()
}

// isFault reports whether err carries a fault of type F.
func isFault[F types.BaseMethodFault](err error) bool {
	_, ok := faultOf(err).(F)
	return ok
}

// classifyFault knows the faults of the vSphere API.
func classifyFault(fault types.BaseMethodFault) (hint string, class error) {
	switch f := fault.(type) {
	case *types.InvalidLogin:
		return "Check the settings user and password (VSPHERE_USER and VSPHERE_PASSWORD)", platform.ErrUnauthorised
	case *types.NotAuthenticated:
		return "The session ended; try again", platform.ErrUnauthorised
	case *types.NoPermission:
		return fmt.Sprintf("Give the user the privilege %s there", f.PrivilegeId), platform.ErrUnauthorised
	case *types.RestrictedVersion:
		return "The licence of this host forbids changes through the API", platform.ErrUnauthorised
	case *types.ManagedObjectNotFound, *types.NotFound, *types.FileNotFound:
		return "", platform.ErrNotFound
	case *types.DuplicateName, *types.AlreadyExists, *types.FileAlreadyExists:
		return "", platform.ErrExists
	case *types.RequestCanceled:
		return "Somebody cancelled the task", platform.ErrConflict
	case *types.HostNotConnected, *types.HostNotReachable, *types.HostCommunication:
		return "The host does not answer the vCenter", platform.ErrUnreachable
	case *types.Timedout, *types.HostConnectFault:
		return "", platform.ErrTimeout
	}
	return "", classifyState(fault)
}

func classifyState(fault types.BaseMethodFault) error {
	switch fault.(type) {
	case *types.InvalidPowerState, *types.InvalidState, *types.TaskInProgress, *types.ResourceInUse, *types.ConcurrentAccess,
		*types.FileLocked, *types.InvalidHostState, *types.MethodDisabled, *types.ToolsUnavailable,
		*types.CpuHotPlugNotSupported, *types.MemoryHotPlugNotSupported,
		*types.InsufficientResourcesFault, *types.NoDiskSpace:
		return platform.ErrConflict
	case *types.NotSupported, *types.MethodNotFound, *types.NotImplemented, *types.NotEnoughLicenses, *types.LicenseRestricted,
		*types.DeviceUnsupportedForVmPlatform, *types.DeviceNotSupported, *types.UnsupportedGuest:
		return platform.ErrUnsupported
	case *types.InvalidArgument, *types.InvalidName, *types.InvalidRequest, *types.InvalidVmConfig, *types.InvalidDeviceSpec,
		*types.InvalidDeviceOperation, *types.InvalidDatastorePath, *types.InvalidProperty, *types.MemorySizeNotSupported:
		return platform.ErrInvalid
	}
	return nil
}

// faultText names the fault and what it is about. err gives the server's own sentence.
func faultText(fault types.BaseMethodFault, err error) string {
	name := strings.TrimSuffix(reflect.Indirect(reflect.ValueOf(fault)).Type().Name(), "Fault")
	parts := []string{name}
	if said := sentence(err, name); said != "" {
		parts = append(parts, said)
	}
	if about := faultSubject(fault); about != "" {
		parts = append(parts, about)
	}
	if base := fault.GetMethodFault(); base != nil {
		for _, m := range base.FaultMessage {
			parts = append(parts, m.Message)
		}
		if base.FaultCause != nil && base.FaultCause.LocalizedMessage != "" {
			parts = append(parts, base.FaultCause.LocalizedMessage)
		}
	}
	return strings.Join(parts, ": ")
}

// sentence is the server's own text, unless it repeats the fault's name.
func sentence(err error, name string) string {
	var said string
	var task *taskError
	switch {
	case errors.As(err, &task):
		said = task.fault.LocalizedMessage
	case soap.IsSoapFault(rootOf(err)):
		said = soap.ToSoapFault(rootOf(err)).String
	}
	if strings.HasPrefix(said, "*types.") || strings.EqualFold(said, name) {
		return ""
	}
	return strings.TrimSuffix(said, ".")
}

func rootOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// faultSubject spells the fields that say what a fault is about.
func faultSubject(fault types.BaseMethodFault) string {
	switch f := fault.(type) {
	case *types.NoPermission:
		if f.Object != nil {
			return fmt.Sprintf("the privilege %s is missing on %s", f.PrivilegeId, f.Object.Value)
		}
		return fmt.Sprintf("the privilege %s is missing", f.PrivilegeId)
	case *types.InvalidArgument:
		return f.InvalidProperty
	case *types.InvalidVmConfig:
		return f.Property
	case *types.InvalidDeviceSpec:
		return fmt.Sprintf("%s (device %d)", f.Property, f.DeviceIndex)
	case *types.DuplicateName:
		return f.Name
	case *types.ManagedObjectNotFound:
		return f.Obj.Value
	case *types.InvalidPowerState:
		return fmt.Sprintf("it is %s", f.ExistingState)
	case *types.FileAlreadyExists:
		return f.File
	case *types.FileNotFound:
		return f.File
	}
	return ""
}
