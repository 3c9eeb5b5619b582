"""What the lab's control plane runs beside OpenStack itself: one process per project, and drivers that need no hosts."""
