package kind

import (
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Container is a process tree made from an image.
func Container() engine.Kind[platform.Container, *platform.Container] {
	return engine.Kind[platform.Container, *platform.Container]{
		Name:     "container",
		Of:       func(c *platform.Conn) platform.Resource[platform.Container] { return c.Containers },
		Timeouts: engine.Timeouts{Create: 20 * time.Minute, Read: 5 * time.Minute, Update: 10 * time.Minute, Delete: 10 * time.Minute},
		Plan:     planContainer,
		Schema: base("A container. What its image or the platform fill in is not managed; what is written here is kept so.",
			tagged(attrs{
				"name":           name("Name of the container."),
				"image_id":       required("Image: the id of a `virt_container_image`, or a reference such as `nginx:1.27` that the platform has already. Another image is a replacement.", stringvalidator.LengthAtLeast(1)),
				"entrypoint":     ownedList("Program and first arguments, in place of the image's."),
				"command":        ownedList("Command or further arguments, in place of the image's."),
				"user":           owned("User, and group, that it runs as: `1000:1000`."),
				"working_dir":    owned("Directory that it starts in."),
				"hostname":       owned("Name that the container gives itself."),
				"env":            ownedMap("Environment variables. Only the names given here are managed; those of the image stay."),
				"env_wo":         secretMap("Environment variables whose values are never stored. Changed together with `env_wo_version`. Who may look into the platform sees them there."),
				"env_wo_version": ownedInt("Any number; a new one says that `env_wo` is new."),
				"cpus":           ownedFloat("How many CPUs it may use: `0.5`."),
				"memory":         ownedSize("How much memory it may use."),
				"restart":        owned("When the platform starts it again: `no`, `on-failure`, `always`, `unless-stopped`.", stringvalidator.OneOf(platform.RestartNo, platform.RestartOnFailure, platform.RestartAlways, platform.RestartUnlessStopped)),
				"ports":          containerPorts(),
				"mounts":         containerMounts(),
				"networks":       containerNetworks(),
				"files":          containerFiles(),
				"power": kept("`on`, `off` (stopped) or `suspended` (paused). Left out: started once it is made, then as it is.",
					stringvalidator.OneOf(platform.PowerOn, platform.PowerOff, platform.PowerSuspended)),
				"exit_code": schema.Int64Attribute{Computed: true, MarkdownDescription: "Exit code of the last run; null while it runs."},
				"addresses": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "IP addresses on its networks while it runs."},
				"native":    native(),
			}), blocks{
				"health_check": healthCheck(),
				"wait_for": block("When the container counts as ready. Left out: as soon as it is started.", attrs{
					"state": owned("`running`: it did not end at once; `healthy`: its health check succeeded; `exited`: it ended with exit code 0.",
						stringvalidator.OneOf(platform.WaitRunning, platform.WaitHealthy, platform.WaitExited)),
				}),
				"docker": dockerContainer(),
			}),
	}
}

func containerPorts() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: "Ports that the host publishes, by a key of your choice. Left out: not managed.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"port":      schema.Int64Attribute{Required: true, Validators: port(), MarkdownDescription: "Port in the container."},
			"protocol":  kept("`tcp`, `udp` or `sctp`. Left out: `tcp`.", stringvalidator.OneOf("tcp", "udp", "sctp")),
			"host_port": keptInt("Port of the host. Left out: the platform chooses one.", port()...),
			"host_ip":   owned("Address of the host. Left out: all of them."),
			"id":        computed("The platform's id of the port."),
		}},
	}
}

func containerMounts() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: "What the container sees in its file system beside its image, by a key of your choice: a volume, a path of the host or, with neither, memory. Left out: not managed.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"target":    required("Absolute path in the container.", absolute()),
			"volume_id": owned("Id of a `virt_volume`.", stringvalidator.ConflictsWith(sibling("host_path"), sibling("size"))),
			"host_path": owned("Absolute path on the host.", absolute(), stringvalidator.ConflictsWith(sibling("size"))),
			"read_only": ownedBool("Whether the container may only read it."),
			"size":      ownedSize("Limit of a mount in memory."),
			"id":        computed("The platform's id of the mount."),
		}},
	}
}

func containerNetworks() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: "Networks that it is attached to, by a key of your choice. Left out: not managed, and a new container gets the platform's default network.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"network_id": required("Id of the network."),
			"addresses":  ownedList("Static addresses, one of each family: `10.0.0.5`."),
			"aliases":    ownedList("Further names of the container on this network."),
			"mac":        keptMAC("MAC address: `02:42:0a:0b:0b:0c`. Left out: the platform chooses."),
			"id":         computed("The platform's id of the attachment."),
		}},
	}
}

func containerFiles() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: "Files that are put into it before it starts, by a key of your choice. They are not looked at later; other files are a replacement.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"path":           required("Absolute path in the container. Folders that are missing are made.", absolute()),
			"content":        owned("Text.", stringvalidator.ExactlyOneOf(sibling("content"), sibling("content_base64"))),
			"content_base64": owned("What is not text, in base64."),
			"mode":           owned("Permissions in octal. Left out: `0644`.", octal()),
		}},
	}
}

func healthCheck() schema.Block {
	return block("Command that tells whether the container works, in place of the image's.", attrs{
		"command":      ownedList("Program and arguments. `[\"CMD-SHELL\", \"curl -f localhost\"]` runs a shell in the container, `[\"NONE\"]` switches the image's check off."),
		"interval":     ownedDuration("Time between two checks."),
		"timeout":      ownedDuration("How long a check may take."),
		"start_period": ownedDuration("Time after the start in which failures do not count."),
		"retries":      ownedInt("Failures in a row that make it unhealthy.", int64validator.AtLeast(1)),
	})
}

// planContainer holds what is true of containers everywhere.
func planContainer(p *platform.Plan[platform.Container]) error {
	if p.Changed("power") {
		p.Recompute("exit_code")
		p.Recompute("addresses")
	}
	if p.Changed("networks") {
		p.Recompute("addresses")
	}
	if err := checkEnd(p); err != nil {
		return err
	}
	waits := p.Want.WaitFor != nil && p.Want.WaitFor.State != nil && *p.Want.WaitFor.State != platform.WaitExited
	if off := p.Want.Power != nil && *p.Want.Power != platform.PowerOn; p.Prior == nil && waits && off {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("a container that is not to run can never be ready: leave wait_for out, or power")), "wait_for", "state")
	}
	return nil
}

// checkEnd refuses what contradicts that a container is to end.
func checkEnd(p *platform.Plan[platform.Container]) error {
	if p.Prior != nil || p.Want.WaitFor == nil || p.Want.WaitFor.State == nil || *p.Want.WaitFor.State != platform.WaitExited {
		return nil
	}
	if p.Want.Power != nil {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("a container that is to end does not stay as it is told: leave power out, or wait_for")), "power")
	}
	if r := p.Want.Restart; r != nil && (*r == platform.RestartAlways || *r == platform.RestartUnlessStopped) {
		return platform.At(platform.As(platform.ErrInvalid, errors.New("a container that is started again whenever it ends never ends: wait for running, or write on-failure")), "restart")
	}
	return nil
}

// sibling is an attribute of the same element.
func sibling(name string) path.Expression { return path.MatchRelative().AtParent().AtName(name) }
