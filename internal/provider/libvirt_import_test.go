package provider_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/terraform-virt/terraform-provider-virt/internal/lab/libvirt"
)

// handmade is a domain as virt-install makes them: two disks, two adapters, a console, a screen. The verbs are the name,
// the firmware and machine type, and the folder of the disks.
const handmade = `<domain type='qemu'>
  <name>%[1]s</name>
  <title>made by hand</title>
  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0"><libosinfo:os id="http://debian.org/debian/12"/></libosinfo:libosinfo>
  </metadata>
  <memory unit='MiB'>96</memory>
  <currentMemory unit='MiB'>64</currentMemory>
  <vcpu placement='static' current='1'>2</vcpu>
  %[2]s
  <features><acpi/><apic/></features>
  <cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>
  <clock offset='utc'><timer name='rtc' tickpolicy='catchup'/><timer name='pit' tickpolicy='delay'/><timer name='hpet' present='no'/></clock>
  <pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='no'/></pm>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2' discard='unmap'/><source file='%[3]s/%[1]s.qcow2'/><target dev='vda' bus='virtio'/><boot order='1'/></disk>
    <disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><source file='%[3]s/%[1]s-data.raw'/><target dev='vdb' bus='virtio'/></disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <controller type='usb' model='qemu-xhci' ports='15'/>
    <interface type='network'><source network='blue'/><mac address='52:54:00:aa:00:01'/><model type='virtio'/></interface>
    <interface type='network'><source network='green'/><mac address='52:54:00:aa:00:02'/><model type='e1000e'/></interface>
    <console type='pty'><target type='serial'/></console>
    <channel type='unix'><source mode='bind'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <input type='tablet' bus='usb'/>
    <graphics type='vnc' port='-1' listen='127.0.0.1'/>
    <video><model type='vga'/></video>
    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
`

// handmadeNetwork has more than a configuration can say.
const handmadeNetwork = `<network>
  <name>%s</name>
  <forward mode='nat'><nat><port start='1024' end='65535'/></nat></forward>
  <domain name='%[1]s.test' localOnly='yes'/>
  <dns><host ip='192.168.%[2]d.5'><hostname>printer</hostname></host></dns>
  <ip address='192.168.%[2]d.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.%[2]d.100' end='192.168.%[2]d.200'/><host mac='52:54:00:aa:00:01' name='first' ip='192.168.%[2]d.7'/></dhcp>
  </ip>
</network>
`

// makeByHand makes two networks, a pool, a volume and a running machine with virsh.
func makeByHand(t *testing.T, s *libvirt.Server, os string) {
	t.Helper()
	for i, name := range []string{"blue", "green"} {
		virsh(t, s, "net-define", virshFile(t, fmt.Sprintf(handmadeNetwork, name, 60+i)))
		virsh(t, s, "net-start", name)
	}
	dir := filepath.Join(s.Dir, "archive")
	virsh(t, s, fmt.Sprintf("pool-define-as archive dir --target %s; pool-build archive; pool-start archive", dir))
	virsh(t, s, "vol-create-as", "archive", "old.qcow2", "24M", "--format", "qcow2")
	virsh(t, s, "vol-create-as", "default", "byhand.qcow2", "32M", "--format", "qcow2")
	virsh(t, s, "vol-create-as", "default", "byhand-data.raw", "16M", "--format", "raw")
	virsh(t, s, "define", virshFile(t, fmt.Sprintf(handmade, "byhand", os, s.Pool("default"))))
	virsh(t, s, "start", "byhand")
}

// byHandImports names everything by what a person would.
const byHandImports = `
import {
  to = virt_machine.m
  id = "dc1/byhand"
}
import {
  to = virt_network.n
  id = "dc1/blue"
}
import {
  to = virt_disk.d
  id = "dc1/archive/old.qcow2"
}
import {
  to = virt_storage_pool.p
  id = "dc1/archive"
}
`

// byHandText is all that virsh tells of what was made by hand.
func byHandText(t *testing.T, s *libvirt.Server) string {
	t.Helper()
	return virsh(t, s, "dumpxml byhand; dumpxml byhand --inactive; net-dumpxml blue; net-dumpxml blue --inactive; net-info blue; "+
		"vol-dumpxml old.qcow2 archive; pool-dumpxml archive; pool-list --all --autostart --name")
}

