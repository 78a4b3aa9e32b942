package davmodel

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// drawName draws what is there, or a place where something could be, or anything.
func (g *game) drawName(t *rapid.T, label string) string {
	known := slices.Sorted(maps.Keys(g.things))
	choice := rapid.IntRange(0, 9).Draw(t, label+" choice") // as everywhere here: what is ordinary has the small numbers
	if choice < 5 && len(known) > 1 {
		return rapid.SampledFrom(known[1:]).Draw(t, label)
	}
	dir := ""
	if choice < 9 {
		known = slices.DeleteFunc(known, func(name string) bool { return !g.isDir(name) || strings.Count(name, "/") > 3 })
	}
	dir = rapid.SampledFrom(known).Draw(t, label+" above")
	return dir + "/" + rapid.SampledFrom(names).Draw(t, label)
}

// drawIf draws an If header. It returns the tokens that the request presents.
func (g *game) drawIf(t *rapid.T, a *act) (tokens []string) {
	held := slices.Sorted(maps.Keys(g.locks))
	switch choice := rapid.IntRange(0, 19).Draw(t, "If"); {
	case choice < 8 && len(held) > 0:
		var lists []string
		for _, token := range held {
			lists = append(lists, "<"+g.url(g.locks[token].root)+"> (<"+token+">)")
		}
		a.header.Set("If", strings.Join(lists, " "))
		tokens = held
	case choice == 17 && len(held) > 0: // some other token, with a list that always holds
		one := rapid.SampledFrom(held).Draw(t, "token")
		a.header.Set("If", "(<"+one+">) (Not <DAV:no-lock>)")
		tokens = []string{one}
	case choice == 18 && len(g.ended) > 0:
		a.header.Set("If", "(<"+g.ended[len(g.ended)-1]+">)")
		a.refuse(true, http.StatusPreconditionFailed)
	case choice == 19:
		a.header.Set("If", "(<urn:uuid:00000000-0000-4000-8000-000000000000>)")
		a.refuse(true, http.StatusPreconditionFailed)
	}
	return tokens
}

// drawConditions draws If-Match and If-None-Match.
func (g *game) drawConditions(t *rapid.T, a *act) {
	thing := g.things[key(a.name)]
	match := func(name, value string, holds bool) {
		a.header.Set(name, value)
		a.refuse(!holds, http.StatusPreconditionFailed)
	}
	tag := ""
	if thing != nil {
		tag = thing.tag
	}
	switch choice := rapid.IntRange(0, 19).Draw(t, "condition"); {
	case choice == 14:
		match("If-None-Match", "*", thing == nil)
	case choice == 15:
		match("If-Match", "*", thing != nil)
	case choice == 16:
		match("If-Match", `"stale"`, false)
	case choice == 17 && tag != "":
		match("If-Match", `"stale", `+tag, true)
	case choice == 18 && tag != "":
		match("If-None-Match", tag, false)
	case choice == 19 && tag != "":
		match("If-Match", "W/"+tag, false) // the comparison is strong
	}
}

// drawContent makes bytes that no other content begins with; some, beyond the size of a chunk, very many.
func drawContent(t *rapid.T) string {
	size := rapid.OneOf(rapid.Just(0), rapid.IntRange(1, 40), rapid.IntRange(1, 40), rapid.IntRange(3000, 300_000)).Draw(t, "size")
	if rapid.IntRange(0, 60).Draw(t, "big") == 60 {
		size += 4<<20 + 1
	}
	b := make([]byte, size)
	var seed [32]byte
	seed[0], seed[1] = byte(rapid.IntRange(0, 255).Draw(t, "seed")), byte(size)
	rand.NewChaCha8(seed).Read(b)
	return string(b)
}

func newAct(method, name string) act {
	return act{method: method, name: name, header: make(http.Header)}
}

