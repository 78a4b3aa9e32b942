// Package storehouse wires a configuration into running parts: vault, keeper, doors, API. It is the one
// place that knows them all, and the one place where the clock is read.
package storehouse

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/problem"
)

// Config is the configuration file, azekura.toml in the data directory. Each key can also be given as an
// environment variable (AZEKURA_HTTPS for https, AZEKURA_SESSION_TIME for session_time) and some as a
// flag; the flag wins over the environment, the environment over the file. An unknown key is an error.
type Config struct {
	// Data is the data directory. It is not in the file, which stands in it.
	Data string `toml:"-"`

	// HTTP is where WebDAV is served without TLS. Only a loopback address is allowed: passwords and
	// files would cross the network in clear. Empty: nowhere.
	HTTP string `toml:"http"`
	// HTTPS is where WebDAV is served with TLS, such as ":8443". Empty: nowhere.
	HTTPS string `toml:"https"`
	// SFTP is where files are served over SSH, such as ":2222". Empty: nowhere.
	SFTP string `toml:"sftp"`
	// Cert and Key are PEM files of the certificate for HTTPS. Empty: a self-signed one is made in DATA/tls.
	Cert string `toml:"cert"`
	Key  string `toml:"key"`
	// Names are further host names and addresses for the self-signed certificate.
	Names []string `toml:"names"`
	// Metrics is a loopback address for Prometheus, such as "127.0.0.1:9756". Empty: nowhere.
	Metrics string `toml:"metrics"`

	// Protection says what guards the keeper's root key: "key-file", "passphrase" or "credential" (systemd).
	// It counts when the vault is created.
	Protection string `toml:"protection"`
	// KeyFile is where the root key lies with protection "key-file". Empty: DATA/keeper-key/root.key.
	KeyFile string `toml:"key_file"`

	// SessionTime is how long a login lasts.
	SessionTime Duration `toml:"session_time"`
	// LeaseTime is how long the storehouse may keep the key of an opened version.
	LeaseTime Duration `toml:"lease_time"`

	// PackSize is the size at which packs are sealed, in MiB.
	PackSize int64 `toml:"pack_size"`
	// Connections bounds how many clients are connected at a time; ConnectionsPerAddress those of one address.
	Connections           int `toml:"connections"`
	ConnectionsPerAddress int `toml:"connections_per_address"`
	// Drafts bounds how many saves hold memory at the same time, about 8 MiB each.
	Drafts int `toml:"drafts"`

	// LogLevel is "debug", "info", "warn" or "error".
	LogLevel string `toml:"log_level"`

	from map[string]string // key → where its value comes from
}

// Duration is a time.Duration that TOML reads as "12h".
type Duration time.Duration

// UnmarshalText reads a duration such as "12h" or "5m".
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// MarshalText returns a duration such as "12h0m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Default returns the configuration of a data directory without a file.
func Default(data string) Config {
	return Config{
		Data:                  data,
		HTTP:                  "127.0.0.1:8756", // in 756 the Shosoin was filled
		Protection:            "key-file",
		SessionTime:           Duration(12 * time.Hour),
		LeaseTime:             Duration(5 * time.Minute),
		PackSize:              64,
		Connections:           1024,
		ConnectionsPerAddress: 256,
		Drafts:                16,
		LogLevel:              "info",
		from:                  make(map[string]string),
	}
}

// ConfigFile is the name of the configuration file in the data directory.
const ConfigFile = "azekura.toml"

// Load reads the configuration of a data directory: defaults, then the file, then the environment
// ("KEY=value" as of os.Environ), then flags by their key.
func Load(data string, environ []string, flags map[string]string) (Config, error) {
	c := Default(data)
	name := filepath.Join(data, ConfigFile)
	text, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return c, problem.New(problem.Internal, "read configuration", name, err)
	default:
		if err := c.readFile(name, text); err != nil {
			return c, err
		}
	}
	for _, e := range environ {
		variable, value, _ := strings.Cut(e, "=")
		key, ok := strings.CutPrefix(variable, "AZEKURA_")
		if key = strings.ToLower(key); !ok || !slices.Contains(keys(), key) {
			continue // AZEKURA_DATA and AZEKURA_LANG are not the configuration's
		}
		if err := c.set(key, value, "environment"); err != nil {
			return c, err
		}
	}
	for key, value := range flags {
		if err := c.set(key, value, "flag"); err != nil {
			return c, err
		}
	}
	return c, c.Validate()
}

// readFile reads the configuration file strictly.
func (c *Config) readFile(name string, text []byte) error {
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(c)
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(strict.Errors) > 0 {
		bad := strings.Join(strict.Errors[0].Key(), ".")
		line, _ := strict.Errors[0].Position()
		return invalid(fmt.Sprintf("%s:%d: %s", name, line, bad), fmt.Errorf("no such key; did you mean %q?", nearest(bad, keys())))
	}
	if at, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := at.Position()
		return invalid(fmt.Sprintf("%s:%d", name, line), err)
	}
	if err != nil {
		return invalid(name, err)
	}
	var given map[string]any
	if err := toml.Unmarshal(text, &given); err != nil {
		return invalid(name, err)
	}
	for key := range given {
		c.from[key] = "file"
	}
	return nil
}

