package platform

// Firewall is a set of rules about who may talk to the network adapters that carry it. What no rule allows is refused.
type Firewall struct {
	Meta
	Labels
	Name        string                  `tfsdk:"name"`
	Description *string                 `tfsdk:"description"`
	Rules       map[string]FirewallRule `tfsdk:"rules"`
	Native      map[string]string       `tfsdk:"native"`

	OpenStack *OpenStackFirewall `tfsdk:"openstack" virt:"platform"`
}

// FirewallRule allows some traffic.
type FirewallRule struct {
	Direction   string  `tfsdk:"direction"`   // RuleIngress or RuleEgress
	Family      *string `tfsdk:"family"`      // ipv4 or ipv6
	Protocol    *string `tfsdk:"protocol"`    // tcp, udp, icmp, a number; nil: any
	Ports       *string `tfsdk:"ports"`       // of the receiver: "443", "8000-8080"; of icmp the type, "8", or type and code, "3-1"; nil: all
	CIDR        *string `tfsdk:"cidr"`        // of the other side; nil: anywhere
	FirewallID  *string `tfsdk:"firewall_id"` // the other side carries this firewall
	Self        *bool   `tfsdk:"self"`        // the other side carries this very firewall
	Description *string `tfsdk:"description"`
	ID          *string `tfsdk:"id" virt:"binding"`
}

// Values of FirewallRule.Direction and FirewallRule.Family.
const (
	RuleIngress = "ingress"
	RuleEgress  = "egress"
	RuleIPv4    = "ipv4"
	RuleIPv6    = "ipv6"
)

// OpenStackFirewall is what only security groups have.
type OpenStackFirewall struct {
	Stateful      *bool `tfsdk:"stateful"`       // answers are let through by themselves
	DefaultEgress *bool `tfsdk:"default_egress"` // the two rules that every new group has, which let everything out
}
