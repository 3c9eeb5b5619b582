package openstack

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// answer is what a service answered, without the wrapping that each of them has in a way of its own.
type answer struct {
	status int
	kind   string // neutron's name of the error: IpAddressGenerationFailure
	text   string
	id     string // of the request, for the cloud's operators
	err    error
}

func (a *answer) Error() string {
	text := cmp.Or(a.text, http.StatusText(a.status), "no text")
	if a.id == "" || a.status < http.StatusInternalServerError {
		return fmt.Sprintf("%s (HTTP %d)", text, a.status)
	}
	return fmt.Sprintf("%s (HTTP %d, request %s)", text, a.status, a.id)
}

// Unwrap gives the library's error.
func (a *answer) Unwrap() error { return a.err }

// failed says what was tried on what, classifies the service's answer and adds the hint that belongs to it. It is the
// one place where the services' errors become errors of the contract. A nil error stays nil; an error that says already
// what was tried stays as it is.
func failed(op, on string, err error) error {
	if err == nil {
		return nil
	}
	if told := (*platform.OpError)(nil); errors.As(err, &told) {
		return err
	}
	err = plain(err)
	hint, class := classify(err)
	err = &platform.OpError{Op: op, On: on, Err: err, Hint: hint}
	if class == nil {
		return err
	}
	return platform.As(class, err)
}

// plain takes the service's own words out of the library's error, which would print the whole body.
func plain(err error) error {
	var code gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &code) {
		return err
	}
	kind, text := sentence(code.Body)
	return &answer{
		status: code.Actual, kind: kind, text: text, err: err,
		id: cmp.Or(code.ResponseHeader.Get("X-Openstack-Request-Id"), code.ResponseHeader.Get("X-Compute-Request-Id")),
	}
}

// sentence finds the message in any of the forms that services have: {"NeutronError": {"type", "message"}},
// {"conflictingRequest": {"message"}}, {"error": {"message"}}, {"message"}, HTML.
func sentence(body []byte) (kind, text string) {
	var whole map[string]json.RawMessage
	if json.Unmarshal(body, &whole) != nil {
		return "", fromHTML(string(body))
	}
	for _, raw := range whole {
		var inner struct{ Type, Message, Detail string }
		if json.Unmarshal(raw, &inner) == nil && (inner.Message != "" || inner.Type != "") {
			return inner.Type, tidy(strings.TrimSpace(inner.Message + " " + inner.Detail))
		}
	}
	for _, name := range []string{"message", "NeutronError", "error", "faultstring", "description"} {
		if json.Unmarshal(whole[name], &text) == nil && text != "" {
			return "", tidy(text)
		}
	}
	return "", ""
}

// fromHTML takes the text of glance's pages: title, heading, sentence.
func fromHTML(page string) string {
	_, body, found := strings.Cut(page, "<body>")
	if !found {
		body = page
	}
	if _, after, found := strings.Cut(body, "</h1>"); found {
		body = after
	}
	var b strings.Builder
	inside := false
	for _, r := range body {
		switch {
		case r == '<':
			inside = true
			b.WriteByte(' ')
		case r == '>':
			inside = false
		case !inside:
			b.WriteRune(r)
		}
	}
	return tidy(b.String())
}

// tidy keeps one line of bearable length, without a full stop.
func tidy(text string) string {
	text = strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ".")
	if runes := []rune(text); len(runes) > 600 {
		text = string(runes[:600]) + "…"
	}
	return text
}

// classify finds the class of an error and what the user can do about it.
func classify(err error) (hint string, class error) {
	var said *answer
	var operation *net.OpError
	var fault *gophercloud.ErrUnableToReauthenticate
	switch {
	case errors.As(err, &said):
		return classifyAnswer(said)
	case errors.As(err, &fault):
		return "The password or application credential is not valid any more", platform.ErrUnauthorised
	case platform.ClassOf(err) != nil:
		return "", platform.ClassOf(err)
	case errors.Is(err, context.Canceled):
		return "", nil
	case errors.Is(err, context.DeadlineExceeded):
		return "", platform.ErrTimeout
	case untrusted(err):
		return "Set ca_file to the PEM file of the authority that signed the certificate", platform.ErrUnauthorised
	case errors.As(err, &operation), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "The connection was lost; plan again to see what was done", platform.ErrUnreachable
	}
	return "", nil
}

