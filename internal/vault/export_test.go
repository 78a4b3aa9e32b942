package vault

import "context"

// Gallery returns how many pictures wait for a preview or are being painted.
func (v *Vault) Gallery() int {
	v.gallery.mu.Lock()
	defer v.gallery.mu.Unlock()
	return len(v.gallery.known)
}

// Waiting returns how many of them wait.
func (v *Vault) Waiting() int {
	v.gallery.mu.Lock()
	defer v.gallery.mu.Unlock()
	return len(v.gallery.list)
}

// ExpireGallery does what the janitor does from time to time.
func (v *Vault) ExpireGallery() { v.gallery.expire() }

// SetListMax makes files of few chunks huge ones.
func SetListMax(n int) (restore func()) {
	before := listMax
	listMax = n
	return func() { listMax = before }
}

// Overdue does what the janitor does from time to time.
func (v *Vault) Overdue() { v.overdue(context.Background()) }
