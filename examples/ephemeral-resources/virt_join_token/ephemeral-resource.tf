ephemeral "virt_join_token" "worker" {
  role = "worker"
}
