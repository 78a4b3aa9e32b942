package seal

// Cutting returns the key that decides where files of the share are cut, so that cut points, seen as
// chunk sizes on a stolen disk, do not tell which known files are there.
func (m *Metadata) Cutting() Key { return m.cutting }
