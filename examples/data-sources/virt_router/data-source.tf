data "virt_router" "edge" {
  name = "edge"
}

output "addresses" {
  value = data.virt_router.edge.addresses
}
