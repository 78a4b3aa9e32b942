package paper

import "slices"

// concerned are the clients of whose data something counts, each with those of its shares in which it does. What papers say of all the data and
// of all clients they say of these: the kinds of data that lay beside, untouched, are none of the accident's.
func (f *Facts) concerned() (out []Client) {
	for _, c := range f.Clients {
		shares := slices.DeleteFunc(slices.Clone(c.Shares), func(h Share) bool { return h.Untouched })
		switch {
		case c.concerned():
			c.Shares = shares
			out = append(out, c)
		case len(f.Clients) == 1: // a paper of its own that somebody asks for all the same
			out = append(out, c)
		}
	}
	return out
}

// entrusted counts the clients that are concerned, how many of them are public bodies, and stores of which the register names no client. Every
// paper says these numbers.
func (f *Facts) entrusted() (named, public, nobody int) {
	known := make(map[string]bool) // by name, whether it is a public body
	for _, c := range f.concerned() {
		if c.Name == "" {
			nobody++
			continue
		}
		known[c.Name] = known[c.Name] || c.Public
	}
	for _, is := range known {
		if named++; is {
			public++
		}
	}
	return named, public, nobody
}
