package web

import (
	"bytes"
	"encoding/binary"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/azekura/azekura/internal/door/api"
)

// connection is what somebody needs to connect a drive.
type connection struct {
	House    api.House
	System   string // "windows", "mac", "linux"
	URL      string
	UNC      string
	User     string
	Device   string
	Secret   string
	SelfMade bool
}

func (v *visit) connection() (connection, error) {
	h, err := v.facts()
	if err != nil {
		return connection{}, err
	}
	c := connection{House: h, URL: h.WebDAV, User: v.me.Account, System: v.r.URL.Query().Get("system"), Device: v.form("device")}
	if !slices.Contains([]string{"windows", "mac", "linux"}, c.System) {
		c.System = system(v.r.UserAgent())
	}
	if u, err := url.Parse(h.WebDAV); err == nil {
		at := u.Hostname()
		if u.Scheme == "https" {
			at += "@SSL"
		}
		if u.Port() != "" {
			at += "@" + u.Port()
		}
		c.UNC = `\\` + at + `\` + strings.ReplaceAll(strings.Trim(u.Path, "/"), "/", `\`)
	}
	return c, nil
}

// system guesses the computer from what the browser calls itself.
func system(agent string) string {
	switch {
	case strings.Contains(agent, "Windows"):
		return "windows"
	case strings.Contains(agent, "Mac"):
		return "mac"
	}
	return "linux"
}

func (v *visit) connect() error {
	c, err := v.connection()
	if err != nil {
		return err
	}
	return v.show("connect", c)
}

func (v *visit) makeDevice() error {
	c, err := v.connection()
	if err != nil {
		return err
	}
	if key := strings.TrimSpace(v.form("key")); key != "" {
		if err := v.api.AddDeviceKey(v.r.Context(), v.me.Account, c.Device, key); err != nil {
			return v.orProve(err, "connect", c)
		}
		return v.done("/me", "web.device-added")
	}
	if c.Secret, err = v.api.MakeDevice(v.r.Context(), v.me.Account, c.Device); err != nil {
		return v.orProve(err, "connect", c)
	}
	return v.show("connect", c)
}

// orProve shows a page again with what went wrong, or asks for a fresh proof of the second factor first.
func (v *visit) orProve(err error, name string, data any) error {
	if hintOf(err) == "hint.prove-again" {
		return err
	}
	return v.again(err, name, data)
}

// registry is the file that lets Explorer take files over 50 MB and folders of thousands: UTF-16 with a mark, as
// regedit writes it.
func (v *visit) registry() error {
	const text = "Windows Registry Editor Version 5.00\r\n\r\n" +
		"[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\WebClient\\Parameters]\r\n" +
		"\"FileSizeLimitInBytes\"=dword:ffffffff\r\n" +
		"\"FileAttributesLimitInBytes\"=dword:05f5e100\r\n\r\n" +
		"[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\WebClient]\r\n" +
		"\"Start\"=dword:00000002\r\n"
	var b bytes.Buffer
	for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
		binary.Write(&b, binary.LittleEndian, u)
	}
	v.w.Header().Set("Content-Type", "application/octet-stream")
	v.w.Header().Set("Content-Disposition", `attachment; filename="azekura-webdav.reg"`)
	v.w.Write(b.Bytes())
	return nil
}
