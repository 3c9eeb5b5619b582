package docker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform/platformtest"
)

// secrets is what a person does to secrets.
func (p *person) secrets() fixture {
	f := p.versioned("secret")
	f.Case.Values = platformtest.Values{}
	return f
}

// configs is what a person does to configs.
func (p *person) configs() fixture {
	f := p.versioned("config")
	f.cannot["change config value"] = "nobody can change a config: another value is another object"
	return f
}

// versioned is what a person does to what has versions.
func (p *person) versioned(kind string) fixture {
	return fixture{
		Case: platformtest.Case{SameID: true, Together: 2, Path: newestVersion},
		remove: func(ctx context.Context, id string) error {
			ids, err := p.versions(ctx, kind, id)
			return errors.Join(err, p.docker(ctx, append([]string{kind, "rm"}, ids...)...))
		},
		change: func(ctx context.Context, c platformtest.Change) error { return p.relabelVersion(ctx, kind, c) },
		faults: map[string][]lab.Fault{
			"create":      {{Method: "POST", Path: "/" + kind + "s/create"}},
			"update":      {{Method: "POST", Path: "/" + kind + "s/create"}},
			"update half": {{Method: "DELETE", Path: "/" + kind + "s/{id}"}},
			"delete half": {{Method: "DELETE", Path: "/" + kind + "s/{id}"}},
		},
		hangs: map[string][]lab.Fault{"create half": {{Method: "POST", Path: "/" + kind + "s/create"}}},
		cannot: map[string]string{
			"change " + kind + " name":                      "nobody renames it",
			"twin " + kind:                                  "names are unique",
			"another value of " + kind + " docker.template": "there is one template driver",
			"fault create " + kind + " half-way":            "it is made by one call",
		},
	}
}

// newestVersion is the id of the version that holds the value.
func newestVersion(state map[string]any) string { return fmt.Sprint(state["version_id"]) }

func (p *person) versions(ctx context.Context, kind, id string) ([]string, error) {
	text, err := p.engine.Docker(ctx, kind, "ls", "--quiet", "--filter", "label=io.terraform-virt.name="+id)
	return strings.Fields(text), err
}

// relabelVersion changes the labels of what has versions; the docker tool cannot.
func (p *person) relabelVersion(ctx context.Context, kind string, c platformtest.Change) error {
	if c.Attribute != "tags" {
		return platformtest.ErrCannot
	}
	ids, err := p.versions(ctx, kind, c.ID)
	if err != nil {
		return err
	}
	var object struct {
		Version struct{ Index int }
		Spec    map[string]any
	}
	if err := p.call(ctx, "GET", "/"+kind+"s/"+ids[0], nil, &object); err != nil {
		return err
	}
	labels, _ := object.Spec["Labels"].(map[string]any)
	maps.DeleteFunc(labels, func(key string, _ any) bool { return !strings.HasPrefix(key, "io.terraform-virt.") })
	tags, _ := c.Value.(map[string]any)
	maps.Copy(labels, tags)
	object.Spec["Labels"] = labels
	return p.call(ctx, "POST", fmt.Sprintf("/%ss/%s/update?version=%d", kind, ids[0], object.Version.Index), object.Spec, nil)
}

// call speaks to the engine as a person with curl does.
func (p *person) call(ctx context.Context, method, path string, body, into any) error {
	args := []string{"curl", "--silent", "--show-error", "--fail-with-body", "--unix-socket", p.engine.Socket(), "-X", method, "http://docker/v1.41" + path}
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		args = slices.Concat(args, []string{"-H", "Content-Type: application/json", "-d", string(text)})
	}
	out, err := p.engine.Exec(ctx, args...)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal([]byte(out), into)
}

