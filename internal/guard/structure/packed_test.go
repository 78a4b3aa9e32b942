package structure

import (
	"bytes"
	"encoding/base64"
	"hash/crc32"
	"slices"
	"testing"
)

// Eight lists of numbers in a folder of a Japanese name, and an empty file, as 7-Zip and XZ Utils pack them: the list packed, and not; in one block,
// and in several.
func packedSamples() map[string][]byte {
	out := make(map[string][]byte)
	for name, text := range map[string]string{
		"7z": "N3q8ryccAAQSpnjm4AEAAAAAAAAjAAAAAAAAALof8Y/gAtQBBV0AGIsCzDMztqBvXgrtIwmabJxRFitLnfqNLuNkFR0CWmHCUMd/5PIntOMSC3+4L7uYcIUQAWG3VJDC2B9LULjcK4lE" +
			"0/yqzCAZ5t2biJKHqR/clp+ljVkusknPCnrCgdtCAjpSpFB86GUXSDGF8M1+JiXFtI5yWJEql9RENqWcW0rcvDxtrCR0GzZGarvaaUL1e1H+Iow3gyxVTFoHQAUQxMoKzXL9gmV3xjoy" +
			"YITO/4+yhQDRSTlKqLnIbyClV5HDcejATIJxHHP66qC+eAHLvOt+hxnZhndVKRZYdxIYjVpD2c1KlguGKn1EtJyh0XhM4EuFoMQ73p0eLN6Va+qIQY93LW8AAAAAgTMHrg/VOBuQecZm" +
			"2o3z8wOj0KncccjlPgxXOVuE/cmANCpI7eZixnLK/GB9NFiUWwV8T2rUwdM9Dg/SrzBm8099DFVOb99rNwUntXsqTaFq2qVb7OVx3WatHVZxvPXAKVqaheqYyWJ37fGTJSAFjH/vshen" +
			"Uew/ke209JFveDn0s8zquUuYW2T9VRS1DdUU8nzt79YangnpFEh3IrvSFF+sgqSDTFQPwTndIv553jFSHXxp4McMhc62hE2O/GftcTd9Yrc0lER8gzQHSHIAAAAXBoENAQmA0wAHCwEA" +
			"ASMDAQEFXQAQAAAMgb4KARdkjFQAAA==",
		"7z with a plain list": "N3q8ryccAAQ6e9cAdgIAAAAAAADeAQAAAAAAAFf5W9HgADMAMF0AGIsCzDMztqBvWU5W9s7xukR7BCQsZAbZCsEMpbsybOnX0OF++p2T+anPEiFYAmQAAOAAPwA4XQAZCwLMRutCqIr4" +
			"0X4+aNQykoHsYC+dI4ZIBSXrR/Y9LW5Az9igQOvTeGCqHjSKyxGbZhv+leaeAADgAEcAPF0AGYsC7Ypc8Hw5Rar8mo5TnKItbqTyaTdfkgfXaVg1W6F1iZZipi3wGgzQ1lJRcQVqluto" +
			"7iX1dHXJEisAAOAAUwBDXQAaCwLtnrHYhkCt76pptu21BW+G1xuNXkZ6cXSvsRs4HdxhYoM6AT/BwKmzdBmfCCNj2WGsCTvgQS5ulY4WaHIk87HwAOAAXwBKXQAaiwLtswbAjk1Rmb5i" +
			"FLLam7jT32+6xhtZRMNrW99uoPplgyFtF+klsmp6qemZM8dgokoCqrJbnCxwWudID6luGEHXXXlRjOmKAADgAGcATV0AGwsC7cdbsyq3Z1Ga4Zmrot/fYWoh7jBdwxjO1XgXVOrgXiOY" +
			"7I+WItyZQUhhSPCSUvEWZbjyQ/EtJYFhgYKwKWeVNSRk8k621CJI5BYA4AB2AFddABuLAu3b9UuQOLyauVZWtip0KvOEaC+mUgTRp8fjwq8yHzGGnH73Onq8o5b5hJHR1JGsFLcGBlfW" +
			"hpQYMS3d5ZvmZ4/1f3LWM2urTwSxqWKZpO69ihEazADgAIUAYV0AHAsC7fLWCmUIBRltfm2g2hGQtj83c7L8ReEROVdhyHrN16UtbcULSqF5+oT55Mek6yd2SsCjEzjrN0K9Lfd7nem5" +
			"t8W9A+Fppo6gVeS4ATJL34Y8hoUpHSPnHduGw0z4AAABBAYACAk4QERLUlVfaQAHCwgAASEhAQABISEBAAEhIQEAASEhAQABISEBAAEhIQEAASEhAQABISEBAAw0QEhUYGh3gIYACAoB" +
			"TYntJeQ/K7wViZ9GtuLZnjFK0RAxLV0i3Yp70gk3RucAAAUKDgLAAA8BQBkGAAAAAAAAEYDZADMAdF5CAER9AAAzAHReQgBEfS8AZQBtAHAAdAB5AC4AdAB4AHQAAAAzAHReQgBEfS8A" +
			"MQAuAGMAcwB2AAAAMwB0XkIARH0vADIALgBjAHMAdgAAADMAdF5CAER9LwAzAC4AYwBzAHYAAAAzAHReQgBEfS8ANAAuAGMAcwB2AAAAMwB0XkIARH0vADUALgBjAHMAdgAAADMAdF5C" +
			"AER9LwA2AC4AYwBzAHYAAAAzAHReQgBEfS8ANwAuAGMAcwB2AAAAMwB0XkIARH0vADgALgBjAHMAdgAAABkCAAAUUgEAjr2eAomA3QGOvZ4CiYDdAY8AmwKJgN0BQp6bAomA3QGsFZwC" +
			"iYDdAWYnnAKJgN0BJxKdAomA3QF/m50CiYDdAUgxngKJgN0Bjr2eAomA3QEVKgEAEIDtQSCApIEggKSBIICkgSCApIEggKSBIICkgSCApIEggKSBIICkgQAA",
		"7z with a password": "N3q8ryccAASDC1iw/AEAAAAAAAAjAAAAAAAAAPYXVYrNG0Oy55uTzuWRx+1kFaOi1raz7Its95V8dE+uMMIe423Aroqjc3V4ov7tCUJMmJHgP8e/uuCFqtxpgMgJ/0g7LELs8CK4A6HQ" +
			"3QTxNIY6KbbmfFreXcu3pYgoGxFigKebX/xTMVymS2JeFDUkDfrqAm+aXl3wnxt8SY85Y79yV9Unw60h859mNob+ikh80EBTHKb1V0zwbVW2a2sK1jYKn0NXd2nziFguyfcmJH3tCe5O" +
			"x8ggGfrPD8C4MKw9XmrddQcyMG/Ldei857FdYlgufSKTziyhAB03xNV2HGzJz7T0jvqgD6JxGoZsXbHx7iFd4dEXItwQt9PFGuWiXmTcwC/W8RGbwgKj5JjtdPKyowAAgTMHrg/VOCyV" +
			"OcZglwXu98lLLyTJn6zwoZ4nuPEha0aWTSEJAoV8xCwnwyAZyiJ3gSQTXIM4wtSSi0eDOjl/0FuwNLnz+TESNss5KxWMBa2Boy5Vyi+KVPuzErGYd+AdhVuBe1L44FP1PQxjNpm7GStQ" +
			"dfnr16ycXKEzKdyTW0+DYa8a+PrZr+HBWA1GQQDmCR6HcFBdJee9NwizyVMC8yre11nFvpEgqvnQBewYorfszzxAHY1ivVkd01WzF//TL30AddPUYVuNgR+mk4NZABhspob2HP0YBkF7" +
			"Ux7nI13s4FlC4jW9jAAAFwaBEAEJgOwABwsBAAEjAwEBBV0AEAAADIHOCgG+yE3bAAA=",
		"7z with a list and a password": "N3q8ryccAATYsr7+AAIAAAAAAAA/AAAAAAAAAEEzE5GP4bpVPzHXT/wJ6qLCNDZdi57S8bEvuB+/+8C2rWR6ecvZft/AS0QsrXMQRiYuUkK50nmpAzTMxJ3LnNkwlHIbeAKOUCi6B9bh" +
			"tW4DKl5NrLDzrAe+/DYYq6MKi782wx09dmRkpFA+tb2FZxl+iUrhORfUSydSUFj73MortXAoBucmcteYCTRnKR+V8mHT8v0BL5ycRTE4CaRWRGLEXZ1P4KkM1gwHrINkNdSfhyyTGBsG" +
			"VV7nYnBzUIfmrhJUgSSZFJe4QtE1OX05hbeLhJWW3d2uNxximJx31ZGqscHQnbb2nynOi6s1MHFdPZAeZ0l7+WMOVibnR+rtA050gg2Ar/ulVqBmoNZqTLloyK+Vhi5lkUt9GvX/DwXu" +
			"gsgkSZF7oLDoWLhQqoGFingsvP2KyCQneZbHc6L2JxxwmB74l55yQcQOsXKVw8rKlPgd3g7hJmCFE6VE6N5z+WV7wP8lfo57In08gGxIgbjBVayCeRRZoJoZuR0XvJdLWJT5+IYWzOM8" +
			"phMVgvS5MvnzcGcu7eGWIQypJjKJs2FV1+G9qqQ1Fmc7SMk7CifnS1CVEPF+zxRQ7npNsc/Nvnz/e7kU0LNZRC43eTG0YJa2VAHwmi/gklQQhsbPhWoqShpzDUBJjU7W25kJW4Z20IpK" +
			"opNqbP+Pb2CZw0K8kMvgzkxp5BcGgRABCYDwAAcLAQACJAbxBwESUw8WW7KeQHkjHIuUVH4wXhErIwMBAQVdABAAAAEADIDsgc4KAfDu73gAAA==",
		"xz": "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4ALUAQVdABiLAswzM7agb14K7SMJmmycURYrS536jS7jZBUdAlphwlDHf+TyJ7TjEgt/uC+7mHCFEAFht1SQwtgfS1C43CuJRNP8qswgGebd" +
			"m4iSh6kf3JafpY1ZLrJJzwp6woHbQgI6UqRQfOhlF0gxhfDNfiYlxbSOcliRKpfURDalnFtK3G/9mTsCj3o4jdcFoGAwkELTxLWAF/4S7AXKDl1HAaUklhcAphys9YOmUHcah8aP1K2S" +
			"kAjIxu5DIJ0Jt5fmv/Kok/gjadYqOsLWjWIefJkT27o42BChJWLGNbvMkcxA6xIPUffmyjH8pizhpulFXsF2LAaUeady4xIzPnNHkpanBlRENgAAAAAXBV1/6smyiwABoQLVBQAAts6U" +
			"fLHEZ/sCAAAAAARZWg==",
		"xz of several": "/Td6WFoAAAFpIt42A8CeAawCIQEWAAAAfIBki+ABKwCWXQAYiwLMMzO2oG9eCu0jCZpsnFEWK0ud+o0u42QVHQJaYcJQx3/k8ie04xILf7gvu5hwhRABYbdUkMLYH0tQuNwriUTT/KrM" +
			"IBnm3ZuIkoepH9yWn6WNWS6ySc8KesKB20ICOlKkUHzoZRdIMYXwzX4mJcW0jnJYkSqX1EQ2pZxbStxv/Zk7Ao96OI3XBaBgOCEYQnPq8DwAAAAVLAUqA8CfAawCIQEWAAAAQuumZOAB" +
			"KwCXXQAZjAJrbf0bYHG0GWJxpM42J5Wfwx8M/qvN3th3BeOrc9UdGNGkUc4XpcH5UNYsQbu9lMLE2PrH5D9EjMrgwtoG7KdKz40U/AgLacC+UF25TRPDRASobqST4LOqWrtaaAFUp58N" +
			"X1iAtC3ZgyeeX7qiMQhPfFR5qi5l9oJ6TfePX8xvORQ0sjAxU0dtfXjQo6gTq7b+9AfMAACUvdySA8BffSEBFgAAAAAAUkk1ouAAfABXXQAYjkG6hybzWkrqWgAHXzByFzIrpsc51Gad" +
			"9lRsyqIBMzbgIiqHByV9ZBWflMrMKQyvjrmLO+DHK740H8gcg+NMG14RWyxI789DarV8+Q6H/sBvsozL2U0AAFJATqQAA7IBrAKzAawCc33PEZOam+NRQAMAAAAAAVla",
	} {
		out[name] = must(base64.StdEncoding.DecodeString(text))
	}
	return out
}

