package platform

// OpenStackDisk is what only volumes of OpenStack have.
type OpenStackDisk struct {
	Zone            *string           `tfsdk:"zone"`
	SchedulerHints  map[string]string `tfsdk:"scheduler_hints"`
	MigrationPolicy *string           `tfsdk:"migration_policy" virt:"local"` // of a change of type: never, on-demand
}
