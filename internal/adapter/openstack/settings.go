package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// Names of the connection's settings.
const (
	setCloud             = "cloud"
	setCloudsFile        = "clouds_file"
	setAuthURL           = "auth_url"
	setUser              = "username"
	setUserID            = "user_id"
	setPassword          = "password"
	setToken             = "token"
	setAppID             = "application_credential_id"
	setAppName           = "application_credential_name"
	setAppSecret         = "application_credential_secret"
	setProject           = "project_name"
	setProjectID         = "project_id"
	setDomain            = "domain_name"
	setDomainID          = "domain_id"
	setUserDomain        = "user_domain_name"
	setUserDomainID      = "user_domain_id"
	setProjectDomain     = "project_domain_name"
	setProjectDomainID   = "project_domain_id"
	setSystemScope       = "system_scope"
	setRegion            = "region"
	setInterface         = "interface"
	setCAFile            = "ca_file"
	setCert              = "client_certificate"
	setKey               = "client_key"
	setInsecure          = "insecure"
	setProxy             = "proxy"
	setEndpointOverrides = "endpoint_overrides"
	setTimeout           = "api_timeout"
	setExternalNetwork   = "external_network"
	setPhysicalNetwork   = "physical_network"
	setZone              = "availability_zone"
	setVolumeType        = "volume_type"
)

// settings lists what a connection takes; the variables are those of the openstack tool.
func settings() []platform.Setting {
	list := append(credentialSettings(), scopeSettings()...)
	return append(append(list, wireSettings()...), placeSettings()...)
}

func credentialSettings() []platform.Setting {
	return []platform.Setting{
		{
			Name: setCloud, Env: []string{"OS_CLOUD"},
			Doc: "Cloud of clouds.yaml (and secure.yaml beside it) whose settings count where this block says nothing.",
		},
		{
			Name: setCloudsFile, Env: []string{"OS_CLIENT_CONFIG_FILE"},
			Doc: "Path of clouds.yaml. Left out: the current folder, ~/.config/openstack, /etc/openstack.",
		},
		{Name: setAuthURL, Env: []string{"OS_AUTH_URL"}, Doc: "Address of the identity service: https://cloud.example.net:5000/v3."},
		{Name: setUser, Env: []string{"OS_USERNAME"}, Doc: "Name of the user."},
		{Name: setUserID, Env: []string{"OS_USER_ID"}, Doc: "Id of the user, instead of name and domain."},
		{Name: setPassword, Sensitive: true, Env: []string{"OS_PASSWORD"}, Doc: "The user's password."},
		{
			Name: setToken, Sensitive: true, Env: []string{"OS_TOKEN", "OS_AUTH_TOKEN"},
			Doc: "Token that was issued already, instead of a user and a password. It cannot be renewed when it runs out.",
		},
		{Name: setAppID, Env: []string{"OS_APPLICATION_CREDENTIAL_ID"}, Doc: "Id of an application credential, instead of a user and a password."},
		{Name: setAppName, Env: []string{"OS_APPLICATION_CREDENTIAL_NAME"}, Doc: "Name of an application credential of the user, instead of its id."},
		{Name: setAppSecret, Sensitive: true, Env: []string{"OS_APPLICATION_CREDENTIAL_SECRET"}, Doc: "Secret of the application credential."},
	}
}

func scopeSettings() []platform.Setting {
	return []platform.Setting{
		{Name: setProject, Env: []string{"OS_PROJECT_NAME", "OS_TENANT_NAME"}, Doc: "Name of the project to work in."},
		{Name: setProjectID, Env: []string{"OS_PROJECT_ID", "OS_TENANT_ID"}, Doc: "Id of the project to work in."},
		{Name: setDomain, Env: []string{"OS_DOMAIN_NAME"}, Doc: "Domain of the user and the project where they have none of their own; without a project, the domain to work in."},
		{Name: setDomainID, Env: []string{"OS_DOMAIN_ID"}, Doc: "The same by its id. Left out: default."},
		{Name: setUserDomain, Env: []string{"OS_USER_DOMAIN_NAME"}, Doc: "Domain of the user."},
		{Name: setUserDomainID, Env: []string{"OS_USER_DOMAIN_ID"}, Doc: "Domain of the user, by its id."},
		{Name: setProjectDomain, Env: []string{"OS_PROJECT_DOMAIN_NAME"}, Doc: "Domain of the project."},
		{Name: setProjectDomainID, Env: []string{"OS_PROJECT_DOMAIN_ID"}, Doc: "Domain of the project, by its id."},
		{
			Name: setSystemScope, Env: []string{"OS_SYSTEM_SCOPE"}, OneOf: []string{"all"},
			Doc: "all: work on the whole system rather than in a project, for administrators.",
		},
		{Name: setRegion, Env: []string{"OS_REGION_NAME"}, Doc: "Region of the catalog. Left out: the only one."},
		{
			Name: setInterface, Env: []string{"OS_INTERFACE", "OS_ENDPOINT_TYPE"},
			OneOf: []string{"public", "internal", "admin", "publicURL", "internalURL", "adminURL"},
			Doc:   "Which endpoints of the catalog to use: public, internal or admin. Left out: public.",
		},
		{
			Name: setEndpointOverrides, Type: platform.MapSetting,
			Doc: "Addresses that count before the catalog's, by service: { compute = \"https://nova.example.net/v2.1\" }; services are compute, network, volume, image, identity.",
		},
	}
}

func wireSettings() []platform.Setting {
	return []platform.Setting{
		{Name: setCAFile, Env: []string{"OS_CACERT"}, Doc: "PEM file of the authority that signs the services' certificates."},
		{Name: setCert, Env: []string{"OS_CERT"}, Doc: "PEM file of the TLS client certificate."},
		{Name: setKey, Env: []string{"OS_KEY"}, Doc: "PEM file of the client certificate's key."},
		{Name: setInsecure, Type: platform.BoolSetting, Env: []string{"OS_INSECURE"}, Doc: "Whether certificates are taken unverified."},
		{Name: setProxy, Doc: "Proxy for the services: http://proxy.example.net:3128. Left out: what HTTPS_PROXY and NO_PROXY say."},
		{
			Name: setTimeout, Type: platform.DurationSetting, Default: "2m",
			Doc: "Longest time that one request may take; uploads and waiting are not bound by it.",
		},
	}
}

func placeSettings() []platform.Setting {
	return []platform.Setting{
		{Name: setExternalNetwork, Doc: "External network of public IPs that name none: its name or id. Left out: the only one there is."},
		{Name: setPhysicalNetwork, Doc: "Physical network of networks with a `vlan` that name none, such as physnet1. Left out: they have to name one."},
		{Name: setZone, Doc: "Availability zone of machines and volumes that name none. Left out: as the cloud does."},
		{Name: setVolumeType, Doc: "Type of volumes that name none. Left out: as the cloud does."},
	}
}
