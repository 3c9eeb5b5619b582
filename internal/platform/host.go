package platform

// Host is a hypervisor host and what it can carry. It is data only: nobody makes or changes one here.
type Host struct {
	Meta
	Name         string            `tfsdk:"name"`
	CPUs         *int64            `tfsdk:"cpus"`         // logical ones, as its scheduler counts them
	Memory       *Size             `tfsdk:"memory"`       // all that is installed
	MemoryFree   *Size             `tfsdk:"memory_free"`  // may change at any time
	CPUModel     *string           `tfsdk:"cpu_model"`    // in the platform's word
	Architecture *string           `tfsdk:"architecture"` // x86_64, aarch64
	Version      *string           `tfsdk:"version"`      // the hypervisor and its version: QEMU 7.2.0
	Native       map[string]string `tfsdk:"native"`
}
