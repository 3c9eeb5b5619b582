package openstack_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
)

// serve gives the address of a file.
func serve(t *testing.T, content string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content))) // without it glance gives up, and the image stays queued
		_, _ = io.WriteString(w, content)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/image.raw"
}

// put sends a file.
func put(t *testing.T, url, token, content string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("X-Auth-Token", token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		t.Fatalf("PUT %s: %s", url, response.Status)
	}
}

func TestImage(t *testing.T) {
	t.Parallel()
	c := openstack.Start(t)
	p := c.Project(t)
	content := strings.Repeat("0123456789abcdef", 4096)
	server := serve(t, content)
	token, endpoints := login(t, p)
	images := endpoints["image"] + "/v2/images"
	for _, name := range []string{"uploaded", "fetched"} {
		text, _ := request(t, http.MethodPost, images, token, `{"name": "`+name+`", "disk_format": "raw", "container_format": "bare"}`)
		var image struct{ ID string }
		if err := json.Unmarshal([]byte(text), &image); err != nil {
			t.Fatal(err)
		}
		if name == "fetched" {
			request(t, http.MethodPost, images+"/"+image.ID+"/import", token, `{"method": {"name": "web-download", "uri": "`+server+`"}}`)
		} else {
			put(t, images+"/"+image.ID+"/file", token, content)
		}
		await(t, p, "active", "image", "show", name, "status")
		await(t, p, "65536", "image", "show", name, "size")
	}
}
