package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// toolContext is what a context of the docker tool says of its engine.
type toolContext struct {
	name, host string
	certs      certificates
	skipVerify bool
}

// configDir is the folder of the docker tool's configuration; empty when there is no home.
func configDir(c platform.Config) string {
	if dir := c.String(setConfigDir); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".docker")
}

// currentContext is the context that the setting names, else the current one of the tool's configuration; nil is the
// context "default", which leads to the local socket.
func currentContext(c platform.Config) (*toolContext, error) {
	dir, name := configDir(c), c.String(setContext)
	if name == "" && dir != "" {
		var file struct{ CurrentContext string }
		if text, err := os.ReadFile(filepath.Join(dir, "config.json")); err == nil {
			if err := json.Unmarshal(text, &file); err != nil {
				return nil, invalidFile("the docker tool's configuration", filepath.Join(dir, "config.json"), err)
			}
		}
		name = file.CurrentContext
	}
	if name == "" || name == "default" {
		return nil, nil //nolint:nilnil // no context is an answer
	}
	return readContext(dir, name)
}

// readContext reads a context where the docker tool keeps it: below a folder named by the hash of its name.
func readContext(dir, name string) (*toolContext, error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	file := filepath.Join(dir, "contexts", "meta", id, "meta.json")
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, platform.As(platform.ErrInvalid, fmt.Errorf("there is no docker context %q below %s; docker context ls lists those there are", name, dir))
	}
	if err != nil {
		return nil, invalidFile("the docker context", file, err)
	}
	var meta struct {
		Endpoints struct {
			Docker struct {
				Host          string
				SkipTLSVerify bool
			} `json:"docker"`
		}
	}
	if err := json.Unmarshal(text, &meta); err != nil {
		return nil, invalidFile("the docker context", file, err)
	}
	if meta.Endpoints.Docker.Host == "" {
		return nil, invalidFile("the docker context", file, errors.New("it names no engine"))
	}
	folder := filepath.Join(dir, "contexts", "tls", id, "docker")
	return &toolContext{
		name: name, host: meta.Endpoints.Docker.Host, skipVerify: meta.Endpoints.Docker.SkipTLSVerify,
		certs: certificates{existing(folder, "ca.pem"), existing(folder, "cert.pem"), existing(folder, "key.pem")},
	}, nil
}

// existing is the file, or "" when it is not there.
func existing(folder, name string) string {
	file := filepath.Join(folder, name)
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}