// services is what a person does to services.
func (p *person) services() fixture {
	return fixture{
		Case: platformtest.Case{
			Together: 4, Slow: 4 * time.Second, Path: shortService,
			// Nothing runs where the case asks for no containers: what the rows are about is the specification.
			Minimal: func(*platformtest.Bench) block {
				return block{"image": "lab/server:one", "replicas": 0, "update": block{"monitor": "200ms"}, "timeouts": block{"create": "40s", "update": "40s", "delete": "40s"}}
			},
			Values: platformtest.Values{
				"image": platformtest.Of("lab/server:one", "lab/server:two"),
				"mode":  {Old: "replicated", New: "global", With: block{"replicas": nil}},
			},
		},
		remove: func(ctx context.Context, id string) error { return p.docker(ctx, "service", "rm", id) },
		change: p.changeService,
		slots:  p.serviceSlots,
		faults: map[string][]lab.Fault{
			"create":      {{Method: "POST", Path: "/services/create"}},
			"create half": {{Method: "GET", Path: "/tasks"}},
			"update":      {{Method: "POST", Path: "/services/{id}/update"}},
			"update half": {{Method: "GET", Path: "/tasks"}},
			"delete half": {{Method: "GET", Path: "/tasks"}},
		},
		hangs: map[string][]lab.Fault{},
		cannot: map[string]string{
			"change service name": "nobody renames it",
			"twin service":        "names are unique",
		},
	}
}

// serviceSlots lists the ids of a service's elements in their order, which the labels tell by what tells them apart.
func (p *person) serviceSlots(ctx context.Context, id, what string) ([]string, error) {
	template := map[string]string{
		"ports":   `{{range .Spec.EndpointSpec.Ports}}{{.TargetPort}}/{{.Protocol}} {{.PublishMode}} {{.PublishedPort}}{{"\n"}}{{end}}`,
		"mounts":  `{{range .Spec.TaskTemplate.ContainerSpec.Mounts}}{{.Target}}{{"\n"}}{{end}}`,
		"secrets": `{{range .Spec.TaskTemplate.ContainerSpec.Secrets}}{{.File.Name}}{{"\n"}}{{end}}`,
		"configs": `{{range .Spec.TaskTemplate.ContainerSpec.Configs}}{{.File.Name}}{{"\n"}}{{end}}`,
	}[what]
	text, err := p.shown(ctx, "service", id, template)
	if err != nil {
		return nil, err
	}
	label, err := p.shown(ctx, "service", id, `{{index .Spec.Labels "io.terraform-virt.keys"}}`)
	var keys map[string]map[string]string
	if err := errors.Join(err, json.Unmarshal([]byte(label), &keys)); err != nil {
		return nil, err
	}
	var ids []string
	for mark := range strings.SplitSeq(text, "\n") {
		ids = append(ids, keys[what][mark])
	}
	return ids, nil
}

func shortService(state map[string]any) string { return fmt.Sprint(state["id"])[:12] }

// changeService changes a service without waiting for it.
func (p *person) changeService(ctx context.Context, c platformtest.Change) error {
	var args []string
	switch c.Attribute {
	case "image":
		args = []string{"--no-resolve-image", "--image", fmt.Sprint(c.Value)}
	case "replicas":
		args = []string{"--replicas", fmt.Sprint(c.Value)}
	case "memory":
		args = []string{"--limit-memory", strings.TrimSuffix(fmt.Sprint(c.Value), "iB")}
	case "env", "tags":
		add := map[string]string{"env": "--env-add", "tags": "--label-add"}[c.Attribute]
		all, _ := c.Value.(map[string]any)
		for key, v := range all {
			args = append(args, add, fmt.Sprintf("%s=%v", key, v))
		}
	default:
		return platformtest.ErrCannot
	}
	return p.docker(ctx, slices.Concat([]string{"service", "update", "--quiet", "--detach"}, args, []string{c.ID})...)
}

// given makes what services refer to.
func (p *person) given() map[string][]string {
	given := map[string][]string{}
	for _, n := range []string{"one", "two"} {
		file := filepath.Join(p.t.TempDir(), n)
		if err := os.WriteFile(file, []byte(n), 0o600); err != nil {
			p.t.Fatal(err)
		}
		for kind, args := range map[string][]string{
			"secret version":  {"secret", "create", "given-" + n, file},
			"config version":  {"config", "create", "given-" + n, file},
			"overlay network": {"network", "create", "--driver", "overlay", "given-" + n},
		} {
			given[kind] = append(given[kind], strings.TrimSpace(lab.CLI(p.t, p.engine, args...)))
		}
	}
	return given
}
