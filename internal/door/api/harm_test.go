package api

import (
	"reflect"
	"testing"

	"github.com/azekura/azekura/internal/cases"
	"github.com/azekura/azekura/internal/catalogue"
	"github.com/azekura/azekura/internal/commit"
	"github.com/azekura/azekura/internal/id"
	"github.com/azekura/azekura/internal/pathname"
	"github.com/azekura/azekura/internal/vault"
)

// TestTally counts by party and kind, each file once, and what went with a folder with the folder.
func TestTally(t *testing.T) {
	a, b := vault.Actor{Session: id.Session{1}, Author: "a", Door: "webdav"}, vault.Actor{Session: id.Session{2}, Device: id.Device{3}, Author: "b", Door: "sftp"}
	was := func(size int64, kind string) vault.Info {
		return vault.Info{Version: id.NewVersion(), Size: size, Found: commit.Found{Kind: kind}}
	}
	c := cases.NewTally()
	for _, x := range []vault.Harm{
		{Path: "/s/1.jpg", Hurts: []vault.Hurt{vault.Encrypted, vault.Retitled}, By: a, Was: was(10, "jpeg")},
		{Path: "/s/2.JPG", Hurts: []vault.Hurt{vault.Gone}, By: b, Was: was(20, "jpeg")},
		{Path: "/s/3.INDD", Hurts: []vault.Hurt{vault.Altered}, By: a, Was: was(30, "")},
		{Path: "/s/empty", Hurts: []vault.Hurt{vault.Gone}, By: a},
		{Path: "/s/new", Hurts: []vault.Hurt{vault.New}, By: a},
		{Path: "/s/held", Hurts: []vault.Hurt{vault.HeldBack}, By: a, Was: was(40, "")},
		{Path: "/s/d", Dir: true, Hurts: []vault.Hurt{vault.Gone}, By: b, Below: catalogue.Below{Files: 7, Bytes: 700, Contents: 6}},
		{Path: "/s/d/4.jpg", Hurts: []vault.Hurt{vault.Altered}, By: a, Was: was(50, "jpeg"), Sunk: true},
		{Path: "/s/d/note", Hurts: []vault.Hurt{vault.Note}, By: b, Head: was(100, ""), Sunk: true},
	} {
		c.Add(&x)
	}
	got := sumOf("s", c, vault.Extent{Files: 100, Bytes: 10_000})
	want := &DamageSum{Share: "s", Hurts: map[string]int{"encrypted": 1, "renamed": 1, "removed": 3, "altered": 2, "new": 1, "held": 1, "note": 1},
		Files: 10, Bytes: 660, OfFiles: 100, OfBytes: 10_000, Versions: 8,
		By: []DamageBy{{Name: "b", Session: id.Session{2}.String(), Device: id.Device{3}.String(), Door: "sftp", Files: 7, Bytes: 620},
			{Name: "a", Session: id.Session{1}.String(), Door: "webdav", Files: 3, Bytes: 40}},
		Kinds: []DamageOf{{"", 7, 600}, {"jpeg", 2, 30}, {".indd", 1, 30}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestBelow picks what is listed and what is below it, in every spelling, and costs no more for a longer list.
func TestBelow(t *testing.T) {
	pick, err := below("restore", []string{"/s/が", "/s/a/b.txt"})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[pathname.Path]bool{"/s/が": true, "/s/か\u3099/x/y": true, "/s/a/b.txt": true, "/s/a": false, "/s/a/b.txt2": false, "/s": false, "/": false} {
		if pick(p) != want {
			t.Errorf("%s: %v", p, !want)
		}
	}
	if all, err := below("restore", nil); all != nil || err != nil {
		t.Errorf("no list: %v", err)
	}
}
