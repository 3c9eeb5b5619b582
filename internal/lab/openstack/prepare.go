package openstack

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/program"
)

// Prepare makes the saved state that clouds start from, unless it is there, and gives its folder: databases with tables,
// keys, the catalog and what every cloud has. That takes one to two minutes, once per recipe and versions of the packages;
// of several processes one makes it and the others wait.
func Prepare(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "terraform-provider-virt", "openstack")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	name, err := stateName(ctx)
	if err != nil {
		return "", err
	}
	saved := filepath.Join(cache, name)
	unlock, err := lock(filepath.Join(cache, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(saved); err == nil {
		now := time.Now()
		return saved, os.Chtimes(saved, now, now) // it is in use
	}
	if err := save(ctx, saved); err != nil {
		return "", fmt.Errorf("prepare OpenStack's saved state: %w", err)
	}
	return saved, sweep(cache, saved)
}

// stateName is what the saved state of this recipe and these packages is called.
func stateName(ctx context.Context) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(recipe, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := recipe.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		return "", err
	}
	fmt.Fprintf(sum, "%v %v", services(), wares())
	packages := []string{"-W", "mariadb-server"}
	for _, name := range names() {
		packages = append(packages, "python3-"+name)
	}
	versions, err := program.Output(exec.CommandContext(ctx, "dpkg-query", packages...))
	fmt.Fprint(sum, versions)
	return fmt.Sprintf("state-%x", sum.Sum(nil)[:8]), err
}

// save makes a control plane from nothing, and of it the saved state, in one step.
func save(ctx context.Context, target string) (err error) {
	c, err := newCloud(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.create(ctx); err != nil {
		return err
	}
	if err := c.stock(ctx); err != nil {
		return fmt.Errorf("fill OpenStack: %w", err)
	}
	if err := c.stopDatabase(ctx); err != nil {
		return err
	}
	part, err := os.MkdirTemp(filepath.Dir(target), "new")
	if err != nil {
		return err
	}
	defer os.RemoveAll(part)
	if err := copyTree(ctx, c.under("state"), part); err != nil {
		return err
	}
	return os.Rename(part, target)
}

// create makes keys and databases, and starts everything on them.
func (c *Cloud) create(ctx context.Context) error {
	for _, path := range []string{"fernet/0", "fernet/1", "credential/0", "credential/1"} {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // it never fails
		if err := os.WriteFile(c.under("state/"+path), []byte(base64.URLEncoding.EncodeToString(key)), 0o600); err != nil {
			return err
		}
	}
	if _, err := c.space.run(ctx, "mariadb-install-db", "--no-defaults", "--user=root", "--datadir="+inside+"/state/mysql",
		"--auth-root-authentication-method=normal", "--skip-test-db"); err != nil {
		return err
	}
	if err := c.startDatabase(ctx); err != nil {
		return err
	}
	var statements []string
	for _, name := range databases() {
		statements = append(statements, "CREATE DATABASE "+name)
	}
	if err := c.sql(ctx, statements...); err != nil {
		return err
	}
	if err := c.createSchemas(ctx); err != nil {
		return err
	}
	// Some services need their user as soon as they start.
	all := services()
	if err := c.startServices(ctx, all[0]); err != nil {
		return err
	}
	if err := c.register(ctx); err != nil {
		return fmt.Errorf("fill keystone: %w", err)
	}
	return c.startServices(ctx, all[1:]...)
}

// createSchemas makes the tables of every service, all at once.
func (c *Cloud) createSchemas(ctx context.Context) error {
	script, err := recipe.ReadFile("schema.sh")
	if err != nil {
		return err
	}
	failed := make([]error, len(services()))
	var wait sync.WaitGroup
	for i, s := range services() {
		wait.Go(func() {
			text := fmt.Sprintf("service=%s identity=%s\n%s%s", s.name, c.AuthURL, script, s.schema)
			if _, err := c.space.run(ctx, "sh", "-c", text); err != nil {
				failed[i] = fmt.Errorf("make the tables of %s: %w", s.name, err)
			}
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}

// copyTree copies what is in a folder, with the holes in its files.
func copyTree(ctx context.Context, from, into string) error {
	_, err := program.Output(exec.CommandContext(ctx, "cp", "--archive", "--sparse=always", "--no-target-directory", from, into))
	return err
}

// sweep removes the states of recipes that nobody used for a week.
func sweep(cache, except string) error {
	paths, err := filepath.Glob(filepath.Join(cache, "state-*"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || path == except || time.Since(info.ModTime()) < 7*24*time.Hour {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
