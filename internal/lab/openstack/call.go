package openstack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// caller speaks to the services' APIs in a user's name, with no more than the lab needs.
type caller struct {
	client   *http.Client
	identity string
	project  *Project

	mu    sync.Mutex // guards what follows
	token string
}

// object is JSON.
type object = map[string]any

// call sends a body and decodes the answer; nil is none. A body that is no object is sent as it is.
func (c *caller) call(ctx context.Context, method, url string, body, into any) error {
	token, err := c.login(ctx)
	if err != nil {
		return err
	}
	_, err = c.send(ctx, method, url, token, body, into)
	return err
}

// login gives a token, the same one each time.
func (c *caller) login(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" {
		return c.token, nil
	}
	domain := object{"id": "default"}
	header, err := c.send(ctx, http.MethodPost, c.identity+"/auth/tokens", "", object{"auth": object{
		"identity": object{"methods": []string{"password"}, "password": object{
			"user": object{"name": c.project.User, "domain": domain, "password": c.project.Password},
		}},
		"scope": object{"project": object{"name": c.project.Name, "domain": domain}},
	}}, nil)
	if err != nil {
		return "", err
	}
	c.token = header.Get("X-Subject-Token")
	return c.token, nil
}

// send sends one request.
func (c *caller) send(ctx context.Context, method, url, token string, body, into any) (http.Header, error) {
	kind, text := "application/octet-stream", []byte(nil)
	switch body := body.(type) {
	case nil:
	case []byte:
		text = body
	default:
		var err error
		kind = "application/json"
		if text, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", kind)
	if token != "" {
		request.Header.Set("X-Auth-Token", token)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusMultipleChoices {
		err = errors.New(response.Status + ": " + strings.TrimSpace(string(answer)))
	}
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, url, err)
	}
	return response.Header, nil
}

// create makes an object of a kind in a collection and gives its id: POST url with {"kind": fields}.
func (c *caller) create(ctx context.Context, url, kind string, fields object) (string, error) {
	answer := map[string]struct{ ID string }{}
	if err := c.call(ctx, http.MethodPost, url, object{kind: fields}, &answer); err != nil {
		return "", err
	}
	return answer[kind].ID, nil
}
