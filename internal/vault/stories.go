package vault

import (
	"iter"
	"slices"
	"sync"

	"github.com/azekura/azekura/internal/catalogue"
)

// readAhead is how many lists of stories are read at once, while what is in the one before is decided about. What others read meanwhile needs
// connections, too.
const readAhead = 2

// stories yields the stories of files, in their order. Unless they are to be read one list after the other, lists are read ahead, each by a
// goroutine of its own.
func (q *harmed) stories(refs []catalogue.Ref) iter.Seq2[*catalogue.Story, error] {
	if q.single {
		return flat(func(yield func(list) bool) {
			for part := range slices.Chunk(refs, batch) {
				if !yield(q.read(part)) {
					return
				}
			}
		})
	}
	return flat(func(yield func(list) bool) {
		next, stop := make(chan chan list, readAhead-1), make(chan struct{})
		var reading sync.WaitGroup
		defer reading.Wait()
		defer close(stop)
		reading.Go(func() {
			defer close(next)
			for part := range slices.Chunk(refs, batch) {
				one := make(chan list, 1)
				select {
				case next <- one:
					reading.Go(func() { one <- q.read(part) })
				case <-stop:
					return
				}
			}
		})
		for one := range next {
			if !yield(<-one) {
				return
			}
		}
	})
}

// list is what was read together.
type list struct {
	stories []catalogue.Story
	err     error
}

func (q *harmed) read(part []catalogue.Ref) (l list) {
	l.stories, l.err = q.cat.Stories(q.ctx, part, q.by.From)
	return l
}

// flat yields what is in lists.
func flat(lists iter.Seq[list]) iter.Seq2[*catalogue.Story, error] {
	return func(yield func(*catalogue.Story, error) bool) {
		for l := range lists {
			if l.err != nil {
				yield(nil, l.err)
				return
			}
			for i := range l.stories {
				if !yield(&l.stories[i], nil) {
					return
				}
			}
		}
	}
}
