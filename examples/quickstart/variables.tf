variable "sites" {
  description = "Names of the platforms to build on: dc1, kvm1, cloud1, lab."
  type        = set(string)
  default     = ["dc1", "lab"]
}

variable "memory" {
  description = "Memory of each machine."
  type        = string
  default     = "1GiB"
}

variable "disk_size" {
  description = "Size of each machine's data disk."
  type        = string
  default     = "10GiB"
}

variable "size" {
  description = "A fixed size, which only cloud1 has: elsewhere try \"large\" to see the refusal."
  type        = string
  default     = null
}