func (g *game) drawPut(t *rapid.T) act {
	a := newAct("PUT", g.drawName(t, "name"))
	a.body = drawContent(t)
	name := key(a.name)
	tokens := g.drawIf(t, &a)
	a.no = append(a.no, g.mayPut(name, tokens)...)
	g.drawConditions(t, &a)
	if a.yes = http.StatusCreated; g.things[name] != nil {
		a.yes = http.StatusNoContent
	}
	modified := ""
	if rapid.Bool().Draw(t, "with a time") {
		at := rapid.Int64Range(0, 2_000_000_000).Draw(t, "time")
		a.header.Set("X-OC-Mtime", strconv.FormatInt(at, 10))
		modified = time.Unix(at, 0).UTC().Format(http.TimeFormat)
	}
	a.then = func(d *drive, r reply) {
		old := d.things[name]
		if old == nil || old.content == "" {
			d.arrive()
		}
		d.things[name] = &thing{content: a.body, tag: r.header.Get("Etag"), modified: modified}
		if old != nil {
			d.things[name].props = old.props
			if a.body != "" && old.content == "" && len(old.props) == 0 {
				d.things[name].props = nil // what had the name before a placeholder may come back with its properties
			}
		}
	}
	return a
}

func (g *game) drawRemove(t *rapid.T) act {
	a := newAct("DELETE", g.drawName(t, "name"))
	tokens := g.drawIf(t, &a)
	a.no = append(a.no, g.mayRemove(key(a.name), tokens)...)
	a.yes = http.StatusNoContent
	a.then = func(d *drive, _ reply) { d.remove(key(a.name)) }
	return a
}

func (g *game) drawTransfer(t *rapid.T, method string) act {
	a := newAct(method, g.drawName(t, "from"))
	name, to, move := key(a.name), g.drawName(t, "to"), method == "MOVE"
	replace, deep := rapid.IntRange(0, 3).Draw(t, "replace") < 3, move || rapid.IntRange(0, 3).Draw(t, "deep") < 3
	a.header.Set("Destination", g.url(to))
	if !replace {
		a.header.Set("Overwrite", "F")
	}
	if !deep {
		a.header.Set("Depth", "0")
	}
	respelt := move && to != a.name && key(to) == name
	to = key(to)
	tokens := g.drawIf(t, &a)
	a.no = append(a.no, g.mayTransfer(name, to, respelt, move, replace, tokens)...)
	if a.yes = http.StatusCreated; g.things[to] != nil {
		a.yes = http.StatusNoContent
	}
	a.then = func(d *drive, _ reply) {
		if !respelt {
			d.transfer(name, to, move, deep)
		}
	}
	return a
}

func (g *game) drawMkcol(t *rapid.T) act {
	a := newAct("MKCOL", g.drawName(t, "name"))
	tokens := g.drawIf(t, &a)
	a.no = append(a.no, g.mayMkcol(key(a.name), tokens)...)
	a.yes = http.StatusCreated
	a.then = func(d *drive, _ reply) { d.things[key(a.name)] = &thing{dir: true} }
	return a
}

func (g *game) drawProppatch(t *rapid.T) act {
	a := newAct("PROPPATCH", g.drawName(t, "name"))
	prop, value := rapid.SampledFrom([]string{"p", "q"}).Draw(t, "property"), rapid.SampledFrom([]string{"", "1", "第３学年"}).Draw(t, "value")
	do := "set"
	if value == "" {
		do = "remove"
	}
	a.body = fmt.Sprintf(`<D:propertyupdate xmlns:D="DAV:" xmlns:M="urn:model"><D:%s><D:prop><M:%s>%s</M:%[2]s></D:prop></D:%[1]s></D:propertyupdate>`, do, prop, value)
	name := key(a.name)
	tokens := g.drawIf(t, &a)
	a.refuse(g.things[name] == nil, http.StatusNotFound)
	a.refuse(g.things[name] != nil && g.locked(name, tokens), http.StatusLocked)
	a.yes = http.StatusMultiStatus
	a.then = func(d *drive, _ reply) {
		switch props := d.things[name].props; {
		case props == nil: // not seen yet
		case value == "":
			delete(props, prop)
		default:
			props[prop] = value
		}
	}
	return a
}

