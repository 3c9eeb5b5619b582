package platform

// OpenStackImage is what only images of Glance have.
type OpenStackImage struct {
	Visibility  *string           `tfsdk:"visibility"` // private, shared, community, public
	Protected   *bool             `tfsdk:"protected"`
	Hidden      *bool             `tfsdk:"hidden"`
	MinDisk     *Size             `tfsdk:"min_disk"`
	MinMemory   *Size             `tfsdk:"min_memory"`
	Container   *string           `tfsdk:"container_format"`
	Properties  map[string]string `tfsdk:"properties" virt:"keys"`
	WebDownload *bool             `tfsdk:"web_download"` // the service fetches a URL itself
}
