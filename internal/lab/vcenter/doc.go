// Package vcenter runs a simulated vCenter for tests, demos and measurements: govmomi's simulator behind a TLS front
// of our own. The front counts calls and injects failures; overrides make the simulator follow the vSphere API
// reference where it is more lenient than the real thing or lacks a method. Nothing listens beyond the given address.
package vcenter
