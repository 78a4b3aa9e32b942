package collect

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// TestBruteForce: guesses are told once, by account and by address, fast or slow; a login behind them is told as well, also hours later. When they have stopped,
// however many they were, they are told again. People who mistype are not.
func TestBruteForce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		for range 40 { // people, for longer than a week
			h.failed("sato", office)
			h.failed("sato", office)
			h.failed("tanaka", office)
			h.login("sato", office)
			time.Sleep(5 * time.Hour)
		}
		h.want("")
		for i := range 50 { // one name from ever new addresses
			h.failed("root", netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}))
			time.Sleep(20 * time.Second)
		}
		h.want("brute-force root")
		for i := range 50 { // ever new names from one address
			h.failed(fmt.Sprint("user", i), far)
		}
		h.want("brute-force user9")
		h.login("sato", far)
		h.want("forced sato, new-country sato")
		h.login("sato", office)
		h.want("")
		for range 300 {
			h.failed("root", far)
		}
		h.want("")
		time.Sleep(20 * time.Hour)
		h.login("root", far)
		h.want("forced root, new-country root")
		time.Sleep(60 * time.Hour)
		h.login("tanaka", far)
		h.want("new-country tanaka")
		for range 12 {
			h.failed("root", far)
		}
		h.want("brute-force root")
		h.stop()
	})
}

// TestSlowGuesses: two an hour are told within a day, by account and by address; so is an account that fails from many networks, however seldom.
func TestSlowGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		for i := range 48 { // of ever new people, from one address
			h.failed(fmt.Sprint("user", i), far)
			time.Sleep(30 * time.Minute)
		}
		h.want("brute-force user38")
		for i := range 48 { // of one, from all over one network
			h.failed("root", netip.AddrFrom4([4]byte{198, 18, 0, byte(i)}))
			time.Sleep(30 * time.Minute)
		}
		h.want("brute-force root")
		for i := range 12 { // of one, from a network each
			h.failed("admin", netip.AddrFrom4([4]byte{198, 19, byte(i), 1}))
			time.Sleep(3 * time.Hour)
		}
		h.want("guess-spread admin")
		h.login("admin", netip.AddrFrom4([4]byte{198, 19, 1, 1}))
		h.want("forced admin")
		h.stop()
	})
}

// TestGuessesOfMany: ever new names from ever new addresses are told of as well, of the device; so many people do not mistype at once.
func TestGuessesOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, -1)
		try := func(n int, each time.Duration) {
			for i := range n {
				h.failed(fmt.Sprint("user", i), netip.AddrFrom4([4]byte{203, byte(i >> 8), byte(i), 1}))
				time.Sleep(each)
			}
		}
		try(90, time.Second) // a Monday morning
		h.want("")
		time.Sleep(time.Hour)
		try(300, time.Second)
		h.want("brute-force")
		time.Sleep(48 * time.Hour)
		try(300, time.Second)
		h.want("brute-force")
		h.stop()
	})
}
