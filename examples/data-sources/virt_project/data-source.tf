data "virt_project" "shop" {
  name = "shop"
}
