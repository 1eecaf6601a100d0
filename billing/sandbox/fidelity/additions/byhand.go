package additions

import "slices"

// hand is an addition that the official types cannot tell.
type hand struct {
	Addition
	why string
}

// byHand lists keys that Stripe sends in the pinned version and describes nowhere any more.
func byHand() []hand {
	const deprecated = "sent as long as a subscription has a single item, and no longer described; programs of that age read it"
	return []hand{
		{Addition{Schema: "subscription", Name: "plan", Node: &Node{Ref: "plan", Nullable: true}}, deprecated},
		{Addition{Schema: "subscription", Name: "quantity", Node: &Node{Type: "i", Nullable: true}}, deprecated},
		{
			Addition{Schema: "product", Name: "attributes", Node: &Node{Type: "a", Required: true, Items: &Node{Type: "s"}}},
			"always empty for a service, sent by every acacia version, and no longer described",
		},
	}
}

// refusals are what the types say and the API does not do.
func refusals() []hand {
	return []hand{
		{Addition{Schema: "invoice", Name: "id"}, "the types give a previewed invoice a type without id; on the wire it is the same object"},
	}
}

// refused matches a derived addition by its place.
func refused(a Addition) bool {
	return slices.ContainsFunc(refusals(), func(r hand) bool {
		return r.Schema == a.Schema && r.Name == a.Name && len(a.Path) == 0
	})
}
