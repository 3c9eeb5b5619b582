package platform

// DockerContainer is what only Docker containers have.
type DockerContainer struct {
	NetworkMode   *string `tfsdk:"network_mode"` // host, none, container:<id>; instead of networks
	PIDMode       *string `tfsdk:"pid_mode"`
	IPCMode       *string `tfsdk:"ipc_mode"`
	UserNamespace *string `tfsdk:"user_namespace"`
	Runtime       *string `tfsdk:"runtime"`
	CgroupParent  *string `tfsdk:"cgroup_parent"`

	Privileged      *bool             `tfsdk:"privileged"`
	CapAdd          []string          `tfsdk:"cap_add"`
	CapDrop         []string          `tfsdk:"cap_drop"`
	SecurityOptions []string          `tfsdk:"security_options"`
	GroupAdd        []string          `tfsdk:"group_add"`
	Devices         []string          `tfsdk:"devices"` // host[:container[:rwm]]
	ReadOnly        *bool             `tfsdk:"read_only"`
	Sysctls         map[string]string `tfsdk:"sysctls"`
	Ulimits         map[string]string `tfsdk:"ulimits"` // name to soft[:hard]

	MemorySwap        *Size   `tfsdk:"memory_swap"` // memory and swap together
	MemoryReservation *Size   `tfsdk:"memory_reservation"`
	CPUShares         *int64  `tfsdk:"cpu_shares"`
	CPUSet            *string `tfsdk:"cpu_set"`
	PIDs              *int64  `tfsdk:"pids"`
	ShmSize           *Size   `tfsdk:"shm_size"`
	OOMScore          *int64  `tfsdk:"oom_score"`

	DNS        []string          `tfsdk:"dns"`
	DNSSearch  []string          `tfsdk:"dns_search"`
	DNSOptions []string          `tfsdk:"dns_options"`
	ExtraHosts map[string]string `tfsdk:"extra_hosts"` // name to address
	Domain     *string           `tfsdk:"domain"`

	Init           *bool             `tfsdk:"init"`
	TTY            *bool             `tfsdk:"tty"`
	Stdin          *bool             `tfsdk:"stdin"`
	StopSignal     *string           `tfsdk:"stop_signal"`
	StopTimeout    *Duration         `tfsdk:"stop_timeout"`
	RestartRetries *int64            `tfsdk:"restart_retries"` // with restart = on-failure
	LogDriver      *string           `tfsdk:"log_driver"`
	LogOptions     map[string]string `tfsdk:"log_options"`

	// RemoveVolumes deletes with the container the nameless volumes that its image asked for.
	RemoveVolumes *bool `tfsdk:"remove_volumes" virt:"local"`
}