// zeros8 are 8 MiB of zeros in LZMA.
const zeros8 = "AABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7kHoLTL8U6PAFLsX7JiopNL6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE2PdEDKtfDW1G6eXDdoi3llestk3haR1v+0uIEGxCy4g/XA" +
	"CP0E6vJiiUcR89jyThcJ6nI1/sKMuF0ZWYin4qkfIndfcZwAaYTZj92K/VkA/EJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgp" +
	"ZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgLzf+VKEYPqfx83vuaMC5WwI+F84OBwGXEJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM" +
	"0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgLzf+VKEYPqfx83vuaMC5WwI+F84OBwGXEJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsF" +
	"CPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgLzf+VKEYPqfx83vuaMC5WwI+F84OBwGXEJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZl" +
	"JYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgLzf+VKEYPqfx83vuaMC5WwI+F84OBwGXEJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAd" +
	"us6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgLzf+VKEYPqfx83vuaMC5WwI+F84OBwGXEJVP49ZE2MQWlsO5vwX" +
	"BNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgLzf+VKEYPqfx83vuaMC5WwI+F84OBwGXEJVP4" +
	"9ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgLzf+VKEYPqfx83vuaMC5WwI" +
	"+F84OBwGXEJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgLzf+VKEYP" +
	"qfx83vuaMC5WwI+F84OBwGXEJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+H" +
	"F4WfgLzf+VKEYPnInEvtH///5O6AA="

