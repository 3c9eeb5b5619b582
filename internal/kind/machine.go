package kind

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Machine is a virtual machine.
func Machine() engine.Kind[platform.Machine, *platform.Machine] {
	return engine.Kind[platform.Machine, *platform.Machine]{
		Name:     "machine",
		Of:       func(c *platform.Conn) platform.Resource[platform.Machine] { return c.Machines },
		Timeouts: engine.Timeouts{Create: 30 * time.Minute, Read: 5 * time.Minute, Update: 30 * time.Minute, Delete: 20 * time.Minute},
		Aliases:  map[string]string{"size": "sizes"},
		Plan:     planMachine,
		Restart: &engine.Restart[platform.Machine]{
			Running: func(m *platform.Machine) bool { return m.Power != nil && *m.Power == platform.PowerOn },
			Allowed: func(m *platform.Machine) *bool { return m.AllowRestart },
			Moment:  "booted_at",
		},
		Schema: base("A virtual machine: a VM on vSphere and Hyper-V, a domain on libvirt, a server on OpenStack, a virtual machine on Azure.",
			tagged(machineAttributes()), machineBlocks()),
	}
}

func machineAttributes() attrs {
	return attrs{
		"name":         name("Name of the machine on its platform."),
		"description":  owned("Free text that the platform keeps with the machine."),
		"hostname":     owned("Name that the guest gives itself, set at first boot."),
		"cpus":         keptInt("Number of virtual CPUs. A minimum on platforms with fixed sizes.", int64validator.AtLeast(1)),
		"memory":       keptSize("Memory. A minimum on platforms with fixed sizes."),
		"size":         kept("Name of a fixed size, on platforms that have them, or an alias from the platform block's `sizes`."),
		"firmware":     kept("`bios` or `uefi`.", stringvalidator.OneOf(platform.FirmwareBIOS, platform.FirmwareUEFI)),
		"secure_boot":  keptBool("Whether the firmware checks signatures before it boots. Needs `firmware = \"uefi\"`."),
		"tpm":          keptBool("Whether the machine has a TPM 2.0."),
		"image_id":     owned("Image that the machine is made from, such as `data.virt_image.os.id`. Another image is a replacement."),
		"boot_disk":    bootDisk(),
		"disks":        machineDisks(),
		"nics":         machineNICs(),
		"user_data":    schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Data for the guest's first boot, as its agent expects it: cloud-config, a script, Ignition."},
		"network_data": owned("Network configuration for the guest's first boot, in cloud-init's version 2 format. Left out: made from `nics`."),
		"metadata":     ownedMap("Instance metadata that the guest can read."),
		"power": kept("`on`, `off` or `suspended`. Left out: `on` after creation, then as it is.",
			stringvalidator.OneOf(platform.PowerOn, platform.PowerOff, platform.PowerSuspended)),
		"autostart":       keptBool("Whether the machine starts with its host."),
		"allow_restart":   ownedBool("`false` turns a change that needs a restart into an error of the plan. Otherwise the plan warns and `booted_at` becomes unknown."),
		"booted_at":       computed("When the machine was started last (RFC 3339); null while it is off. Unknown in a plan exactly when that plan restarts the machine."),
		"addresses":       schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "IP addresses that the guest reports, link-local ones left out."},
		"unmanaged_disks": unmanagedDisks(),
		"unmanaged_nics":  unmanagedNICs(),
		"native":          native(),
	}
}

func bootDisk() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "The disk that the machine starts from. It lives and dies with the machine.",
		Attributes: attrs{
			"size":    keptSize("Size. Never smaller than the image; it can grow but not shrink."),
			"type":    kept("Kind of disk, in the platform's word: `thin`, `qcow2`, `Premium_LRS`."),
			"storage": kept("Where it lies: datastore, pool."),
			"id":      computed("The platform's id of the disk."),
		},
	}
}

func machineDisks() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Further disks by a key of your choice: made inline from `size`, or attached by `disk_id`. " +
			"Dropping a key detaches the disk and keeps it, unless `delete_on_remove` was applied before. Left out: not managed.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"size":             keptSize("Size of an inline disk. It can grow but not shrink."),
			"type":             kept("Kind of disk, in the platform's word: `thin`, `qcow2`, `Premium_LRS`."),
			"storage":          kept("Where an inline disk lies: datastore, pool. Left out: beside the machine."),
			"disk_id":          owned("Id of a `virt_disk` to attach. Either this or size.", stringvalidator.AtLeastOneOf(path.MatchRelative().AtParent().AtName("size"))),
			"delete_on_remove": ownedBool("Whether dropping the key deletes an inline disk. Counts once it is in the state."),
			"id":               computed("The platform's id of the disk."),
		}},
	}
}

