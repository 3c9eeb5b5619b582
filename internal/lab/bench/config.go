package main

import "fmt"

// machines is a configuration of n machines as users have them: a boot disk, a further disk, a NIC, tags. The sandbox
// lies in dir; every call of it takes latency and is counted.
func machines(n int, dir, latency string, readAhead bool) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    virt = { source = "terraform-virt/virt" }
  }
}

provider "virt" {
  read_ahead = %t
  platform {
    name = "lab"
    sandbox {
      dir         = %q
      seed        = ["network:app"]
      latency     = %q
      count_calls = true
    }
  }
}

data "virt_network" "app" {
  name = "app"
}

resource "virt_machine" "web" {
  count     = %d
  name      = "web-${count.index}"
  cpus      = 2
  memory    = "4GiB"
  boot_disk = { size = "20GiB" }
  disks     = { data = { size = "10GiB" } }
  nics      = { eth0 = { network_id = data.virt_network.app.id } }
  tags      = { role = "web", index = tostring(count.index) }
}
`, readAhead, dir, latency, n)
}

// reference is the same number of the cheapest resource there is, served by the CLI itself.
func reference(n int) string {
	return fmt.Sprintf(`
resource "terraform_data" "web" {
  count = %d
  input = "web-${count.index}"
}
`, n)
}
