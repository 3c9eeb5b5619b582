package vsphere

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// Names of the connection's settings.
const (
	setServer     = "server"
	setUser       = "user"
	setPassword   = "password"
	setInsecure   = "allow_unverified_ssl"
	setCAFile     = "ca_file"
	setProxy      = "proxy"
	setCert       = "client_certificate"
	setKey        = "client_key"
	setTimeout    = "api_timeout"
	setKeepAlive  = "vim_keep_alive"
	setParallel   = "parallel_requests"
	setDatacenter = "datacenter"
	setCluster    = "cluster"
	setHost       = "host"
	setPool       = "resource_pool"
	setDatastore  = "datastore"
	setFolder     = "folder"
	setSwitch     = "switch"
)

// settings lists what a connection takes; the variables are those of the existing vSphere provider and govc.
func settings() []platform.Setting {
	return append(accessSettings(), placeSettings()...)
}

func accessSettings() []platform.Setting {
	return []platform.Setting{
		{
			Name: setServer, Required: true, Env: []string{"VSPHERE_SERVER"},
			Doc: "Name or address of the vCenter or the ESXi host, with its port where it is not 443.",
		},
		{Name: setUser, Required: true, Env: []string{"VSPHERE_USER"}, Doc: "Name of the user: administrator@vsphere.local."},
		{Name: setPassword, Required: true, Sensitive: true, Env: []string{"VSPHERE_PASSWORD"}, Doc: "The user's password."},
		{
			Name: setInsecure, Type: platform.BoolSetting, Env: []string{"VSPHERE_ALLOW_UNVERIFIED_SSL"},
			Doc: "Accept any certificate of the server; for labs only, since anybody in between can read the password.",
		},
		{Name: setCAFile, Doc: "PEM file of the authorities that sign the server's certificate, beside those of the system."},
		{Name: setProxy, Doc: "URL of the HTTP proxy; left out, HTTPS_PROXY and NO_PROXY count."},
		{Name: setCert, Doc: "PEM file of a TLS client certificate."},
		{Name: setKey, Doc: "PEM file of the client certificate's key."},
		{Name: setTimeout, Type: platform.DurationSetting, Default: "5m", Doc: "Longest time that one API request may take."},
		{
			Name: setKeepAlive, Type: platform.IntSetting, Default: "10", Env: []string{"VSPHERE_VIM_KEEP_ALIVE"},
			Doc: "Minutes between the requests that keep an idle session alive.",
		},
		{
			Name: setParallel, Type: platform.IntSetting, Default: "16",
			Doc: "Most API requests that are under way at a time.",
		},
	}
}

func placeSettings() []platform.Setting {
	return []platform.Setting{
		{Name: setDatacenter, Doc: "Datacenter, by name or inventory path; may be left out where there is one."},
		{Name: setCluster, Doc: "Cluster that machines are made in, by name or inventory path."},
		{Name: setHost, Doc: "Host that machines are made on, by name or inventory path, where they are not made in a cluster."},
		{Name: setPool, Doc: "Resource pool of machines, by name or inventory path; left out, the cluster's own."},
		{Name: setDatastore, Doc: "Datastore of machines and disks, by name or inventory path."},
		{Name: setFolder, Doc: "Folder of machines: the path below the datacenter's vm folder."},
		{Name: setSwitch, Doc: "Distributed switch of networks, by name or inventory path."},
	}
}
