package libvirt

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// Names of the connection's settings.
const (
	setURI      = "uri"
	setPool     = "pool"
	setTimeout  = "api_timeout"
	setShutdown = "shutdown_timeout"
	setCAFile   = "ca_file"
	setCert     = "client_certificate"
	setKey      = "client_key"
)

// settings lists what a connection takes. What libvirt's own tools write into the URI (keyfile, no_verify, socket …)
// is written there, too.
func settings() []platform.Setting {
	return []platform.Setting{
		{
			Name: setURI, Default: "qemu:///system", Env: []string{"LIBVIRT_DEFAULT_URI", "VIRSH_DEFAULT_CONNECT_URI"},
			Doc: "Connection URI as virsh takes it: qemu:///system, qemu:///session, qemu+ssh://user@host/system, qemu+tls://host/system, " +
				"qemu+tcp://host/system, test:///default; with its parameters socket, keyfile, known_hosts, no_verify, netcat, command, pkipath.",
		},
		{Name: setPool, Default: "default", Doc: "Storage pool of disks and images that name none."},
		{
			Name: setTimeout, Type: platform.DurationSetting, Default: "2m",
			Doc: "Longest time that one request may take; uploads and waiting for guests are not bound by it.",
		},
		{
			Name: setShutdown, Type: platform.DurationSetting, Default: "90s",
			Doc: "How long a guest that was asked to shut down may take before it is switched off hard.",
		},
		{Name: setCAFile, Doc: "PEM file of the authority that signs the server's certificate (qemu+tls); left out, libvirt's own places count."},
		{Name: setCert, Doc: "PEM file of the TLS client certificate (qemu+tls); left out, libvirt's own places count."},
		{Name: setKey, Doc: "PEM file of the client certificate's key."},
	}
}
