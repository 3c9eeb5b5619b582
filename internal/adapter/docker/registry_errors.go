package docker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// byRegistry says what was tried on an image of a registry and what the user can do about the answer, be it the
// registry's own or what the engine tells of it. A nil error stays nil.
func (s *session) byRegistry(op, image, host string, err error) error {
	if err == nil {
		return nil
	}
	if told := (*platform.OpError)(nil); errors.As(err, &told) {
		return err
	}
	class := registryClass(err)
	if class == nil {
		return failed(op, image, err)
	}
	return platform.As(class, &platform.OpError{Op: op, On: image, Err: err, Hint: s.registryHint(class, host)})
}

// registryHint is what the user can do.
func (s *session) registryHint(class error, host string) string {
	setting := fmt.Sprintf("%s = { %q = \"user:password\" }", setRegistries, host)
	c, err := s.credentialFor(host)
	switch {
	case errors.Is(class, platform.ErrUnauthorised) && (err != nil || c.anonymous()):
		return fmt.Sprintf("The registry %s wants credentials and there are none: set %s in the platform's docker block, or log in with the docker tool", host, setting)
	case errors.Is(class, platform.ErrUnauthorised):
		return fmt.Sprintf("The registry %s refused the credentials from %s, or they do not reach as far", host, c.from)
	case errors.Is(class, platform.ErrThrottled):
		return fmt.Sprintf("The registry %s takes no more requests for now; one that is logged in may often ask more", host)
	case errors.Is(class, platform.ErrNotFound):
		return "Check name, tag and digest; some registries also hide what needs credentials"
	case errors.Is(class, platform.ErrUnreachable):
		return fmt.Sprintf("Does the registry %s answer? One without TLS has to be named in %s, and in the engine's own configuration", host, setInsecure)
	}
	return ""
}

// registryClass is the class of what a registry answered, nil for other errors.
func registryClass(err error) error {
	if err == nil {
		return nil
	}
	if class := platform.ClassOf(err); class != nil {
		return class
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		return statusClass(answer.StatusCode)
	}
	return wordsClass(strings.ToLower(err.Error()))
}

// statusClass is the class of an answer by its status.
func statusClass(status int) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return platform.ErrUnauthorised
	case status == http.StatusNotFound:
		return platform.ErrNotFound
	case status == http.StatusTooManyRequests:
		return platform.ErrThrottled
	case status == http.StatusMethodNotAllowed:
		return platform.ErrUnsupported
	case status >= http.StatusInternalServerError:
		return platform.ErrUnreachable
	}
	return nil
}

// wordsClass is the class of what the engine tells of a registry: it has words alone for that.
func wordsClass(text string) error {
	for _, known := range []struct {
		class error
		words []string
	}{
		{platform.ErrThrottled, []string{"toomanyrequests", "too many requests", "429"}},
		{platform.ErrUnauthorised, []string{"unauthorized", "no basic auth credentials", "authentication required", "access denied", "access to the resource is denied", "denied:", "401", "403 forbidden", "incorrect username"}},
		{platform.ErrNotFound, []string{"manifest unknown", "name unknown", "repository does not exist", "not found"}},
		{platform.ErrUnreachable, []string{
			"unexpected http status: 5", "status code 5", "unexpected status: 5", "connection refused", "connection reset", "no such host",
			"i/o timeout", "tls handshake", "unexpected eof", ": eof", "server gave http response to https client", "broken pipe", "use of closed",
		}},
	} {
		for _, word := range known.words {
			if strings.Contains(text, word) {
				return known.class
			}
		}
	}
	if text == "eof" {
		return platform.ErrUnreachable
	}
	return nil
}

// Waiting between attempts: short at first, and never long.
const (
	firstPause = 500 * time.Millisecond
	longPause  = 30 * time.Second
	attempts   = 5 // at what answers with errors; a registry that asks for patience gets it until the deadline
)

// persist does something again while a registry is busy or out of order, and gives the last error. What is done has to
// be the same when it is done twice.
func persist(ctx context.Context, do func() error) error {
	pause := firstPause
	for n := 1; ; n++ {
		err := do()
		if err == nil || ctx.Err() != nil {
			return err
		}
		class := registryClass(err)
		switch {
		case errors.Is(class, platform.ErrThrottled):
		case errors.Is(class, platform.ErrUnreachable) && n < attempts:
		default:
			return err
		}
		if !waited(ctx, pause) {
			return err
		}
		pause = min(2*pause, longPause)
	}
}

// waited lets time pass; false is that the deadline comes before.
func waited(ctx context.Context, pause time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}
