package openstack

import (
	"context"
	"fmt"
	"strings"
)

// socket is where MariaDB listens, and nowhere else.
const socket = inside + "/mysql.sock"

// startDatabase starts MariaDB over the cloud's data, which it may lose when the machine goes down, and waits until it
// answers.
func (c *Cloud) startDatabase(ctx context.Context) error {
	p, err := c.spawn(ctx, "mariadb", nil, "mariadbd", "--no-defaults", "--user=root", "--datadir="+inside+"/state/mysql",
		"--socket="+socket, "--pid-file="+inside+"/mysql.pid", "--skip-networking", "--skip-log-bin", "--skip-name-resolve",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-flush-method=nosync", "--innodb-file-per-table=0",
		"--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M", "--performance-schema=OFF", "--max-connections=400",
		"--character-set-server=utf8mb3", "--collation-server=utf8mb3_general_ci", "--key-buffer-size=1M", "--aria-pagecache-buffer-size=2M")
	if err != nil {
		return err
	}
	return c.await(ctx, p, func(ctx context.Context) error { return c.sql(ctx, "SELECT 1") })
}

// stopDatabase ends it in order, so that what it leaves can be started from.
func (c *Cloud) stopDatabase(ctx context.Context) error {
	if _, err := c.space.run(ctx, "mariadb-admin", "--no-defaults", "--user=root", "--socket="+socket, "shutdown"); err != nil {
		return err
	}
	for _, p := range c.services {
		if p.name == "mariadb" {
			<-p.done
		}
	}
	return nil
}

// sql runs statements.
func (c *Cloud) sql(ctx context.Context, statements ...string) error {
	_, err := c.space.run(ctx, "mariadb", "--no-defaults", "--user=root", "--socket="+socket, "--execute="+strings.Join(statements, "; "))
	return err
}

// moveEndpoints writes this cloud's addresses into the catalog of a saved state.
func (c *Cloud) moveEndpoints(ctx context.Context) error {
	var statements []string
	for _, s := range services() {
		statements = append(statements, fmt.Sprintf(
			"UPDATE keystone.endpoint SET url = '%s' WHERE service_id IN (SELECT id FROM keystone.service WHERE type = '%s')",
			c.url(s.name)+s.path, s.catalog))
	}
	return c.sql(ctx, statements...)
}
