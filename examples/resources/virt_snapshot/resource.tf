resource "virt_machine" "web" {
  name   = "web-1"
  cpus   = 1
  memory = "1GiB"

  boot_disk = { size = "8GiB" }
}

resource "virt_snapshot" "before" {
  name        = "before-upgrade"
  description = "Taken before the upgrade"
  machine_id  = virt_machine.web.id
  memory      = false
}
