ephemeral "virt_registry_token" "app" {
  repository = "registry.example.net/app"
  actions    = ["pull"]
}
