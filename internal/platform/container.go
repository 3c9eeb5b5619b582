package platform

// Container is one process tree made from a container image.
type Container struct {
	Meta
	Labels
	Name       string   `tfsdk:"name"`
	ImageID    string   `tfsdk:"image_id"`   // id of a container image, or its reference: name:tag, name@sha256:…
	Entrypoint []string `tfsdk:"entrypoint"` // in place of the image's
	Command    []string `tfsdk:"command"`    // in place of the image's
	User       *string  `tfsdk:"user"`       // name or number, with or without a group: 1000:1000
	WorkingDir *string  `tfsdk:"working_dir"`
	Hostname   *string  `tfsdk:"hostname"`

	Env          map[string]string `tfsdk:"env" virt:"keys"`
	EnvWO        map[string]string `tfsdk:"env_wo"` // further variables whose values never reach the state
	EnvWOVersion *int64            `tfsdk:"env_wo_version"`

	CPUs    *float64 `tfsdk:"cpus"`    // limit in CPUs: 0.5
	Memory  *Size    `tfsdk:"memory"`  // limit
	Restart *string  `tfsdk:"restart"` // when the platform starts it again: RestartNo …

	Ports    map[string]ContainerPort    `tfsdk:"ports"`
	Mounts   map[string]ContainerMount   `tfsdk:"mounts"`
	Networks map[string]ContainerNetwork `tfsdk:"networks"`
	Files    map[string]ContainerFile    `tfsdk:"files"`

	HealthCheck *HealthCheck   `tfsdk:"health_check"`
	WaitFor     *ContainerWait `tfsdk:"wait_for" virt:"local"`

	Power     *string           `tfsdk:"power"`     // PowerOn; PowerOff is stopped, PowerSuspended paused
	ExitCode  *int64            `tfsdk:"exit_code"` // of the last run; nil while it runs or when it never ran
	Addresses []string          `tfsdk:"addresses"` // on its networks, while it runs
	Native    map[string]string `tfsdk:"native"`

	Docker *DockerContainer `tfsdk:"docker" virt:"platform"`
}

// Values of Container.Restart.
const (
	RestartNo            = "no"
	RestartOnFailure     = "on-failure" // when it ends with another exit code than 0
	RestartAlways        = "always"
	RestartUnlessStopped = "unless-stopped"
)

// ContainerPort is a port of the container that its host publishes.
type ContainerPort struct {
	Port     int64   `tfsdk:"port"`      // in the container
	Protocol *string `tfsdk:"protocol"`  // tcp, udp, sctp
	HostPort *int64  `tfsdk:"host_port"` // nil at creation: the platform chooses one
	HostIP   *string `tfsdk:"host_ip"`   // nil: all addresses of the host
	ID       *string `tfsdk:"id" virt:"binding"`
}

// ContainerMount is something of outside in the container's file system: a volume, a path of the host or, with neither
// of them, memory.
type ContainerMount struct {
	Target   string  `tfsdk:"target"` // absolute path in the container
	VolumeID *string `tfsdk:"volume_id"`
	HostPath *string `tfsdk:"host_path"`
	ReadOnly *bool   `tfsdk:"read_only"`
	Size     *Size   `tfsdk:"size"` // of memory
	ID       *string `tfsdk:"id" virt:"binding"`
}

// ContainerNetwork is the attachment to one network.
type ContainerNetwork struct {
	NetworkID string   `tfsdk:"network_id"`
	Addresses []string `tfsdk:"addresses"` // static ones, without prefix length: at most one of each family
	Aliases   []string `tfsdk:"aliases"`   // further names on that network
	MAC       *string  `tfsdk:"mac"`
	ID        *string  `tfsdk:"id" virt:"binding"`
}

// ContainerFile is a file that is put into the container before it starts.
type ContainerFile struct {
	Path          string  `tfsdk:"path"` // absolute
	Content       *string `tfsdk:"content"`
	ContentBase64 *string `tfsdk:"content_base64"` // instead of content, for what is not text
	Mode          *string `tfsdk:"mode"`           // octal: 0644
}

// HealthCheck is a command that tells whether a container works.
type HealthCheck struct {
	Command     []string  `tfsdk:"command"` // program and arguments; ["CMD-SHELL", "…"] runs a shell; ["NONE"] switches the image's off
	Interval    *Duration `tfsdk:"interval"`
	Timeout     *Duration `tfsdk:"timeout"`
	StartPeriod *Duration `tfsdk:"start_period"`
	Retries     *int64    `tfsdk:"retries"` // failures in a row that make it unhealthy
}

// ContainerWait says when a container counts as ready.
type ContainerWait struct {
	State *string `tfsdk:"state"` // WaitRunning …
}

// Values of ContainerWait.State.
const (
	WaitRunning = "running" // it runs and has not ended at once
	WaitHealthy = "healthy" // its health check succeeded
	WaitExited  = "exited"  // it ended with exit code 0
)
