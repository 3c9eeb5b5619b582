data "virt_secret" "password" {
  name = "web-password"
}
