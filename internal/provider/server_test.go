package provider

import (
	"context"
	"errors"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

func TestHushCoversTheFramework(t *testing.T) {
	if _, ok := hush(providerserver.NewProtocol6(With("test"))()).(quiet); !ok {
		t.Error("the framework's server lacks a part of the protocol: every request keeps its loggers until the provider stops")
	}
}

func TestLogged(t *testing.T) {
	for name, tt := range map[string]struct {
		env  []string
		want bool
	}{
		"nothing":        {[]string{"HOME=/root"}, false},
		"empty":          {[]string{"TF_LOG="}, false},
		"other variable": {[]string{"TF_CLI_CONFIG_FILE=x"}, false},
		"all":            {[]string{"TF_LOG=debug"}, true},
		"provider":       {[]string{"TF_LOG_PROVIDER=trace"}, true},
		"this one":       {[]string{"TF_LOG_PROVIDER_VIRT=trace"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := logged(tt.env); got != tt.want {
				t.Errorf("logged = %t", got)
			}
		})
	}
}

type key struct{}

func TestUnaryContext(t *testing.T) {
	why := errors.New("interrupted")
	parent, stop := context.WithCancelCause(context.WithValue(t.Context(), key{}, "a logger"))
	var kept context.Context
	got, err := unary(parent, 1, func(ctx context.Context, req int) (int, error) {
		kept = ctx
		if ctx.Value(key{}) != nil || ctx.Err() != nil {
			t.Errorf("value %v, error %v", ctx.Value(key{}), ctx.Err())
		}
		stop(why)
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), why) {
			t.Errorf("cause %v", context.Cause(ctx))
		}
		return req + 1, nil
	})
	if got != 2 || err != nil {
		t.Errorf("answer %d, %v", got, err)
	}
	_, _ = unary(t.Context(), 0, func(ctx context.Context, _ int) (int, error) { kept = ctx; return 0, nil })
	if kept.Err() == nil {
		t.Error("the context of an answered request goes on")
	}
}

func TestStreamContextOutlivesTheCall(t *testing.T) {
	parent, stop := context.WithCancel(t.Context())
	ctx, _ := stream(parent, 0, func(ctx context.Context, _ int) (context.Context, error) { return ctx, nil })
	if ctx.Err() != nil {
		t.Error("the context ended before the answer was read")
	}
	stop()
	<-ctx.Done()
}
