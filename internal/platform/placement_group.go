package platform

// PlacementGroup says how machines are to be spread over hosts. Machines name it in placement.group.
type PlacementGroup struct {
	Meta
	Name    string            `tfsdk:"name"`
	Policy  string            `tfsdk:"policy"`  // PlacementSpread …
	Members []string          `tfsdk:"members"` // ids of machines
	Native  map[string]string `tfsdk:"native"`

	OpenStack *OpenStackPlacementGroup `tfsdk:"openstack" virt:"platform"`
}

// Values of PlacementGroup.Policy.
const (
	PlacementSpread     = "anti-affinity"      // never two on one host
	PlacementSpreadSoft = "soft-anti-affinity" // as far as possible
	PlacementPack       = "affinity"           // all on one host
	PlacementPackSoft   = "soft-affinity"
)

// OpenStackPlacementGroup is what only server groups have.
type OpenStackPlacementGroup struct {
	MaxPerHost *int64 `tfsdk:"max_per_host"` // of anti-affinity: so many on one host after all
}
