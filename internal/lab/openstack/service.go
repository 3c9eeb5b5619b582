package openstack

import "slices"

// service is one of OpenStack's projects, run as one process.
type service struct {
	name    string   // of its project: what its configuration, database and log are called
	catalog string   // its type in keystone's catalog
	label   string   // its name there
	path    string   // of its endpoint
	command []string // what starts it
	env     []string
	after   []string // the services that it needs at its start
	other   []string // further databases
	schema  string   // shell: what makes its tables; run is a module's main function with the configuration
}

// services are those of every cloud, keystone first. A further one is an entry here, a configuration in config and, where it has no
// process of its own that will do, a program in python/virtlab.
func services() []service {
	return []service{
		{
			name: "keystone", catalog: "identity", label: "keystone", path: "/v3",
			command: web("keystone", "virtlab.identity"), env: []string{"OS_KEYSTONE_CONFIG_DIR=" + inside + "/etc"},
			schema: "run keystone.cmd.manage db_sync\n" +
				"run keystone.cmd.manage bootstrap --bootstrap-password secret --bootstrap-region-id " + Region + ` --bootstrap-public-url "$identity" --bootstrap-internal-url "$identity" --bootstrap-admin-url "$identity"`,
		},
		{
			name: "placement", catalog: "placement", label: "placement",
			command: web("placement", "virtlab.placement_api"), env: []string{"OS_PLACEMENT_CONFIG_DIR=" + inside + "/etc"},
			schema: "run placement.cmd.manage db sync",
		},
		{
			name: "glance", catalog: "image", label: "glance",
			command: []string{"/usr/bin/python3", "-c", "from glance.cmd.api import main; main()", "--config-file", inside + "/etc/glance.conf"},
			schema:  "run glance.cmd.manage db_sync",
		},
		{
			name: "neutron", catalog: "network", label: "neutron",
			command: []string{"/usr/bin/python3", "-m", "virtlab.neutron_server", "--config-file", inside + "/etc/neutron.conf"},
			schema:  "run neutron.db.migration.cli upgrade heads",
		},
		{
			name: "cinder", catalog: "volumev3", label: "cinderv3", path: "/v3/$(project_id)s",
			command: []string{"/usr/bin/python3", "-m", "virtlab.cinder_all", "--config-file", inside + "/etc/cinder.conf"},
			schema:  "run cinder.cmd.manage db sync",
		},
		{
			name: "nova", catalog: "compute", label: "nova", path: "/v2.1",
			command: []string{"/usr/bin/python3", "-m", "virtlab.nova_all", "--config-file", inside + "/etc/nova.conf"},
			after:   []string{"keystone", "placement"}, other: []string{"nova_api", "nova_cell0"},
			schema: "run nova.cmd.manage api_db sync\n" +
				`run nova.cmd.manage cell_v2 map_cell0 --database_connection "$(url nova_cell0)"` + "\n" +
				"run nova.cmd.manage db sync\n" +
				`run nova.cmd.manage cell_v2 create_cell --name cell1 --transport-url fake:/// --database_connection "$(url nova)"`,
		},
	}
}

// web is how a WSGI application that has no server of its own is served.
func web(name, module string) []string {
	return []string{
		"uwsgi", "--plugin", "python3", "--need-app", "--disable-logging", "--buffer-size", "65535", "--enable-threads",
		"--die-on-term", "--add-header", "Connection: close", "--threads", "4", "--module", module, "--http-socket", "@" + name,
	}
}

// names are those of the services.
func names() []string {
	var names []string
	for _, s := range services() {
		names = append(names, s.name)
	}
	return names
}

// databases are all that there are.
func databases() []string {
	var all []string
	for _, s := range services() {
		all = slices.Concat(all, []string{s.name}, s.other)
	}
	return all
}
