package platform

// Project is a container of other objects, with its own rights and limits: a project, a folder, a resource group, a
// namespace.
type Project struct {
	Meta
	Labels
	Name        string            `tfsdk:"name"`
	Description *string           `tfsdk:"description"`
	ParentID    *string           `tfsdk:"parent_id"`
	Enabled     *bool             `tfsdk:"enabled"`
	Quotas      map[string]string `tfsdk:"quotas" virt:"keys"` // name of a limit, in the platform's word, to a number; -1: none
	Native      map[string]string `tfsdk:"native"`

	OpenStack *OpenStackProject `tfsdk:"openstack" virt:"platform"`
}

// OpenStackProject is what only projects of OpenStack have.
type OpenStackProject struct {
	DomainID *string `tfsdk:"domain_id"`
}
