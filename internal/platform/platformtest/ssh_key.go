package platformtest

import (
	"github.com/terraform-virt/terraform-provider-virt/internal/kind"
)

func sshKeySubject() *subject {
	k := newSubject(kind.SSHKey())
	k.values = Values{"public_key": Of(sshKey("one"), otherSSHKey)}
	k.minimal = func(*Bench) Config { return Config{"public_key": sshKey("one")} }
	k.update = []string{"public_key"}
	return k
}

const otherSSHKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f two"
