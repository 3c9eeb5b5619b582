package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// connected opens a connection with settings and, where it is the sole one, variables of the environment.
func connected(t *testing.T, given map[string]any, env map[string]string) (*platform.Conn, error) {
	t.Helper()
	if given["config_dir"] == nil && env["DOCKER_CONFIG"] == "" {
		given = maps.Clone(given)
		if given == nil {
			given = map[string]any{}
		}
		given["config_dir"] = t.TempDir() // not that of whoever runs the test
	}
	look := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	config, err := platform.Resolve(settings(), given, platform.Source{Block: "docker", Name: "lab", Sole: true, Env: look})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := open(t.Context(), config)
	if err == nil {
		t.Cleanup(func() {
			if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	return conn, err
}

// networkNames asks something of a connection.
func networkNames(ctx context.Context, c *platform.Conn) ([]string, error) {
	var names []string
	lister, ok := c.Networks.(platform.Lister[platform.Network])
	if !ok {
		return nil, errors.New("networks cannot be listed")
	}
	for n, err := range lister.List(ctx) {
		if err != nil {
			return nil, err
		}
		names = append(names, n.Name)
	}
	return names, nil
}

// withContext is a folder as the docker tool keeps it, with one context, which is the current one if so wanted.
func withContext(t *testing.T, name, host, certs string, current bool) string {
	t.Helper()
	dir := t.TempDir()
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	meta, err := json.Marshal(map[string]any{"Name": name, "Endpoints": map[string]any{"docker": map[string]any{"Host": host, "SkipTLSVerify": false}}})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"contexts/meta/" + id + "/meta.json": string(meta)}
	if current {
		files["config.json"] = `{"currentContext": "` + name + `"}`
	}
	for _, file := range []string{"ca.pem", "cert.pem", "key.pem"} {
		if text, err := os.ReadFile(filepath.Join(certs, file)); certs != "" && err == nil {
			files["contexts/tls/"+id+"/docker/"+file] = string(text)
		}
	}
	write(t, dir, files)
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRoutes goes every way to one engine: it is the same endpoint by each.
func TestRoutes(t *testing.T) {
	e := lab.Serve(t, lab.Options{TCP: true, TLS: true, SSH: true})
	t.Setenv("PATH", e.SSH.Bin+":"+os.Getenv("PATH"))
	pem := func(name string) string { return filepath.Join(e.TLS.Client, name) }
	elsewhere := "unix://" + filepath.Join(t.TempDir(), "nobody.sock")
	first, err := connected(t, map[string]any{"host": e.Host()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		given map[string]any
		env   map[string]string
	}{
		"unix":                    {given: map[string]any{"host": e.Host()}},
		"tcp":                     {given: map[string]any{"host": e.TCPHost()}},
		"TLS by a folder":         {given: map[string]any{"host": e.TLSHost(), "cert_path": e.TLS.Client}},
		"TLS by files":            {given: map[string]any{"host": e.TLSHost(), "ca_file": pem("ca.pem"), "client_certificate": pem("cert.pem"), "client_key": pem("key.pem")}},
		"TLS as https":            {given: map[string]any{"host": strings.Replace(e.TLSHost(), "tcp:", "https:", 1), "cert_path": e.TLS.Client}},
		"TLS unverified":          {given: map[string]any{"host": e.TLSHost(), "client_certificate": pem("cert.pem"), "client_key": pem("key.pem"), "tls_verify": false}},
		"ssh":                     {given: map[string]any{"host": "ssh://root@" + e.SSH.Jump}},
		"ssh behind a jump host":  {given: map[string]any{"host": e.SSH.URL()}},
		"ssh to another socket":   {given: map[string]any{"host": "ssh://root@" + e.SSH.Jump + e.Socket()}},
		"ssh by options":          {given: map[string]any{"host": "ssh://" + e.SSH.Jump, "ssh_options": []string{"-l", "root"}}},
		"a context":               {given: map[string]any{"context": "lab", "config_dir": withContext(t, "lab", e.Host(), "", false)}},
		"a context with TLS":      {given: map[string]any{"context": "lab", "config_dir": withContext(t, "lab", e.TLSHost(), e.TLS.Client, false)}},
		"the current context":     {given: map[string]any{"config_dir": withContext(t, "lab", e.Host(), "", true)}},
		"a context, not the host": {given: map[string]any{"context": "lab", "config_dir": withContext(t, "lab", e.Host(), "", false)}, env: map[string]string{"DOCKER_HOST": elsewhere}},
		"the host, not a context": {given: map[string]any{"host": e.Host(), "config_dir": withContext(t, "lab", elsewhere, "", true)}, env: map[string]string{"DOCKER_CONTEXT": "lab"}},
		"DOCKER_HOST":             {env: map[string]string{"DOCKER_HOST": e.Host(), "DOCKER_CONTEXT": "none"}},
		"DOCKER_HOST with TLS":    {env: map[string]string{"DOCKER_HOST": e.TLSHost(), "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": e.TLS.Client}},
		"DOCKER_CONTEXT":          {env: map[string]string{"DOCKER_CONTEXT": "lab", "DOCKER_CONFIG": withContext(t, "lab", e.Host(), "", false)}},
		"an older version":        {given: map[string]any{"host": e.Host(), "api_version": "1.40"}},
		"DOCKER_API_VERSION":      {given: map[string]any{"host": e.Host()}, env: map[string]string{"DOCKER_API_VERSION": "1.40"}},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := connected(t, c.given, c.env)
			if err != nil {
				t.Fatal(err)
			}
			if conn.Endpoint != first.Endpoint {
				t.Errorf("by this way it is %s, by another %s", conn.Endpoint, first.Endpoint)
			}
			if names, err := networkNames(t.Context(), conn); err != nil || len(names) < 3 {
				t.Errorf("it has the networks %v (%v)", names, err)
			}
		})
	}
	t.Run("another engine", func(t *testing.T) {
		other, err := connected(t, map[string]any{"host": lab.Serve(t, lab.Options{}).Host()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if other.Endpoint == first.Endpoint {
			t.Errorf("two engines are both %s", other.Endpoint)
		}
	})
}

// TestRoutesRefused goes ways that lead nowhere: the errors say what was tried and what to do.
func TestRoutesRefused(t *testing.T) {
	e := lab.Serve(t, lab.Options{TCP: true, TLS: true, SSH: true})
	other := lab.Serve(t, lab.Options{TLS: true})
	t.Setenv("PATH", e.SSH.Bin+":"+os.Getenv("PATH"))
	dir := t.TempDir()
	write(t, dir, map[string]string{"ca.pem": "no certificate", "broken/config.json": "{"})
	nobody := "unix://" + filepath.Join(dir, "nobody.sock")
	pem := func(of *lab.Engine, name string) string { return filepath.Join(of.TLS.Client, name) }
	for name, c := range map[string]struct {
		given map[string]any
		env   map[string]string
		class error
		says  []string
	}{
		"no socket":         {given: map[string]any{"host": nobody}, class: platform.ErrUnreachable, says: []string{nobody, "Does the engine run there?", "the setting host"}},
		"nobody listens":    {given: map[string]any{"host": "tcp://127.0.0.1:1"}, class: platform.ErrUnreachable, says: []string{"tcp://127.0.0.1:1"}},
		"no such host":      {given: map[string]any{"host": "tcp://engine.invalid:2376"}, class: platform.ErrUnreachable, says: []string{"engine.invalid"}},
		"no transport":      {given: map[string]any{"host": "engine"}, class: platform.ErrInvalid, says: []string{"unix://"}},
		"no port":           {given: map[string]any{"host": "tcp://engine"}, class: platform.ErrInvalid, says: []string{"2376 with TLS"}},
		"host and context":  {given: map[string]any{"host": e.Host(), "context": "lab"}, class: platform.ErrInvalid, says: []string{"leave one of them out"}},
		"another authority": {given: map[string]any{"host": e.TLSHost(), "ca_file": pem(other, "ca.pem"), "client_certificate": pem(e, "cert.pem"), "client_key": pem(e, "key.pem")}, class: platform.ErrUnauthorised, says: []string{"ca_file"}},
		"not trusted":       {given: map[string]any{"host": e.TLSHost(), "cert_path": e.TLS.Stranger}, class: platform.ErrUnauthorised, says: []string{"client_certificate"}},
		"no certificate":    {given: map[string]any{"host": e.TLSHost(), "ca_file": pem(e, "ca.pem")}, class: platform.ErrUnauthorised, says: []string{"client_certificate"}},
		"no TLS here":       {given: map[string]any{"host": e.TLSHost()}, class: platform.ErrUnreachable, says: []string{"One side speaks TLS"}},
		"no TLS there":      {given: map[string]any{"host": e.TCPHost(), "cert_path": e.TLS.Client}, class: platform.ErrUnreachable, says: []string{"One side speaks TLS"}},
		"no authority":      {given: map[string]any{"host": e.TLSHost(), "ca_file": filepath.Join(dir, "none.pem")}, class: platform.ErrInvalid, says: []string{"none.pem"}},
		"a bad authority":   {given: map[string]any{"host": e.TLSHost(), "ca_file": filepath.Join(dir, "ca.pem")}, class: platform.ErrInvalid, says: []string{"no certificate in PEM format"}},
		"half a pair":       {given: map[string]any{"host": e.TLSHost(), "client_certificate": pem(e, "cert.pem")}, class: platform.ErrInvalid, says: []string{"client_key"}},
		"no certificates":   {given: map[string]any{"host": e.TLSHost(), "cert_path": filepath.Join(dir, "broken")}, class: platform.ErrInvalid, says: []string{"neither ca.pem"}},
		"no such context":   {env: map[string]string{"DOCKER_CONTEXT": "prod"}, class: platform.ErrInvalid, says: []string{`"prod"`, "docker context ls"}},
		"a broken tool":     {given: map[string]any{"config_dir": filepath.Join(dir, "broken")}, class: platform.ErrInvalid, says: []string{"config.json"}},
		"an empty context":  {given: map[string]any{"context": "lab", "config_dir": withContext(t, "lab", "", "", false)}, class: platform.ErrInvalid, says: []string{"names no engine"}},
		"a context of old":  {given: map[string]any{"context": "lab", "config_dir": withContext(t, "lab", nobody, "", false)}, class: platform.ErrUnreachable, says: []string{nobody, `the context "lab"`}},
		"ssh: unknown host": {given: map[string]any{"host": "ssh://root@127.0.0.1:1"}, class: platform.ErrUnreachable, says: []string{"ssh: ", "Connection refused", "By hand this has to work"}},
		"ssh: unknown user": {given: map[string]any{"host": "ssh://nobody@" + e.SSH.Jump}, class: platform.ErrUnreachable, says: []string{"Permission denied", "-l nobody"}},
		"ssh: no engine":    {given: map[string]any{"host": "ssh://root@" + e.SSH.Jump + "/nobody.sock"}, class: platform.ErrUnreachable, says: []string{"nobody.sock"}},
		"a bad version":     {given: map[string]any{"host": e.Host(), "api_version": "new"}, class: platform.ErrInvalid, says: []string{"api_version"}},
		"a later version":   {given: map[string]any{"host": e.Host(), "api_version": "1.99"}, class: platform.ErrInvalid, says: []string{"1.99", "too new"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := connected(t, c.given, c.env)
			if err == nil {
				t.Fatal("there is a connection")
			}
			if !errors.Is(err, c.class) {
				t.Errorf("it is not %v: %v", c.class, err)
			}
			for _, text := range c.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("the error does not say %q: %v", text, err)
				}
			}
		})
	}
}

// TestRestart uses one connection before, while and after the engine is away.
func TestRestart(t *testing.T) {
	e := lab.Serve(t, lab.Options{TCP: true, TLS: true})
	for name, given := range map[string]map[string]any{
		"unix": {"host": e.Host()}, "tcp": {"host": e.TCPHost()}, "TLS": {"host": e.TLSHost(), "cert_path": e.TLS.Client},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := connected(t, given, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := networkNames(t.Context(), conn); !errors.Is(err, platform.ErrUnreachable) {
				t.Errorf("while the engine is away: %v", err)
			}
			if err := e.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := networkNames(t.Context(), conn); err != nil {
				t.Errorf("when the engine is back: %v", err)
			}
		})
	}
}
