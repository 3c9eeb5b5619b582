resource "virt_network" "app" {
  name        = "app-20"
  description = "Application tier"
  vlan        = 20

  vsphere {
    switch = "DVS0" # inert on other platforms
    ports  = 16
  }
}
