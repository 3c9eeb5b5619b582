data "virt_snapshot" "before" {
  name = "web-1/before-upgrade"
}
