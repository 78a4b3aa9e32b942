package guard

// Watches reports that it only watches: nothing is to be held.
func (g *Guard) Watches() bool { return g.cfg.Watch }
