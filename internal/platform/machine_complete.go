package platform

// Bindings is a machine of which only the id and the bindings are known, as Read gets it.
func (m *Machine) Bindings(id string) Machine {
	got := Machine{Disks: map[string]MachineDisk{}, NICs: map[string]NIC{}}
	got.ID = &id
	if m.BootDisk != nil && m.BootDisk.ID != nil {
		got.BootDisk = &BootDisk{ID: m.BootDisk.ID}
	}
	for key, d := range m.Disks {
		got.Disks[key] = MachineDisk{ID: d.ID, DiskID: d.DiskID}
	}
	for key, n := range m.NICs {
		got.NICs[key] = NIC{ID: n.ID, MAC: n.MAC}
	}
	return got
}

// Complete takes from got, which was read after a change, whatever the plan left open.
func (m *Machine) Complete(got *Machine) {
	m.ID = got.ID
	fillOpen(&m.CPUs, got.CPUs)
	fillOpen(&m.Memory, got.Memory)
	fillOpen(&m.Firmware, got.Firmware)
	fillOpen(&m.SecureBoot, got.SecureBoot)
	fillOpen(&m.TPM, got.TPM)
	fillOpen(&m.Autostart, got.Autostart)
	fillOpen(&m.Power, got.Power)
	fillOpen(&m.BootDisk, got.BootDisk)
	if m.BootDisk != nil && got.BootDisk != nil {
		fillOpen(&m.BootDisk.Size, got.BootDisk.Size)
		fillOpen(&m.BootDisk.Type, got.BootDisk.Type)
		fillOpen(&m.BootDisk.Storage, got.BootDisk.Storage)
		m.BootDisk.ID = got.BootDisk.ID
	}
	for key, d := range m.Disks {
		g := got.Disks[key]
		fillOpen(&d.Size, g.Size)
		fillOpen(&d.Type, g.Type)
		fillOpen(&d.Storage, g.Storage)
		d.ID = g.ID
		m.Disks[key] = d
	}
	for key, n := range m.NICs {
		g := got.NICs[key]
		fillOpen(&n.MAC, g.MAC)
		fillOpen(&n.Connected, g.Connected)
		n.ID = g.ID
		m.NICs[key] = n
	}
	m.BootedAt, m.Addresses, m.Native = got.BootedAt, got.Addresses, got.Native
	m.UnmanagedDisks, m.UnmanagedNICs = got.UnmanagedDisks, got.UnmanagedNICs
}

// fillOpen fills what the user left open.
func fillOpen[T any](want **T, got *T) {
	if *want == nil {
		*want = got
	}
}