func classifyAnswer(a *answer) (hint string, class error) {
	if isQuota(a) {
		return "Delete what is not needed, or have the project's quota raised (virt_project, quotas)", platform.ErrInvalid
	}
	switch a.status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType, http.StatusMethodNotAllowed:
		return "", platform.ErrInvalid
	case http.StatusUnauthorized:
		return "The token ran out or was revoked. A setting token cannot be renewed: set a new one, or a user and a password", platform.ErrUnauthorised
	case http.StatusForbidden:
		return "The user's roles in the project do not allow it", platform.ErrUnauthorised
	case http.StatusNotFound, http.StatusGone:
		return "", platform.ErrNotFound
	case http.StatusNotAcceptable, http.StatusNotImplemented:
		return "", platform.ErrUnsupported
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusLocked:
		return "", platform.ErrConflict
	case http.StatusRequestEntityTooLarge, http.StatusTooManyRequests:
		return "", platform.ErrThrottled
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return "", platform.ErrTimeout
	}
	if a.status >= http.StatusInternalServerError {
		return "The service failed; plan again to see what was done", platform.ErrUnreachable
	}
	return "", nil
}

// isQuota tells a used-up quota from other refusals: every service says it in another way.
func isQuota(a *answer) bool {
	switch a.status {
	case http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusBadRequest:
		text := strings.ToLower(a.text)
		return a.kind == "OverQuota" || strings.Contains(text, "quota") || strings.Contains(text, "exceeds available")
	}
	return false
}

// statusOf is the status that a service answered, or 0.
func statusOf(err error) int {
	code, _ := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err)
	return code.Actual
}

func isNotFound(err error) bool {
	return statusOf(err) == http.StatusNotFound || errors.Is(err, platform.ErrNotFound)
}

func isConflict(err error) bool {
	return statusOf(err) == http.StatusConflict || errors.Is(err, platform.ErrConflict)
}

// lost reports that nobody knows whether the request was done: the connection broke, or the service failed.
func lost(err error) bool {
	status := statusOf(err)
	if status >= http.StatusInternalServerError {
		return true
	}
	var operation *net.OpError
	return status == 0 && (errors.As(err, &operation) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errSlow))
}

// unauthenticated is failed for signing in: it knows what that stumbles over.
func unauthenticated(a *access, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	op := &platform.OpError{Op: "sign in at", On: a.auth.IdentityEndpoint, Err: plain(err)}
	var record tls.RecordHeaderError
	switch status := statusOf(err); {
	case status == http.StatusUnauthorized:
		op.Hint = "Check " + a.who() + ", its domain, and the project"
		return platform.As(platform.ErrUnauthorised, op)
	case status == http.StatusNotFound:
		op.Hint = "Is auth_url the identity service's? It ends with /v3 on most clouds"
		return platform.As(platform.ErrInvalid, op)
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		op.Hint = "One side speaks TLS and the other does not: check http:// and https:// in auth_url"
		return platform.As(platform.ErrUnreachable, op)
	}
	hint, class := classify(op.Err)
	if errors.Is(class, platform.ErrUnreachable) {
		hint = "Does the identity service run there? The address comes from auth_url, OS_AUTH_URL or clouds.yaml"
	}
	op.Hint = hint
	if class == nil {
		class = platform.ErrUnreachable
	}
	return platform.As(class, op)
}

// who names the settings that say who signs in, never their values.
func (a *access) who() string {
	switch {
	case a.auth.TokenID != "":
		return "the setting token (OS_TOKEN)"
	case a.auth.ApplicationCredentialID != "" || a.auth.ApplicationCredentialName != "":
		return "application_credential_id and application_credential_secret"
	}
	return "username and password"
}
