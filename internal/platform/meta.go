package platform

// The struct tag `virt` says what the engine has to know of a field beyond its schema:
//
//	binding   a native id inside the object, handed back to Read so that it finds the element again
//	local     Terraform's own matter: adapters may look at it but never report it
//	platform  the block of one platform, named as its driver; nil in every call to another platform. In Read it is
//	          empty but not nil exactly when it is managed
//	keys      a map of which only the keys that the user gave are managed; Read gets them with empty values
//	derived   computed by the kind from the configuration and from files on this machine: adapters get the planned
//	          value and never report it

// Meta is embedded in every kind: who the object is and where.
type Meta struct {
	ID       *string   `tfsdk:"id"`
	Platform *string   `tfsdk:"platform" virt:"local"`
	Timeouts *Timeouts `tfsdk:"timeouts" virt:"local"`
}

// Base gives the engine access to what every kind has.
func (m *Meta) Base() *Meta { return m }

// Object is a pointer to a kind's struct.
type Object interface{ Base() *Meta }

// Timeouts are durations as Go writes them: "30m", "1h30m".
type Timeouts struct {
	Create *string `tfsdk:"create"`
	Read   *string `tfsdk:"read"`
	Update *string `tfsdk:"update"`
	Delete *string `tfsdk:"delete"`
}

// Labels is embedded in kinds that carry tags. Adapters see in Tags all that the object shall carry, the
// connection's default tags included, and write there all that it does carry; nil means not managed.
// TagsAll belongs to the engine.
type Labels struct {
	Tags    map[string]string `tfsdk:"tags"`
	TagsAll map[string]string `tfsdk:"tags_all"`
}

// TagSet gives the engine access to the tags of a kind that has them.
func (l *Labels) TagSet() *Labels { return l }

// Tagged is a kind that carries tags.
type Tagged interface{ TagSet() *Labels }
