package openstack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// rewriteCatalog changes the catalog in an answer of keystone, so that whoever logs in at the proxy goes through it for
// everything, and lacks what Without took away.
func (p *Proxy) rewriteCatalog(response *http.Response) error {
	if !strings.HasSuffix(response.Request.URL.Path, "/auth/tokens") && !strings.HasSuffix(response.Request.URL.Path, "/auth/catalog") {
		return nil
	}
	return rewrite(response, func(body []byte) []byte {
		var answer map[string]any
		if json.Unmarshal(body, &answer) != nil {
			return body // none, or an error
		}
		holder := answer
		if token, ok := answer["token"].(map[string]any); ok {
			holder = token
		}
		catalog, ok := holder["catalog"].([]any)
		if !ok {
			return body
		}
		holder["catalog"] = slices.DeleteFunc(catalog, func(entry any) bool {
			fields, ok := entry.(map[string]any)
			kind, _ := fields["type"].(string)
			return ok && p.omits(kind)
		})
		text, err := json.Marshal(answer)
		if err != nil {
			return body
		}
		for _, s := range services() {
			text = bytes.ReplaceAll(text, []byte(p.cloud.url(s.name)), []byte("http://"+p.addresses[s.name]))
		}
		return text
	})
}

// rewrite changes the body of an answer.
func rewrite(response *http.Response, change func([]byte) []byte) error {
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	body = change(body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// matches asks a condition about a call and leaves its body as it was.
func matches(r *http.Request, condition func(*http.Request) bool) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	met := condition(r)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return met
}

// complaint is an error in a service's own format.
func complaint(service string, status int, message string) any {
	switch service {
	case "network":
		return object{"NeutronError": object{"type": strings.ReplaceAll(http.StatusText(status), " ", ""), "message": message, "detail": ""}}
	case "identity":
		return object{"error": object{"code": status, "title": http.StatusText(status), "message": message}}
	case "placement":
		return object{"errors": []object{{"status": status, "title": http.StatusText(status), "detail": message}}}
	case "image":
		return object{"code": fmt.Sprintf("%d %s", status, http.StatusText(status)), "title": http.StatusText(status), "message": message}
	}
	return object{fault(status): object{"code": status, "message": message}}
}

// fault is what nova and cinder call an error.
func fault(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "badRequest"
	case http.StatusUnauthorized:
		return "unauthorized"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "itemNotFound"
	case http.StatusConflict:
		return "conflictingRequest"
	case http.StatusRequestEntityTooLarge, http.StatusTooManyRequests:
		return "overLimit"
	case http.StatusServiceUnavailable:
		return "serviceUnavailable"
	}
	return "computeFault"
}
