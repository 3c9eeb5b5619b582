package docker

import (
	"context"
	"errors"

	"github.com/distribution/reference"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// Plan refuses what does not go together, and says what a change alters.
func (k *services) Plan(_ context.Context, p *platform.Plan[platform.Service]) error {
	if p.Prior != nil && p.Changed("image") {
		p.Recompute("native")
	}
	for key := range p.Want.Ports {
		if p.Prior != nil && (p.Changed("ports", key, "port") || p.Changed("ports", key, "protocol") || p.Changed("ports", key, "mode")) {
			p.Recompute("ports", key, "published")
		}
	}
	errs := []error{k.managing(), numbersFit(p), jobFits(p)}
	if _, err := reference.ParseNormalizedNamed(p.Want.Image); err != nil && p.Known("image") {
		errs = append(errs, platform.At(platform.As(platform.ErrInvalid, err), "image"))
	}
	return errors.Join(errs...)
}

// numbersFit refuses numbers for modes that have none.
func numbersFit(p *platform.Plan[platform.Service]) error {
	if !p.Known("mode") {
		return nil
	}
	var errs []error
	mode := value(p.Want.Mode)
	global := mode == platform.ServiceGlobal || mode == platform.ServiceGlobalJob
	if p.Want.Replicas != nil && global && (p.Prior == nil || p.Changed("replicas")) { // else it is what was kept of another mode
		errs = append(errs, refusal("it runs once on every node: leave replicas out, or mode", "replicas"))
	}
	if p.Want.Completions != nil && mode != platform.ServiceReplicatedJob {
		errs = append(errs, refusal(`only a job has completions: write mode = "replicated-job"`, "completions"))
	}
	return errors.Join(errs...)
}

// jobFits refuses what the engine does not offer for jobs.
func jobFits(p *platform.Plan[platform.Service]) error {
	if !p.Known("mode") || !isJob(value(p.Want.Mode)) {
		return nil
	}
	var errs []error
	if p.Want.Update != nil {
		errs = append(errs, refusal("a job is run again as a whole: leave the block out", "update"))
	}
	if d := p.Want.Docker; d != nil {
		if d.Rollback != nil {
			errs = append(errs, refusal("a job is run again as a whole: leave the block out", "docker", "rollback"))
		}
		if value(d.RestartCondition) == "any" {
			errs = append(errs, refusal("a job whose containers are started again whenever they end would never end: write on-failure or none", "docker", "restart_condition"))
		}
	}
	return errors.Join(errs...)
}

func isJob(mode string) bool {
	return mode == platform.ServiceReplicatedJob || mode == platform.ServiceGlobalJob
}

func refusal(text string, path ...string) error {
	return platform.At(platform.As(platform.ErrInvalid, errors.New(text)), path...)
}
