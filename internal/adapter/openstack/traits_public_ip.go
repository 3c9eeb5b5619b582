package openstack

import "github.com/terraform-virt/terraform-provider-virt/internal/platform"

// publicIPTraits says what floating IPs can do. What network an address comes from, and its name in the DNS, are said
// when it is made.
func publicIPTraits() platform.Traits {
	return platform.Traits{
		"name":        platform.Live(),
		"description": platform.Live(),
		"network_id":  platform.Replace(),
		"address":     platform.Replace(),
		"nic_id":      platform.Live(),
		"tags":        platform.Live(),
		"native":      platform.Computed(),

		"openstack.subnet_id":     platform.CreateOnly(),
		"openstack.fixed_address": platform.Live(),
		"openstack.dns_name":      platform.Replace(),
		"openstack.dns_domain":    platform.Replace(),
	}
}
