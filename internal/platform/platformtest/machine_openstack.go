package platformtest

// openStackMachineValues lacks those of ports, which are there already: the platform's case has them.
func openStackMachineValues() Values {
	near := func(address string) Config { return Config{"build_near_host_ip": address} }
	nic := Config{"nics": Config{"eth0": func(b *Bench) any { return b.nic() }}}
	return Values{
		"openstack.key_pair":        Of(Other("ssh_key", 0), Other("ssh_key", 1)),
		"openstack.config_drive":    Of(false, true),
		"openstack.port_security":   {Old: true, New: false, With: nic, Alone: true}, // without it no firewall
		"openstack.locked":          Of(true, false),
		"openstack.scheduler_hints": Of(near("192.0.2.1"), near("192.0.2.2")),
		"openstack.volume_boot":     Of(true, false),
	}
}
