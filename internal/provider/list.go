package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/docker"
	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/libvirt"
	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/openstack"
	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/sandbox"
	"github.com/terraform-virt/terraform-provider-virt/internal/adapter/vsphere"
	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Platforms lists every platform, one line each. The sandbox gets the others' traits, so that it can take their rules.
func Platforms() []platform.Driver {
	real := []platform.Driver{
		vsphere.New(),
		libvirt.New(),
		docker.New(),
		openstack.New(),
	}
	return append(real, sandbox.New(likenesses(real)))
}

func likenesses(drivers []platform.Driver) map[string]sandbox.Likeness {
	like := map[string]sandbox.Likeness{}
	for _, d := range drivers {
		like[d.Name] = sandbox.Likeness{Traits: d.Traits, Conformant: d.Conformant}
	}
	return like
}

// served is one kind as the framework wants it: a fresh value for every request.
type served struct {
	name     string
	schema   schema.Schema
	resource func() resource.Resource // nil when the kind is data only
	data     func() datasource.DataSource
	list     func() list.ListResource // nil when the kind is data only
	missing  func(platform.Traits, string) []string
}

// kinds lists every kind, one line each.
func kinds() []served {
	return []served{
		serve(kind.Machine()),
		serve(kind.Network()),
		serve(kind.Disk()),
		serve(kind.Image()),
		serve(kind.Snapshot()),
		serve(kind.StoragePool()),
		serve(kind.Host()),
		serve(kind.Router()),
		serve(kind.PublicIP()),
		serve(kind.Firewall()),
		serve(kind.PlacementGroup()),
		serve(kind.SSHKey()),
		serve(kind.Project()),
		serve(kind.Container()),
		serve(kind.ContainerImage()),
		serve(kind.RegistryImage()),
		serve(kind.RegistryRepository()),
		serve(kind.Volume()),
		serve(kind.Service()),
		serve(kind.Secret()),
		serve(kind.Config()),
	}
}

// issued is one ephemeral kind as the framework wants it: a fresh value for every request.
type issued struct {
	name    string
	open    func() ephemeral.EphemeralResource
	missing func(platform.Traits, string) []string
}

// ephemerals lists every kind that is handed out and never stored, one line each.
func ephemerals() []issued {
	return []issued{
		issue(kind.JoinToken()),
		issue(kind.RegistryToken()),
	}
}

func issue[T any](k engine.EphemeralKind[T]) issued {
	compiled := k.Compile()
	return issued{
		name: k.Name, missing: compiled.Missing,
		open: func() ephemeral.EphemeralResource { return engine.NewEphemeral(compiled) },
	}
}

func serve[T any, P engine.Object[T]](k engine.Kind[T, P]) served {
	compiled := k.Compile()
	s := served{
		name:    k.Name,
		schema:  k.Schema,
		data:    func() datasource.DataSource { return engine.NewData(compiled) },
		missing: compiled.Missing,
	}
	if !k.DataOnly() {
		s.resource = func() resource.Resource { return engine.NewResource(compiled) }
		s.list = func() list.ListResource { return engine.NewList(compiled) }
	}
	return s
}
