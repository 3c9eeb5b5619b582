package openstack_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/openstack"
)

// request sends one call with a token, and gives the answer's body and header.
func request(t *testing.T, method, url, token, body string) (string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Auth-Token", token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %s %v %s", method, url, response.Status, err, text)
	}
	return string(text), response.Header
}

// login gives a token and the catalog's public endpoints, by type.
func login(t *testing.T, p *openstack.Project) (token string, endpoints map[string]string) {
	t.Helper()
	body := `{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "` + p.User + `", "domain": {"id": "default"}, "password": "` +
		p.Password + `"}}}, "scope": {"project": {"name": "` + p.Name + `", "domain": {"id": "default"}}}}}`
	text, header := request(t, http.MethodPost, p.AuthURL+"/auth/tokens", "", body)
	var answer struct {
		Token struct {
			Catalog []struct {
				Type      string
				Endpoints []struct{ Interface, URL string }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	endpoints = map[string]string{}
	for _, entry := range answer.Token.Catalog {
		for _, e := range entry.Endpoints {
			if e.Interface == "public" {
				endpoints[entry.Type] = e.URL
			}
		}
	}
	return header.Get("X-Subject-Token"), endpoints
}

// followPages reads the volumes by pages of one, and gives the calls that came.
func followPages(t *testing.T, p *openstack.Project, x *openstack.Proxy) map[string]int {
	t.Helper()
	token, endpoints := login(t, p)
	for url := endpoints["volumev3"] + "/volumes/detail?limit=1"; url != ""; {
		text, _ := request(t, http.MethodGet, url, token, "")
		var page struct {
			Links []struct{ Rel, Href string } `json:"volumes_links"`
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatal(err)
		}
		url = ""
		for _, link := range page.Links {
			url = link.Href
		}
	}
	return x.Calls()
}