func machineNICs() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Network adapters by a key of your choice. They are made in the natural order of the keys; later keys append. Left out: not managed.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"network_id":   owned("Id of the network, such as `data.virt_network.app.id`."),
			"subnet_id":    owned("Id of the subnet, on platforms where networks have several."),
			"mac":          keptMAC("MAC address: `00:50:56:0a:0b:0c`. Left out: the platform chooses."),
			"addresses":    ownedList("Static addresses with prefix length: `10.0.0.5/24`. Left out: what the network assigns."),
			"gateway":      owned("Default gateway that goes with the static addresses."),
			"dns":          ownedList("Name servers that go with the static addresses."),
			"primary":      ownedBool("Whether this is the first adapter, whatever its key."),
			"connected":    keptBool("Whether the adapter is plugged in. Left out: it is."),
			"firewall_ids": ownedList("Firewalls that guard the adapter (`virt_firewall`), in any order. Left out: not managed."),
			"id":           computed("The platform's id of the adapter."),
		}},
	}
}

func unmanagedDisks() schema.Attribute {
	return schema.MapNestedAttribute{
		Computed: true, MarkdownDescription: "Disks of the machine that nobody declared, by slot. They are never touched.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"id":   computed("The platform's id of the disk."),
			"name": computed("Path, volume or resource name."),
			"size": schema.StringAttribute{Computed: true, CustomType: size{}, MarkdownDescription: "Size."},
		}},
	}
}

func unmanagedNICs() schema.Attribute {
	return schema.MapNestedAttribute{
		Computed: true, MarkdownDescription: "Network adapters of the machine that nobody declared, by slot. They are never touched.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"id":         computed("The platform's id of the adapter."),
			"mac":        computed("MAC address."),
			"network_id": computed("Id of the network."),
		}},
	}
}

func machineBlocks() blocks {
	return blocks{
		"login": block("The first user of the guest, set at first boot.", attrs{
			"user":                owned("Name of the user."),
			"ssh_keys":            ownedList("Public keys that may log in."),
			"password":            schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Password, kept in the state. Prefer `password_wo` where the CLI has write-only attributes (Terraform 1.11)."},
			"password_wo":         secret("Password that is never stored. Changed together with `password_wo_version`."),
			"password_wo_version": ownedInt("Any number; a new one says that `password_wo` is new."),
		}),
		"wait_for": block("When the machine counts as ready. Left out: as soon as it is powered on.", attrs{
			"address":     owned("Wait until the guest reports an address in this range: `10.0.0.0/8`, or `0.0.0.0/0` for any IPv4 address."),
			"guest_agent": ownedBool("Wait until the guest's agent answers."),
		}),
		"placement": block("Where the machine runs.", attrs{
			"host":  owned("Host: its name or id."),
			"zone":  owned("Availability zone."),
			"group": owned("Id of a placement group."),
		}),
		"vsphere":   vsphereMachine(),
		"libvirt":   libvirtMachine(),
		"openstack": openStackMachine(),
	}
}

// planMachine holds what is true of machines everywhere.
func planMachine(p *platform.Plan[platform.Machine]) error {
	if p.Changed("power") {
		p.Recompute("booted_at")
	}
	if err := refuseSizedAttachments(p); err != nil || p.Prior == nil {
		return err
	}
	warnDroppedDisks(p)
	if p.Changed("disks") {
		p.Recompute("unmanaged_disks")
	}
	if p.Changed("nics") {
		p.Recompute("unmanaged_nics")
		p.Recompute("addresses")
	}
	return nil
}

// refuseSizedAttachments keeps what describes an inline disk away from an attached one, where nobody would heed it.
func refuseSizedAttachments(p *platform.Plan[platform.Machine]) error {
	var errs []error
	for _, key := range platform.Keys(p.Want.Disks) {
		disk, was := p.Want.Disks[key], platform.MachineDisk{}
		if p.Prior != nil {
			was = p.Prior.Disks[key]
		}
		if disk.DiskID == nil {
			continue
		}
		for name, differs := range map[string]bool{
			"size":    disk.Size != nil && (was.Size == nil || *was.Size != *disk.Size),
			"type":    disk.Type != nil && (was.Type == nil || *was.Type != *disk.Type),
			"storage": disk.Storage != nil && (was.Storage == nil || *was.Storage != *disk.Storage),
		} {
			if differs {
				errs = append(errs, platform.At(fmt.Errorf("the disk with disk_id has its own %s: set it on the virt_disk", name), "disks", key, name))
			}
		}
	}
	return errors.Join(errs...)
}

// warnDroppedDisks says what becomes of an inline disk whose key is dropped.
func warnDroppedDisks(p *platform.Plan[platform.Machine]) {
	if !p.Known("disks") {
		return
	}
	for _, key := range platform.Keys(p.Prior.Disks) {
		disk := p.Prior.Disks[key]
		if _, stays := p.Want.Disks[key]; stays || disk.DiskID != nil {
			continue
		}
		id := "unknown"
		if disk.ID != nil {
			id = *disk.ID
		}
		if disk.DeleteOnRemove != nil && *disk.DeleteOnRemove {
			p.Warn("Dropping disk \""+key+"\" (id "+id+") deletes it and its data, as its delete_on_remove says.", "disks")
			continue
		}
		p.Warn("Dropping disk \""+key+"\" (id "+id+") detaches it and keeps it. To delete it instead, apply delete_on_remove = true first.", "disks")
	}
}
