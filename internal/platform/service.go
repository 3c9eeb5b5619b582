package platform

// Service is a number of equal containers that a cluster keeps running: a Swarm service, a Deployment with its Service.
type Service struct {
	Meta
	Labels
	Name       string   `tfsdk:"name"`
	Image      string   `tfsdk:"image"` // reference that every node can pull: name:tag, name@sha256:…
	Mode       *string  `tfsdk:"mode"`  // ServiceReplicated …
	Entrypoint []string `tfsdk:"entrypoint"`
	Command    []string `tfsdk:"command"`
	User       *string  `tfsdk:"user"`
	WorkingDir *string  `tfsdk:"working_dir"`

	Env          map[string]string `tfsdk:"env" virt:"keys"`
	EnvWO        map[string]string `tfsdk:"env_wo"`
	EnvWOVersion *int64            `tfsdk:"env_wo_version"`

	Replicas       *int64   `tfsdk:"replicas"`    // at a time; of a job as many as may run together
	Completions    *int64   `tfsdk:"completions"` // runs of a job that have to succeed
	CPUs           *float64 `tfsdk:"cpus"`        // limit of each container
	Memory         *Size    `tfsdk:"memory"`
	ReservedCPUs   *float64 `tfsdk:"reserved_cpus"` // what a node has to have left for it
	ReservedMemory *Size    `tfsdk:"reserved_memory"`

	Ports   map[string]ServicePort    `tfsdk:"ports"`
	Mounts  map[string]ContainerMount `tfsdk:"mounts"`
	Secrets map[string]ServiceSecret  `tfsdk:"secrets"`
	Configs map[string]ServiceConfig  `tfsdk:"configs"`

	HealthCheck *HealthCheck   `tfsdk:"health_check"`
	Update      *ServiceUpdate `tfsdk:"update"`
	Wait        *bool          `tfsdk:"wait" virt:"local"` // nil: until all containers are as wanted

	Running *int64            `tfsdk:"running"` // containers that run at the moment
	Native  map[string]string `tfsdk:"native"`

	Docker *DockerService `tfsdk:"docker" virt:"platform"`
}

// Values of Service.Mode.
const (
	ServiceReplicated    = "replicated"
	ServiceGlobal        = "global" // one on every node
	ServiceReplicatedJob = "replicated-job"
	ServiceGlobalJob     = "global-job"
)

// ServicePort is a port under which the cluster offers a service.
type ServicePort struct {
	Port      int64   `tfsdk:"port"`      // in the containers
	Protocol  *string `tfsdk:"protocol"`  // tcp, udp, sctp
	Published *int64  `tfsdk:"published"` // nil at creation: the platform chooses one
	Mode      *string `tfsdk:"mode"`      // ingress: on every node; host: on the nodes that run a container
	ID        *string `tfsdk:"id" virt:"binding"`
}

// ServiceSecret is a secret as a file in a service's containers.
type ServiceSecret struct {
	SecretID string  `tfsdk:"secret_id"` // the version_id of a secret
	Target   *string `tfsdk:"target"`    // name below /run/secrets, or an absolute path
	User     *string `tfsdk:"user"`      // number
	Group    *string `tfsdk:"group"`     // number
	Mode     *string `tfsdk:"mode"`      // octal: 0444
	ID       *string `tfsdk:"id" virt:"binding"`
}

// ServiceConfig is a config as a file in a service's containers.
type ServiceConfig struct {
	ConfigID string  `tfsdk:"config_id"` // the version_id of a config
	Target   *string `tfsdk:"target"`    // absolute path
	User     *string `tfsdk:"user"`
	Group    *string `tfsdk:"group"`
	Mode     *string `tfsdk:"mode"`
	ID       *string `tfsdk:"id" virt:"binding"`
}

// ServiceUpdate says how containers are replaced by changed ones.
type ServiceUpdate struct {
	Parallelism     *int64    `tfsdk:"parallelism"` // at a time; 0: all
	Delay           *Duration `tfsdk:"delay"`
	Order           *string   `tfsdk:"order"`             // stop-first, start-first
	FailureAction   *string   `tfsdk:"failure_action"`    // pause, continue, rollback
	Monitor         *Duration `tfsdk:"monitor"`           // how long a new one may still fail
	MaxFailureRatio *float64  `tfsdk:"max_failure_ratio"` // 0 to 1
}

// DockerService is what only Swarm services have.
type DockerService struct {
	Networks        []string          `tfsdk:"networks"`      // ids of overlay networks
	EndpointMode    *string           `tfsdk:"endpoint_mode"` // vip, dnsrr
	Constraints     []string          `tfsdk:"constraints"`   // node.role == worker
	Preferences     []string          `tfsdk:"preferences"`   // spread=node.labels.rack
	MaxPerNode      *int64            `tfsdk:"max_per_node"`
	ContainerLabels map[string]string `tfsdk:"container_labels"`
	Hostname        *string           `tfsdk:"hostname"`
	ExtraHosts      map[string]string `tfsdk:"extra_hosts"`
	DNS             []string          `tfsdk:"dns"`
	CapAdd          []string          `tfsdk:"cap_add"`
	CapDrop         []string          `tfsdk:"cap_drop"`
	Sysctls         map[string]string `tfsdk:"sysctls"`
	Init            *bool             `tfsdk:"init"`
	ReadOnly        *bool             `tfsdk:"read_only"`
	StopSignal      *string           `tfsdk:"stop_signal"`
	StopTimeout     *Duration         `tfsdk:"stop_timeout"`
	LogDriver       *string           `tfsdk:"log_driver"`
	LogOptions      map[string]string `tfsdk:"log_options"`

	RestartCondition *string   `tfsdk:"restart_condition"` // none, on-failure, any
	RestartDelay     *Duration `tfsdk:"restart_delay"`
	RestartAttempts  *int64    `tfsdk:"restart_attempts"`
	RestartWindow    *Duration `tfsdk:"restart_window"`

	Rollback *ServiceUpdate `tfsdk:"rollback"`
}
