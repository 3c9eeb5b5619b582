package kind

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// What values look like in several kinds.

// port is a TCP or UDP port.
func port() []validator.Int64 { return []validator.Int64{int64validator.Between(1, 65535)} }

// absolute is a path from the root.
func absolute() validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(`^/`), "write an absolute path: it starts with /")
}

// octal is a file's permissions.
func octal() validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(`^0[0-7]{3,4}$`), "write permissions in octal: 0644")
}

// digest is that of a manifest.
func digest() validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(`^sha256:[0-9a-f]{64}$`), "write sha256: and 64 hexadecimal digits")
}