func invalid(on string, err error) error {
	return &problem.Error{Kind: problem.Invalid, Op: "read configuration", On: on + ": " + err.Error(), Err: err}
}

// fields returns where each key's value is, in the order of the file.
func (c *Config) fields() []field {
	return []field{
		{"http", &c.HTTP}, {"https", &c.HTTPS}, {"sftp", &c.SFTP}, {"cert", &c.Cert}, {"key", &c.Key}, {"names", &c.Names}, {"metrics", &c.Metrics},
		{"protection", &c.Protection}, {"key_file", &c.KeyFile}, {"session_time", &c.SessionTime}, {"lease_time", &c.LeaseTime},
		{"pack_size", &c.PackSize}, {"connections", &c.Connections}, {"connections_per_address", &c.ConnectionsPerAddress},
		{"drafts", &c.Drafts}, {"log_level", &c.LogLevel},
	}
}

type field struct {
	key   string
	value any
}

func keys() (out []string) {
	for _, f := range new(Config).fields() {
		out = append(out, f.key)
	}
	return out
}

// set sets a key from text.
func (c *Config) set(key, value, from string) (err error) {
	for _, f := range c.fields() {
		if f.key != key {
			continue
		}
		switch v := f.value.(type) {
		case *string:
			*v = value
		case *[]string:
			*v = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		case *Duration:
			err = v.UnmarshalText([]byte(value))
		case *int:
			*v, err = strconv.Atoi(value)
		case *int64:
			*v, err = strconv.ParseInt(value, 10, 64)
		}
		if err != nil {
			return invalid(fmt.Sprintf("%s (%s)", key, from), err)
		}
		c.from[key] = from
		return nil
	}
	return invalid(key, fmt.Errorf("no such key; did you mean %q?", nearest(key, keys())))
}

// Settings returns the configuration in force, and where each value comes from.
func (c *Config) Settings() (out []api.Setting) {
	for _, f := range c.fields() {
		s := api.Setting{Key: f.key, From: "default"}
		if from := c.from[f.key]; from != "" {
			s.From = from
		}
		switch v := f.value.(type) {
		case *string:
			s.Value = *v
		case *[]string:
			s.Value = strings.Join(*v, ",")
		case *Duration:
			s.Value = time.Duration(*v).String()
		case *int:
			s.Value = strconv.Itoa(*v)
		case *int64:
			s.Value = strconv.FormatInt(*v, 10)
		}
		out = append(out, s)
	}
	return out
}

// Validate refuses what cannot be meant.
func (c *Config) Validate() error {
	for _, a := range []struct{ key, addr string }{{"http", c.HTTP}, {"metrics", c.Metrics}} {
		if a.addr == "" {
			continue
		}
		if err := loopback(a.addr); err != nil {
			return &problem.Error{Kind: problem.Invalid, Op: "read configuration", On: a.key + " = " + a.addr, Hint: "hint.loopback-only", Err: err}
		}
	}
	for _, a := range []struct{ key, addr string }{{"https", c.HTTPS}, {"sftp", c.SFTP}} {
		if _, _, err := net.SplitHostPort(a.addr); a.addr != "" && err != nil {
			return invalid(a.key, err)
		}
	}
	switch {
	case (c.Cert == "") != (c.Key == ""):
		return invalid("cert, key", errors.New("give both or neither"))
	case !slices.Contains([]string{"key-file", "passphrase", "credential"}, c.Protection):
		return invalid("protection", fmt.Errorf("%q is none of key-file, passphrase, credential", c.Protection))
	case !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel):
		return invalid("log_level", fmt.Errorf("%q is none of debug, info, warn, error", c.LogLevel))
	case c.SessionTime <= 0 || c.LeaseTime <= 0:
		return invalid("session_time, lease_time", errors.New("must be more than nothing"))
	case c.PackSize < 1 || c.PackSize > 4096:
		return invalid("pack_size", errors.New("must be from 1 to 4096 (MiB)"))
	case c.Connections < 1 || c.ConnectionsPerAddress < 1 || c.Drafts < 1:
		return invalid("connections, connections_per_address, drafts", errors.New("must be at least 1"))
	}
	return nil
}

// loopback returns an error unless an address can be reached from this machine alone.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not a loopback address", host)
	}
	return nil
}

// nearest returns the word that takes the fewest changes to become key.
func nearest(key string, words []string) (best string) {
	least := 1 << 30
	for _, w := range words {
		if d := distance(key, w); d < least {
			best, least = w, d
		}
	}
	return best
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		above := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := above
			if a[i] != b[j] {
				next = 1 + min(above, row[j], row[j+1])
			}
			above, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
