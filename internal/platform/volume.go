package platform

// Volume is a file system that containers mount.
type Volume struct {
	Meta
	Labels
	Name   string            `tfsdk:"name"`
	Native map[string]string `tfsdk:"native"`

	Docker *DockerVolume `tfsdk:"docker" virt:"platform"`
}

// DockerVolume is what only Docker volumes have.
type DockerVolume struct {
	Driver  *string           `tfsdk:"driver"` // nil: local
	Options map[string]string `tfsdk:"options" virt:"keys"`
}
