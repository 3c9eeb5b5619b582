package openstack_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
)

// calls are those that say something: without tokens and the discovery of versions.
func calls(x *openstack.Proxy) map[string]int {
	all := x.Calls()
	for key := range all {
		if strings.HasSuffix(key, " /") || strings.HasPrefix(key, "identity ") {
			delete(all, key)
		}
	}
	return all
}

func TestProxy(t *testing.T) {
	t.Parallel()
	c := openstack.Start(t)
	x := openstack.NewProxy(t, c)
	p := c.Project(t)
	network(t, p)
	through := p.Through(x)

	through.CLI(t, "network", "list", "--internal")
	if got := x.Calls(); got["identity POST /auth/tokens"] != 1 || got["network GET /networks"] != 1 {
		t.Errorf("calls %v", got)
	}
	through.CLI(t, "keypair", "list")
	through.CLI(t, "volume", "type", "list")
	if diff := cmp.Diff(map[string]int{"compute GET /os-keypairs": 1, "volume GET /types": 1}, calls(x)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}

	// Links to further pages lead through the proxy, too.
	for _, name := range []string{"a", "b", "c"} {
		p.CLI(t, "volume", "create", "--size", "1", name)
	}
	links := followPages(t, through, x)
	if links["volume GET /volumes/detail"] != 1 || links["volume GET /volumes/detail?marker"] < 2 {
		t.Errorf("calls %v", links)
	}
	if x.Total() != 0 {
		t.Errorf("%d calls since the last question", x.Total())
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	c := openstack.Start(t)
	x := openstack.NewProxy(t, c)
	p := c.Project(t)
	through := p.Through(x)
	fails := func(want string, args ...string) {
		t.Helper()
		if _, err := through.Try(t.Context(), args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("openstack %s: %v, want %s", strings.Join(args, " "), err, want)
		}
	}

	x.Inject(openstack.Fault{Service: "compute", Path: "/flavors/detail", Status: http.StatusForbidden, Message: "not for you", Times: 1})
	fails("not for you", "flavor", "list")
	through.CLI(t, "flavor", "list")

	x.Inject(openstack.Fault{Service: "network", Method: http.MethodPost, Status: http.StatusConflict, Message: "quota of networks", After: 1})
	through.CLI(t, "network", "create", "first")
	fails("quota of networks", "network", "create", "second")
	x.Clear()

	// The service has made it, and the client does not know.
	x.Inject(openstack.Fault{Service: "network", Method: http.MethodPost, Path: "/networks", Lose: true, Status: http.StatusBadGateway})
	fails("502", "network", "create", "third")
	x.Clear()
	through.CLI(t, "network", "show", "third")

	x.Inject(openstack.Fault{Service: "volume", Path: "/volumes/detail", Rewrite: func(body []byte) []byte {
		return []byte(strings.ReplaceAll(string(body), "available", "strange"))
	}})
	p.CLI(t, "volume", "create", "--size", "1", "data")
	await(t, through, "strange", "volume", "list", "Status")
	x.Clear()

	x.Inject(openstack.Fault{Service: "compute", Path: "/flavors/detail", Cut: true})
	fails("", "flavor", "list")
	x.Clear()

	x.Without("volumev3")
	fails("volume", "volume", "list")
	x.Without()
	through.CLI(t, "volume", "list")

	x.Inject(openstack.Fault{Service: "image", Hang: true, Times: 1})
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := through.Try(ctx, "image", "list"); err == nil || time.Since(start) < time.Second {
		t.Errorf("answered after %s: %v", time.Since(start), err)
	}
}