// sevenOf is a 7z of a list.
func sevenOf(packed, list []byte) []byte {
	head := le.AppendUint32(le.AppendUint64(le.AppendUint64(nil, uint64(len(packed))), uint64(len(list))), crc32.ChecksumIEEE(list))
	head = append(le.AppendUint32([]byte(sevenMagic+"\x00\x04"), crc32.ChecksumIEEE(head)), head...)
	return slices.Concat(head, packed, list)
}

// sevenBombs want to be much more than they are long: their lists unpack to zeros, or have very many folders, parts, sums and names.
func sevenBombs() map[string][]byte {
	zeros := must(base64.StdEncoding.DecodeString(zeros8))
	many := "\xe0\xff\xff\x0f" // 1,048,575
	packs := func(rest string) []byte { return append([]byte("\x01\x04\x06\x00"+rest), make([]byte, 4<<20)...) }
	return map[string][]byte{
		"7z of zeros": sevenOf(zeros, []byte("\x17\x06\x00\x01\x09"+string([]byte{0x80 | byte(len(zeros)>>8), byte(len(zeros))})+
			"\x00\x07\x0b\x01\x00\x01\x23\x03\x01\x01\x05\x5d\x00\x00\x80\x00\x0c\xe0\x00\x00\x80\x00\x00")),
		"7z of streams": sevenOf(nil, packs(many+"\x09")),
		"7z of folders": sevenOf(nil, append([]byte("\x01\x04\x07\x0b"+many+"\x00"), bytes.Repeat([]byte("\x01\x00"), 2<<20)...)),
		"7z of parts":   sevenOf(nil, append([]byte("\x01\x04\x06\x00\x01\x09\x00\x00\x07\x0b\x01\x00\x01\x01\x00\x0c\x00\x00\x08\x0d"+many+"\x09"), make([]byte, 4<<20)...)),
		"7z of names":   sevenOf(nil, append([]byte("\x01\x05"+many+"\x11\xe0\xff\xff\x2f\x00"), make([]byte, 4<<20)...)),
	}
}

