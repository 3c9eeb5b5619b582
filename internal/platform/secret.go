package platform

// Secret is confidential text that services read as a file. Where the platform's objects cannot be changed, another
// value is a new object under the same name with its hash, and the old one goes once nobody uses it. ID stands for
// all of them, VersionID for the current one.
type Secret struct {
	Meta
	Labels
	Name           string            `tfsdk:"name"`
	Value          *string           `tfsdk:"value"` // lands in the state
	ValueBase64    *string           `tfsdk:"value_base64"`
	ValueWO        *string           `tfsdk:"value_wo"`
	ValueWOVersion *int64            `tfsdk:"value_wo_version"`
	VersionID      *string           `tfsdk:"version_id" virt:"binding"`
	Native         map[string]string `tfsdk:"native"`
	Docker         *DockerSecret     `tfsdk:"docker" virt:"platform"`
}

// DockerSecret is what only Swarm secrets have.
type DockerSecret struct {
	Template *string `tfsdk:"template"` // golang: placeholders are filled in for each container
}

// ConfigFile is text that services read as a file. It has versions as a [Secret] has.
type ConfigFile struct {
	Meta
	Labels
	Name        string            `tfsdk:"name"`
	Value       *string           `tfsdk:"value"`
	ValueBase64 *string           `tfsdk:"value_base64"` // instead of value, for what is not text
	VersionID   *string           `tfsdk:"version_id" virt:"binding"`
	Native      map[string]string `tfsdk:"native"`
	Docker      *DockerSecret     `tfsdk:"docker" virt:"platform"`
}
