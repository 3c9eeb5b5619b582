package docker

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// Names of the connection's settings.
const (
	setHost       = "host"
	setContext    = "context"
	setConfigDir  = "config_dir"
	setVersion    = "api_version"
	setTLSVerify  = "tls_verify"
	setCertPath   = "cert_path"
	setCAFile     = "ca_file"
	setCert       = "client_certificate"
	setKey        = "client_key"
	setSSHOptions = "ssh_options"
	setTimeout    = "api_timeout"
	setRegistries = "registries"
	setInsecure   = "insecure_registries"
	setRegistryCA = "registry_ca_file"
)

// settings lists what a connection takes, named as the docker tool names it.
func settings() []platform.Setting {
	return []platform.Setting{
		{
			Name: setHost, Env: []string{"DOCKER_HOST"},
			Doc: "Where the engine listens: unix:///var/run/docker.sock, tcp://host:2376, ssh://user@host. Left out: the context's, else the local socket.",
		},
		{
			Name: setContext, Env: []string{"DOCKER_CONTEXT"},
			Doc: "Context of the docker tool whose endpoint and certificates count when host is left out. Left out: the current one of its configuration.",
		},
		{
			Name: setConfigDir, Env: []string{"DOCKER_CONFIG"},
			Doc: "Folder of the docker tool's configuration: contexts, credentials of registries and their helpers. Left out: ~/.docker.",
		},
		{
			Name: setVersion, Env: []string{"DOCKER_API_VERSION"},
			Doc: "Version of the engine's API, such as 1.41. Left out: the newest that both sides know.",
		},
		{
			Name: setTLSVerify, Type: platform.BoolSetting, Env: []string{"DOCKER_TLS_VERIFY"}, Default: "true",
			Doc: "Whether to verify the engine's certificate. tcp:// without any certificate setting is spoken in the clear.",
		},
		{
			Name: setCertPath, Env: []string{"DOCKER_CERT_PATH"},
			Doc: "Folder with ca.pem, cert.pem and key.pem for tcp://.",
		},
		{Name: setCAFile, Doc: "PEM file of the authority that signs the engine's certificate."},
		{Name: setCert, Doc: "PEM file of the TLS client certificate."},
		{Name: setKey, Doc: "PEM file of the client certificate's key."},
		{
			Name: setSSHOptions, Type: platform.StringsSetting,
			Doc: "Further arguments of the ssh program for ssh://, such as -i and a file. The user's own configuration, known hosts, agent and jump hosts count anyway.",
		},
		{
			Name: setTimeout, Type: platform.DurationSetting, Default: "2m",
			Doc: "Longest time that one request may take; pulling, building, pushing and waiting are not bound by it.",
		},
		{
			Name: setRegistries, Type: platform.MapSetting, Sensitive: true,
			Doc: "Credentials by registry, user:password, or a token alone: { \"registry.example.net\" = \"ci:secret\" }. Registries that are not named here take those of the docker tool's configuration and its helpers.",
		},
		{
			Name: setInsecure, Type: platform.StringsSetting,
			Doc: "Registries that are spoken to without TLS, or without verifying it. Those on the loopback interface always may be.",
		},
		{Name: setRegistryCA, Doc: "PEM file of the authority that signs the registries' certificates."},
	}
}
