package kind

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Service is a number of equal containers that a cluster keeps running.
func Service() engine.Kind[platform.Service, *platform.Service] {
	return engine.Kind[platform.Service, *platform.Service]{
		Name:     "service",
		Of:       func(c *platform.Conn) platform.Resource[platform.Service] { return c.Services },
		Timeouts: engine.Timeouts{Create: 20 * time.Minute, Read: 5 * time.Minute, Update: 20 * time.Minute, Delete: 10 * time.Minute},
		Plan: func(p *platform.Plan[platform.Service]) error {
			if p.Prior != nil {
				p.Recompute("running")
			}
			return nil
		},
		Schema: base("A number of equal containers that a cluster keeps running: a Swarm service.",
			tagged(serviceAttributes()), blocks{
				"health_check": healthCheck(),
				"update":       serviceUpdate("How containers are replaced by changed ones."),
				"docker":       dockerService(),
			}),
	}
}

func serviceAttributes() attrs {
	return attrs{
		"name":  name("Name of the service."),
		"image": required("Reference that every node can pull: `registry.example.net/app:1.2`, best with a digest: `…@sha256:…`.", stringvalidator.LengthAtLeast(1)),
		"mode": kept("`replicated`, `global` (one on every node), `replicated-job` or `global-job` (they run to their end). Left out: `replicated`.",
			stringvalidator.OneOf(platform.ServiceReplicated, platform.ServiceGlobal, platform.ServiceReplicatedJob, platform.ServiceGlobalJob)),
		"entrypoint":      ownedList("Program and first arguments, in place of the image's."),
		"command":         ownedList("Command or further arguments, in place of the image's."),
		"user":            owned("User, and group, that it runs as: `1000:1000`."),
		"working_dir":     owned("Directory that it starts in."),
		"env":             ownedMap("Environment variables. Only the names given here are managed."),
		"env_wo":          secretMap("Environment variables whose values are never stored here. Changed together with `env_wo_version`. Better is a secret."),
		"env_wo_version":  ownedInt("Any number; a new one says that `env_wo` is new."),
		"replicas":        keptInt("How many containers; of a job how many at a time. Left out: 1, then as it is.", int64validator.AtLeast(0)),
		"completions":     ownedInt("How many runs of a job have to succeed. Left out: `replicas`.", int64validator.AtLeast(0)),
		"cpus":            ownedFloat("How many CPUs each container may use: `0.5`.", float64validator.AtLeast(0)),
		"memory":          ownedSize("How much memory each container may use."),
		"reserved_cpus":   ownedFloat("CPUs that a node must have left for each container.", float64validator.AtLeast(0)),
		"reserved_memory": ownedSize("Memory that a node must have left for each container."),
		"ports":           servicePorts(),
		"mounts":          containerMounts(),
		"secrets":         serviceFiles("secret", "Secrets that its containers read as files", "Name below /run/secrets, or an absolute path. Left out: the key."),
		"configs":         serviceFiles("config", "Configs that its containers read as files", "Absolute path. Left out: the key below /."),
		"wait":            ownedBool("Whether an apply waits until all containers are as wanted. Left out: it does, and a failed update is an error with the reasons."),
		"running":         schema.Int64Attribute{Computed: true, MarkdownDescription: "How many of its containers run at the moment."},
		"native":          native(),
	}
}

func servicePorts() schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: "Ports under which the cluster offers it, by a key of your choice. Left out: not managed.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			"port":      schema.Int64Attribute{Required: true, Validators: port(), MarkdownDescription: "Port in the containers."},
			"protocol":  kept("`tcp`, `udp` or `sctp`. Left out: `tcp`.", stringvalidator.OneOf("tcp", "udp", "sctp")),
			"published": keptInt("Port outside. Left out: the platform chooses one.", port()...),
			"mode":      kept("`ingress`: on every node; `host`: on the nodes that run a container. Left out: `ingress`.", stringvalidator.OneOf("ingress", "host")),
			"id":        computed("The platform's id of the port."),
		}},
	}
}

func serviceFiles(what, doc, target string) schema.Attribute {
	return schema.MapNestedAttribute{
		Optional: true, MarkdownDescription: doc + ", by a key of your choice. Left out: not managed.",
		NestedObject: schema.NestedAttributeObject{Attributes: attrs{
			what + "_id": required("The `version_id` of a `virt_" + what + "`."),
			"target":     kept(target),
			"user":       owned("Number of the file's user."),
			"group":      owned("Number of the file's group."),
			"mode":       owned("Permissions in octal. Left out: `0444`.", octal()),
			"id":         computed("The platform's id of the file."),
		}},
	}
}

func serviceUpdate(doc string) schema.SingleNestedBlock {
	return block(doc, attrs{
		"parallelism":       ownedInt("How many at a time; 0: all at once.", int64validator.AtLeast(0)),
		"delay":             ownedDuration("Pause between them."),
		"order":             owned("`stop-first` or `start-first`.", stringvalidator.OneOf("stop-first", "start-first")),
		"failure_action":    owned("What happens when one fails: `pause`, `continue`, `rollback`.", stringvalidator.OneOf("pause", "continue", "rollback")),
		"monitor":           ownedDuration("How long a new one may still fail."),
		"max_failure_ratio": ownedFloat("Share of failures that is borne.", float64validator.Between(0, 1)),
	})
}
