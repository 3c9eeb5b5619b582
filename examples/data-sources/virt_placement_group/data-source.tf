data "virt_placement_group" "web" {
  name = "web"
}

output "members" {
  value = data.virt_placement_group.web.members
}
