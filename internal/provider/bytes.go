package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// bytesFunction is provider::virt::bytes, for arithmetic with sizes.
type bytesFunction struct{}

func (bytesFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "bytes"
}

func (bytesFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "Number of bytes of a size",
		MarkdownDescription: "Turns a size with a binary unit, such as `4GiB`, into a number of bytes.",
		Parameters:          []function.Parameter{function.StringParameter{Name: "size", MarkdownDescription: "A size: `512MiB`, `4GiB`."}},
		Return:              function.Int64Return{},
	}
}

func (bytesFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	size, err := platform.ParseSize(text)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, int64(size))
}
