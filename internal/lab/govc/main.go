// Command govc is govmomi's own command line, cut down to what tests need: a client of the vSphere API that shares no
// code with the adapter, to look at what the provider made and to change it behind the provider's back.
package main

import (
	"os"

	"github.com/vmware/govmomi/cli"
	_ "github.com/vmware/govmomi/cli/datastore"
	_ "github.com/vmware/govmomi/cli/device"
	_ "github.com/vmware/govmomi/cli/folder"
	_ "github.com/vmware/govmomi/cli/object"
	_ "github.com/vmware/govmomi/cli/vm"
	_ "github.com/vmware/govmomi/cli/vm/disk"
	_ "github.com/vmware/govmomi/cli/vm/network"
)

func main() { os.Exit(cli.Run(os.Args[1:])) }
