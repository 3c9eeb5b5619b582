// Package buildcontext reads the folder that a container image is built from: which files belong to it, in the order of
// their names, as one archive and as the hash of that. Neither times nor owners count, so that a fresh checkout of the
// same files is the same.
package buildcontext

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// DefaultDockerfile is the path of the Dockerfile within its folder when nobody says otherwise.
const DefaultDockerfile = "Dockerfile"

// outside is the name in the archive of a Dockerfile that lies outside of the folder.
const outside = ".dockerfile.outside"

// Context is a folder to build from.
type Context struct {
	dir        string
	dockerfile string // path on this machine
	within     string // path in the archive, with slashes
	ignored    *patternmatcher.PatternMatcher
}

// Open finds the Dockerfile of a folder and what is to be left out: a relative path starts in the folder and may lead
// out of it; "" is DefaultDockerfile. <Dockerfile>.dockerignore counts before the folder's .dockerignore. What is not
// there is an error that is [fs.ErrNotExist] and names it.
func Open(dir, dockerfile string) (*Context, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is no folder", dir)
	}
	c := &Context{dir: dir}
	if err := c.locate(dockerfile); err != nil {
		return nil, err
	}
	return c, c.readIgnored()
}

// Dockerfile is the path of the Dockerfile within the archive.
func (c *Context) Dockerfile() string { return c.within }

// locate finds the Dockerfile.
func (c *Context) locate(dockerfile string) error {
	if dockerfile == "" {
		dockerfile = DefaultDockerfile
	}
	c.dockerfile = dockerfile
	if !filepath.IsAbs(dockerfile) {
		c.dockerfile = filepath.Join(c.dir, dockerfile)
	}
	info, err := os.Stat(c.dockerfile)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", c.dockerfile)
	}
	root, err := filepath.Abs(c.dir)
	if err != nil {
		return err
	}
	file, err := filepath.Abs(c.dockerfile)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(root, file)
	if err != nil || !filepath.IsLocal(rel) || c.leads(rel) {
		c.within = outside
		return nil //nolint:nilerr // on another volume it lies outside, too
	}
	c.within = filepath.ToSlash(rel)
	return nil
}

// leads reports whether a path within the folder goes through a link, so that it may end elsewhere.
func (c *Context) leads(rel string) bool {
	for at := rel; at != "."; at = filepath.Dir(at) {
		if info, err := os.Lstat(filepath.Join(c.dir, at)); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return true
		}
	}
	return false
}

// readIgnored reads the patterns of what is left out.
func (c *Context) readIgnored() error {
	for _, name := range []string{c.dockerfile + ".dockerignore", filepath.Join(c.dir, ".dockerignore")} {
		file, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		patterns, err := ignorefile.ReadAll(file)
		_ = file.Close() // it was only read
		if err == nil {
			c.ignored, err = patternmatcher.New(patterns)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	c.ignored = new(patternmatcher.PatternMatcher)
	return nil
}

// verdicts are the answers of the patterns for the folders on the way to the file that is looked at.
type verdicts map[string]patternmatcher.MatchInfo

// leaves reports whether a path is left out; deeper is false where nothing below it can belong to the context either.
func (c *Context) leaves(rel string, seen verdicts) (out, deeper bool, err error) {
	slashed := filepath.ToSlash(rel)
	out, info, err := c.ignored.MatchesUsingParentResults(rel, seen[path.Dir(slashed)])
	seen[slashed] = info
	if err != nil || !out {
		return false, true, err
	}
	for _, p := range c.ignored.Patterns() { // an exception may name what lies deeper
		if p.Exclusion() && (strings.HasPrefix(filepath.ToSlash(p.String())+"/", slashed+"/") || strings.ContainsAny(p.String(), "*?[")) {
			return true, true, nil
		}
	}
	return true, strings.HasPrefix(c.within, slashed+"/"), nil
}
