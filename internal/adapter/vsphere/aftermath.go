package vsphere

import (
	"context"
	"slices"
	"time"

	"github.com/terraform-virt/terraform-provider-virt/internal/platform"
)

// afterTime is how long we look for what a failed request left; lingerTime is how long it may take to appear where the
// server never said what became of the request, and lingerWait the pause between two looks.
const (
	afterTime  = 5 * time.Second
	lingerTime = 2 * time.Second
	lingerWait = 100 * time.Millisecond
)

// unanswered says whether the server never told what became of a request: the connection broke, or our time was over.
// A fault is an answer, and what we refuse ourselves was never asked.
func unanswered(err error) bool {
	if err == nil || faultOf(err) != nil {
		return false
	}
	class := platform.ClassOf(err)
	return class == nil || slices.Contains([]error{platform.ErrUnreachable, platform.ErrTimeout, platform.ErrThrottled}, class)
}

// aftermath looks for what a request left that ended with err, also when the operation's time is over. A server that
// never answered may be still at it: then look is asked again for a while until it finds all of it. An error of look
// ends the search.
func aftermath(ended context.Context, err error, look func(ctx context.Context) (found bool, err error)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), afterTime)
	defer cancel()
	for began := time.Now(); ; time.Sleep(lingerWait) {
		found, failure := look(ctx)
		if found || failure != nil || !unanswered(err) || time.Since(began) > lingerTime {
			return failure
		}
	}
}
