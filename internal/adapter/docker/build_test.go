package docker_test

import (
	"os"
	"strings"
	"testing"

	lab "github.com/terraform-virt/terraform-provider-virt/internal/lab/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// program is the lab's test server, which is static, as the content of a file.
func program(t *testing.T) string {
	t.Helper()
	path, err := lab.TestServer(t.Context())
	sound(t, err)
	content, err := os.ReadFile(path)
	sound(t, err)
	return string(content)
}

// labelsOf is what the docker tool shows of an image's labels.
func labelsOf(t *testing.T, e *lab.Engine, name string) string {
	t.Helper()
	return strings.TrimSpace(lab.CLI(t, e, "inspect", "--format", "{{json .Config.Labels}}", name))
}

func TestBuild(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	c := connectImages(t, e.Host(), nil)
	cases := map[string]struct {
		files  map[string]string
		build  platform.ImageBuild
		osArch *string
		labels string
	}{
		"arguments and labels": {
			files:  map[string]string{"Dockerfile": "FROM scratch\nARG V=1\nLABEL v=$V\nCOPY a /a\n", "a": "content"},
			build:  platform.ImageBuild{Args: map[string]string{"V": "7"}, Labels: map[string]string{"by": "us"}},
			labels: `{"by":"us","v":"7"}`,
		},
		"a stage": {
			files:  map[string]string{"Dockerfile": "FROM scratch AS one\nLABEL stage=1\nFROM scratch AS two\nLABEL stage=2\n"},
			build:  platform.ImageBuild{Target: new("one")},
			labels: `{"stage":"1"}`,
		},
		"another Dockerfile": {
			files:  map[string]string{"Dockerfile": "FROM scratch\nLABEL wrong=1\n", "deep/Web": "FROM scratch\nLABEL right=1\nCOPY deep /\n"},
			build:  platform.ImageBuild{Dockerfile: new("deep/Web")},
			labels: `{"right":"1"}`,
		},
		"a Dockerfile elsewhere": {
			files:  map[string]string{"here": ""},
			build:  platform.ImageBuild{Dockerfile: new(buildFolder(t, map[string]string{"D": "FROM scratch\nLABEL far=1\nCOPY here /\n"}) + "/D")},
			labels: `{"far":"1"}`,
		},
		"for another platform": {
			files:  map[string]string{"Dockerfile": "FROM scratch\nARG TARGETARCH\nLABEL arch=$TARGETARCH\n"},
			osArch: new("linux/aarch64"),
			labels: `{"arch":"arm64"}`,
		},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, tag := buildFolder(t, k.files), "build:"+strings.ReplaceAll(strings.ToLower(name), " ", "-")
			k.build.Context = &dir
			got := madeImage(t, c, platform.ContainerImage{Name: tag, Build: &k.build, OSArch: k.osArch})
			if is := labelsOf(t, e, tag); is != k.labels {
				t.Errorf("its labels are %s", is)
			}
			if k.osArch != nil && *got.OSArch != *k.osArch {
				t.Errorf("it is for %s", *got.OSArch)
			}
			sound(t, c.ContainerImages.Delete(t.Context(), &got))
		})
	}
}

// Steps that run get secrets, and nothing keeps them.
func TestBuildSecrets(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	c := connectImages(t, e.Host(), nil)
	const dockerfile = `# syntax is the engine's own
FROM scratch AS run
COPY server /server
RUN --mount=type=secret,id=token,target=/token,required ["/server", "cat", "/token"]
`
	dir := buildFolder(t, map[string]string{"Dockerfile": dockerfile, "server": program(t)})
	secrets := map[string]string{"token": "sesame-1234"}
	want := platform.ContainerImage{Name: "secret:1", Build: &platform.ImageBuild{Context: &dir, SecretsWO: secrets}}
	got := madeImage(t, c, want)
	if history := lab.CLI(t, e, "history", "--no-trunc", "secret:1"); strings.Contains(history, "sesame") {
		t.Errorf("the history tells:\n%s", history)
	}
	sound(t, c.ContainerImages.Delete(t.Context(), &got))

	t.Run("missing", func(t *testing.T) {
		want := platform.ContainerImage{Name: "secret:2", Build: &platform.ImageBuild{Context: &dir, NoCache: new(true)}}
		err := c.ContainerImages.Create(t.Context(), &want, func(string) { t.Error("made") })
		t.Log(refusal(t, err, nil, "token"))
	})
	t.Run("printed by a step that fails", func(t *testing.T) {
		dir := buildFolder(t, map[string]string{
			"Dockerfile": dockerfile + "RUN --mount=type=secret,id=token,target=/token [\"/server\", \"crash\", \"3\", \"it was sesame-1234 and went wrong\"]\n", "server": program(t),
		})
		want := platform.ContainerImage{Name: "secret:3", Build: &platform.ImageBuild{Context: &dir, SecretsWO: secrets}}
		err := c.ContainerImages.Create(t.Context(), &want, func(string) { t.Error("made") })
		if text := refusal(t, err, nil, "exit code: 3", "went wrong", "(the secret token)"); strings.Contains(text, "sesame") {
			t.Errorf("the error tells the secret: %s", text)
		} else {
			t.Log(text)
		}
	})
}

// Base images come from registries that want credentials: the builder asks for them.
func TestBuildFromPrivateRegistry(t *testing.T) {
	e := lab.Serve(t, lab.Options{})
	r := lab.StartRegistry(t, lab.RegistryOptions{User: "ci", Password: "secret-5"}, e)
	sound(t, os.MkdirAll(e.Dir+"/config", 0o755))
	lab.CLI(t, e, "login", "-u", "ci", "-p", "secret-5", r.Address)
	pushedImage(t, e, r, "base:1", "base")
	dir := buildFolder(t, map[string]string{"Dockerfile": "FROM " + r.Ref("base:1") + "\nLABEL on=base\n"})
	want := platform.ContainerImage{Name: "derived:1", Build: &platform.ImageBuild{Context: &dir}}
	with := connectImages(t, e.Host(), map[string]any{"registries": map[string]string{r.Address: "ci:secret-5"}})
	made := want
	got := madeImage(t, with, made)
	sound(t, with.ContainerImages.Delete(t.Context(), &got))
	lab.CLI(t, e, "builder", "prune", "-af")
	without := connectImages(t, e.Host(), nil)
	err := without.ContainerImages.Create(t.Context(), &want, func(string) { t.Error("made") })
	t.Log(refusal(t, err, nil, "cannot build", r.Address, "the setting registries"))
}
