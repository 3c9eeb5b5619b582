data "virt_storage_pool" "images" {
  name = "images"
}