func (g *game) lock(t *rapid.T) {
	a := newAct("LOCK", g.drawName(t, "name"))
	name := key(a.name)
	l := lock{root: name, deep: rapid.Bool().Draw(t, "deep"), shared: rapid.IntRange(0, 3).Draw(t, "shared") == 3}
	a.header.Set("Timeout", "Second-3600")
	a.header.Set("Depth", map[bool]string{true: "infinity", false: "0"}[l.deep])
	a.body = fmt.Sprintf(`<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:%s/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>`,
		map[bool]string{true: "shared", false: "exclusive"}[l.shared])
	tokens := g.drawIf(t, &a)
	a.no = append(a.no, g.mayLock(name, l, tokens)...)
	if a.yes = http.StatusOK; g.things[name] == nil {
		a.yes = http.StatusCreated
	}
	a.then = func(d *drive, r reply) {
		if d.things[name] == nil {
			d.things[name] = &thing{}
		}
		d.locks[strings.Trim(r.header.Get("Lock-Token"), "<>")] = l
	}
	g.play(t, a)
}

func (g *game) unlock(t *rapid.T) {
	a := newAct("UNLOCK", g.drawName(t, "name"))
	all := append(slices.Sorted(maps.Keys(g.locks)), g.ended[max(len(g.ended)-1, 0):]...)
	if len(all) == 0 {
		return
	}
	token := rapid.SampledFrom(all).Draw(t, "token")
	l, held := g.locks[token]
	if held && rapid.IntRange(0, 9).Draw(t, "elsewhere") < 9 {
		a.name = l.root
	}
	a.header.Set("Lock-Token", "<"+token+">")
	a.refuse(!held || g.things[key(a.name)] == nil || !l.covers(key(a.name)), http.StatusConflict)
	a.yes = http.StatusNoContent
	a.then = func(d *drive, _ reply) { delete(d.locks, token) }
	g.play(t, a)
}

// get reads a file or a part of it.
func (g *game) get(t *rapid.T) {
	a := newAct("GET", g.drawName(t, "name"))
	thing := g.things[key(a.name)]
	a.refuse(thing == nil, http.StatusNotFound)
	a.yes = http.StatusOK
	if thing == nil || thing.dir {
		g.play(t, a)
		return
	}
	want, size := thing.content, len(thing.content)
	if from := rapid.IntRange(0, size+10).Draw(t, "from"); rapid.Bool().Draw(t, "a part") {
		to := from + rapid.IntRange(0, 1<<20).Draw(t, "length")
		a.header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to))
		if a.yes, want = http.StatusPartialContent, want[min(from, size):min(to+1, size)]; from >= size {
			a.refuse(true, http.StatusRequestedRangeNotSatisfiable)
			a.refuse(size == 0, http.StatusOK) // RFC 9110 section 14.2: of nothing there are no parts
		}
	}
	r := g.play(t, a)
	if r.code < 300 && r.body != want {
		t.Fatalf("GET %q %v: %d bytes %.40q, want %d bytes %.40q", a.name, a.header, len(r.body), r.body, len(want), want)
	}
	if tag := r.header.Get("Etag"); r.code < 300 && thing.tag != "" && tag != thing.tag {
		t.Fatalf("GET %q: entity tag %s, want %s", a.name, tag, thing.tag)
	}
}

// list looks at one thing, or at what is in a directory.
func (g *game) list(t *rapid.T) {
	*g.acts++
	name, depth := g.drawName(t, "name"), rapid.SampledFrom([]string{"0", "1"}).Draw(t, "depth")
	if g.things[key(name)] == nil {
		name = ""
	}
	shown, err := g.propfind(name, depth)
	if err != nil {
		t.Fatal(err)
	}
	part := &drive{things: make(map[string]*thing), locks: g.locks}
	for other, thing := range g.things {
		if other == key(name) || depth == "1" && dirOf(other) == key(name) && other != "" {
			part.things[other] = thing
			if s := shown[other]; s != nil {
				s.content = thing.content // it was not asked for
			}
		}
	}
	if err := part.differs(shown); err != nil {
		t.Fatal(err)
	}
	g.remember(t, shown)
}

// litter is what Finder leaves everywhere: it is taken, and never shown.
func (g *game) litter(t *rapid.T) {
	*g.acts++
	dir := g.drawName(t, "directory")
	if !g.isDir(key(dir)) {
		dir = ""
	}
	if r, err := g.do("PUT", dir+"/._a", "litter", nil); err != nil || r.code != http.StatusCreated && r.code != http.StatusNoContent {
		t.Fatalf("litter: %d, %v", r.code, err)
	}
}
