package kind

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

func libvirtMachine() schema.Block {
	return block("What only libvirt domains have. Inert on other platforms.", attrs{
		"type":           owned("Virtualisation. Left out: `kvm` where the host has it, else `qemu`.", stringvalidator.OneOf("kvm", "qemu")),
		"machine":        owned("Machine type, such as `q35`, `pc` or `pc-q35-8.2`. Left out: `q35` on x86_64, `virt` on aarch64."),
		"max_cpus":       ownedInt("Processors that `cpus` can grow to while the machine runs. Left out: `cpus`.", int64validator.AtLeast(1)),
		"max_memory":     ownedSize("Memory that `memory` can grow to while the machine runs. Left out: `memory`."),
		"cpu":            owned("Model of the processor: `host-passthrough`, `host-model`, `maximum` or a name such as `EPYC-Rome`. Left out: that of the host with KVM, else `maximum`."),
		"cores":          ownedInt("Cores of each socket.", int64validator.AtLeast(1)),
		"threads":        ownedInt("Threads of each core.", int64validator.AtLeast(1)),
		"disk_bus":       owned("Bus of the disks. Left out: `virtio`.", stringvalidator.OneOf("virtio", "scsi", "sata", "nvme")),
		"nic_model":      owned("Model of the network adapters, such as `virtio`, `e1000e`. Left out: `virtio`."),
		"linked_clone":   ownedBool("Whether the boot disk holds only what differs from the image. Left out: true where the pool and the disk's type allow it."),
		"kernel":         owned("Kernel to start without a boot loader: a path on the host."),
		"initrd":         owned("Initial RAM disk for `kernel`: a path on the host."),
		"command_line":   owned("Command line of `kernel`."),
		"boot_order":     ownedList("What is tried, in order: `hd`, `cdrom`, `network`. Left out: `hd`."),
		"cdrom":          owned("ISO 9660 image in the CD drive: the id of an image or its path on the host."),
		"serial_log":     owned("File on the host that the serial console is written to."),
		"address_source": ownedList("Who is asked for addresses: `lease`, `agent`, `arp`; the first that knows any counts. Left out: `lease`, `agent`."),

		"graphics":                     owned("Graphical console. Left out: `none`.", stringvalidator.OneOf("vnc", "spice", "none")),
		"graphics_listen":              owned("Address that the graphical console listens on. Left out: `127.0.0.1`."),
		"graphics_password_wo":         secret("Password of the graphical console; never kept in the state."),
		"graphics_password_wo_version": ownedInt("Any number; another one sends the password again."),

		"xml_overlay": owned("Fragment of a domain document (`<domain>…</domain>`) that is merged into the one made here, for what has no attribute. Elements below `devices` and those with a namespace are added, others merged."),
	})
}

func libvirtNetwork() schema.Block {
	return block("What only libvirt networks have. Inert on other platforms.", attrs{
		"bridge":    owned("Name of the bridge on the host. In the mode `bridge` it has to be there; otherwise it is made."),
		"device":    owned("The host's network device that traffic leaves by; in the mode `bridge` without `bridge`, the device that macvtap interfaces are made on."),
		"domain":    owned("DNS domain of the guests."),
		"hosts":     ownedMap("Names that the network's DNS server knows, to their address; several with commas between them."),
		"autostart": ownedBool("Whether it starts with the host. Left out: true."),
		"active":    ownedBool("Whether it runs. Left out: it is started when it is made, and what becomes of it later is not managed."),
	})
}

func libvirtDisk() schema.Block {
	return block("What only libvirt volumes have. Inert on other platforms.", attrs{
		"linked_clone": ownedBool("Whether it holds only what differs from `source_id`, which has to stay. Left out: false, a full copy."),
	})
}

func libvirtImage() schema.Block {
	return block("What only libvirt's base volumes have. Inert on other platforms.", attrs{
		"pool": owned("Name of the storage pool. Left out: the connection's `pool`."),
	})
}

func libvirtSnapshot() schema.Block {
	return block("What only snapshots of libvirt domains have. Inert on other platforms.", attrs{
		"external": ownedBool("Whether it lies in files of its own rather than inside the disks. Left out: inside where every disk is qcow2, the firmware is `bios` and, of a running machine, `memory` is true."),
	})
}
