package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecrets looks for secrets where none may be: a write-only password in no file and no log at all, a connection's
// password in no state, log or output.
func TestSecrets(t *testing.T) {
	const first, second = "S3cret-first", "S3cret-second"
	onEverySite(t, func(t *testing.T, s site) {
		log := filepath.Join(t.TempDir(), "trace.log")
		config := func(version string) string {
			return "variable \"password\" {\n  type      = string\n  sensitive = true\n  ephemeral = true\n}\n" + s.provider + machineText("m", `
  login {
    user                = "ops"
    password_wo         = var.password
    password_wo_version = `+version+`
  }`)
		}
		w := newWorkspace(t, config("1"), "TF_LOG=trace", "TF_LOG_PATH="+log, "TF_VAR_password="+first)
		w.must(0, apply()...)
		w.nothing()
		w.write("main.tf", strings.Replace(w.read("main.tf"), "_version = 1", "_version = 2", 1))
		w.Env = append(w.Env, "TF_VAR_password="+second)
		r := w.must(0, apply()...)
		w.quiet(r)
		w.must(0, "plan", "-out=plan.bin")
		w.Env = append(w.Env, "TF_VAR_password=") // a last look without it
		w.hides(log, "Lab-pass1", first, second)
		w.hides(filepath.Join(w.Dir, "terraform.tfstate"), "Lab-pass1", first, second)
		w.hides(filepath.Join(w.Dir, "terraform.tfstate.backup"), "Lab-pass1", first, second)
	})
}

// hides fails if a file that must not be empty has one of the texts.
func (w *workspace) hides(file string, secrets ...string) {
	w.Helper()
	text, err := os.ReadFile(file)
	if err != nil || len(text) == 0 {
		w.Fatalf("%s: %d bytes, error %v", file, len(text), err)
	}
	for _, secret := range secrets {
		if i := strings.Index(string(text), secret); i >= 0 {
			w.Errorf("%s has a secret:\n…%s…", filepath.Base(file), text[max(0, i-300):min(len(text), i+100)])
		}
	}
}
