package kind

import (
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/terraform-virt/terraform-provider-virt/internal/engine"
	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

const versionDoc = "Id of the object that holds the current value, which a service refers to. Where such objects cannot be changed, another value is another object: " +
	"services change over to it in the same apply, and the old one is deleted once nobody uses it."

// Secret is confidential text that services read as a file.
func Secret() engine.Kind[platform.Secret, *platform.Secret] {
	return engine.Kind[platform.Secret, *platform.Secret]{
		Name:     "secret",
		Of:       func(c *platform.Conn) platform.Resource[platform.Secret] { return c.Secrets },
		Timeouts: fileTimeouts(),
		Plan: func(p *platform.Plan[platform.Secret]) error {
			if p.Changed("value") || p.Changed("value_base64") || p.Changed("value_wo_version") || p.Changed("docker", "template") {
				p.Recompute("version_id")
				p.Recompute("native")
			}
			return nil
		},
		Schema: base("Confidential text that services read as a file.", tagged(attrs{
			"name":             name("Name of the secret."),
			"value":            schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Text, kept in the state. Prefer `value_wo` where the CLI has write-only attributes (Terraform 1.11)."},
			"value_base64":     schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "What is not text, in base64; kept in the state.", Validators: onlyOne("value")},
			"value_wo":         secret("Text that is never stored. Changed together with `value_wo_version`."),
			"value_wo_version": ownedInt("Any number; a new one says that `value_wo` is new."),
			"version_id":       computed(versionDoc),
			"native":           native(),
		}), blocks{"docker": dockerSecret("secrets")}),
	}
}

// Config is text that services read as a file.
func Config() engine.Kind[platform.ConfigFile, *platform.ConfigFile] {
	return engine.Kind[platform.ConfigFile, *platform.ConfigFile]{
		Name:     "config",
		Of:       func(c *platform.Conn) platform.Resource[platform.ConfigFile] { return c.Configs },
		Timeouts: fileTimeouts(),
		Plan: func(p *platform.Plan[platform.ConfigFile]) error {
			if p.Changed("value") || p.Changed("value_base64") || p.Changed("docker", "template") {
				p.Recompute("version_id")
				p.Recompute("native")
			}
			if p.Want.Value == nil && p.Want.ValueBase64 == nil && p.Known("value") && p.Known("value_base64") {
				return platform.At(platform.As(platform.ErrInvalid, errors.New("a config needs a value: set value or value_base64")), "value")
			}
			return nil
		},
		Schema: base("Text that services read as a file.", tagged(attrs{
			"name":         name("Name of the config."),
			"value":        owned("Text."),
			"value_base64": owned("What is not text, in base64.", onlyOne("value")...),
			"version_id":   computed(versionDoc),
			"native":       native(),
		}), blocks{"docker": dockerSecret("configs")}),
	}
}

func fileTimeouts() engine.Timeouts {
	return engine.Timeouts{Create: 5 * time.Minute, Read: 5 * time.Minute, Update: 5 * time.Minute, Delete: 5 * time.Minute}
}

func onlyOne(other string) []validator.String {
	return []validator.String{stringvalidator.ConflictsWith(sibling(other))}
}