// TestImportByHand imports what was made with virsh: what is generated plans nothing and changes nothing.
func TestImportByHand(t *testing.T) {
	for name, os := range map[string]string{
		"bios": "<os><type arch='x86_64' machine='pc'>hvm</type></os>",
		"uefi": "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type><firmware><feature enabled='no' name='secure-boot'/></firmware></os>",
	} {
		t.Run(name, func(t *testing.T) {
			s := startLibvirt(t, libvirt.Options{})
			makeByHand(t, s, os)
			before := byHandText(t, s)
			w := newWorkspace(t, libvirtBlock(s.URI(), `shutdown_timeout = "5s"`)+byHandImports)
			p := w.planned("-generate-config-out=generated.tf")
			for address, action := range p.Actions {
				if action != "import" {
					t.Errorf("%s: planned %q, want an import alone: %v", address, action, p.Changes[address])
				}
			}
			if len(p.Actions) != 4 {
				t.Errorf("planned %v, want four imports", p.Actions)
			}
			w.must(0, apply()...)
			w.nothing()
			if diff := cmp.Diff(before, byHandText(t, s)); diff != "" {
				t.Errorf("the import changed something (-before +after):\n%s\nconfiguration:\n%s", diff, w.read("generated.tf"))
			}
			m := w.resource(machineAddress)
			if got := fmt.Sprint(m.Values["cpus"], m.Values["memory"], m.Values["firmware"], m.Values["power"]); got != fmt.Sprint(1, "64MiB", name, "on") {
				t.Errorf("the state has %s", got)
			}
		})
	}
}

// TestImportUnderOtherKeys imports into a configuration that somebody wrote, whose keys are no slots: nothing is deleted,
// and what the configuration does not speak of stays.
func TestImportUnderOtherKeys(t *testing.T) {
	s := startLibvirt(t, libvirt.Options{})
	makeByHand(t, s, "<os><type arch='x86_64' machine='q35'>hvm</type></os>")
	before, running := dumped(t, s, "byhand", "--inactive"), virsh(t, s, "domid", "byhand")
	w := newWorkspace(t, libvirtBlock(s.URI(), `shutdown_timeout = "5s"`)+byHandImports+`
data "virt_network" "green" { name = "green" }
resource "virt_machine" "m" {
  name      = "byhand"
  boot_disk = { size = "32MiB" }
  disks     = { data = { size = "16MiB" } }
  nics      = { lan = { network_id = data.virt_network.green.id } }
}
resource "virt_network" "n" {
  name = "blue"
  subnets = {
    lan = {
      cidr = "192.168.60.0/24"
      dhcp = {
        first        = "192.168.60.100"
        last         = "192.168.60.200"
        reservations = { "52:54:00:aa:00:01" = "192.168.60.7" }
      }
    }
  }
}
resource "virt_disk" "d" {
  name    = "old.qcow2"
  storage = "archive"
}
resource "virt_storage_pool" "p" {
  name = "archive"
  type = "dir"
}
`)
	p := w.planned()
	for address, action := range p.Actions {
		if strings.Contains(action, "delete") || strings.Contains(action, "create") {
			t.Errorf("%s: planned %q: %v", address, action, p.Changes[address])
		}
		for path, change := range p.Changes[address] { // elements go on under another key, or unmanaged
			if group, _, _ := strings.Cut(path, "."); strings.HasSuffix(change, "→ null") && !slices.Contains([]string{"disks", "nics", "subnets"}, group) {
				t.Errorf("%s: planned to take %s away: %s", address, path, change)
			}
		}
	}
	w.must(0, apply()...)
	w.nothing()
	after := dumped(t, s, "byhand", "--inactive")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the machine (-before +after):\n%s", diff)
	}
	if got := virsh(t, s, "domid", "byhand"); got != running {
		t.Errorf("the machine was restarted: %s, then %s", running, got)
	}
	shows(t, virsh(t, s, "net-dumpxml", "blue"), "<range start='192.168.60.100' end='192.168.60.200'/>", "<hostname>printer</hostname>", "ip='192.168.60.7'/>")
}