// TestLists: archives tell what is in them, unless they are closed with a password, and how much of it may be something.
func TestLists(t *testing.T) {
	sizes := []int64{52, 64, 72, 84, 96, 104, 119, 134}
	for name, b := range packedSamples() {
		in := checked(t, b, false).Inside
		switch name {
		case "7z", "7z with a plain list":
			if in == nil || in.Open || len(in.Files) != len(sizes) {
				t.Errorf("%s: %+v", name, in)
				continue
			}
			for i, f := range in.Files {
				if want := "3年B組/" + string(rune('1'+i)) + ".csv"; f.Name != want || f.Size != sizes[i] || in.Rooms[f.Room] < 40 || in.Rooms[f.Room] > 600 {
					t.Errorf("%s: %+v in %d", name, f, in.Rooms)
				}
			}
		case "xz", "xz of several":
			if in == nil || !in.Open || len(in.Files) != 1 || in.Files[0].Size != 725 || in.Rooms[0] != int64(len(b)) {
				t.Errorf("%s: %+v", name, in)
			}
		default:
			if f := checked(t, b, false); f.Inside != nil || !f.Sealed || f.State != Valid {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// FuzzSevenList reads lists without regard to their checksums, and unpacks what is none.
func FuzzSevenList(f *testing.F) {
	for name, b := range packedSamples() {
		if name[0] == '7' {
			f.Add(b[32:])
			f.Add(b[len(b)-120:])
		}
	}
	for _, b := range sevenBombs() {
		f.Add(b[32:min(len(b), 600)])
	}
	f.Add([]byte("\x01\x04\x06\x00\x01\x09\x00\x00\x07\x0b\x01\x00\x01\x10\x00\x0c")) // a folder of no coders
	f.Fuzz(func(t *testing.T, b []byte) {
		var c census
		for _, list := range [][]byte{b, b[min(1, len(b)):]} {
			r := &sevenReader{b: list}
			if l, ok := r.header(1<<20, &c); ok && (len(l.inside.Files) > len(b) || r.bad) {
				t.Errorf("%d files in %d bytes", len(l.inside.Files), len(b))
			}
		}
		if out, ok := unLZMA([]byte{0x5d, 0, 0, 1, 0}, b, 4000); len(out) > 4000 || ok && len(out) != 4000 {
			t.Errorf("%d bytes", len(out))
		}
	})
}
