resource "virt_machine" "golden" {
  name   = "golden"
  cpus   = 1
  memory = "1GiB"
  power  = "off"

  boot_disk = { size = "8GiB" }
}

resource "virt_image" "golden" {
  name       = "golden-2026-11"
  machine_id = virt_machine.golden.id
}
