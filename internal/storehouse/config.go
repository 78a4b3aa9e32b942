// Package storehouse wires a configuration into running parts: vault, keeper, doors, API. It is the one
// place that knows them all, and the one place where the clock is read.
package storehouse

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
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
// flag; the flag wins over the environment, the environment over the file. An unknown key is an error, also as a variable.
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

	// CollectUDP, CollectTCP and CollectTLS are where appliances send their logs (syslog), such as ":5514" and ":6514". Empty: nowhere. Who may send is said
	// with "azekura collect source add". TLS has the certificate of HTTPS.
	CollectUDP string `toml:"collect_udp"`
	CollectTCP string `toml:"collect_tcp"`
	CollectTLS string `toml:"collect_tls"`
	// CollectTLSClients is a file (PEM) with the certificates of those that may send over TLS, or of who has signed them; it is read once, at the start. Empty:
	// a sender needs none.
	CollectTLSClients string `toml:"collect_tls_clients"`
	// Countries is a file that tells of which country an address is, in MaxMind's format (.mmdb); it is read once, at the start. Empty: there is none.
	Countries string `toml:"countries"`

	// Protection says what guards the keeper's root key: "key-file", "passphrase" or "credential" (systemd).
	// It counts when the vault is created.
	Protection string `toml:"protection"`
	// KeyFile is where the root key lies with protection "key-file". Empty: DATA/keeper-key/root.key.
	KeyFile string `toml:"key_file"`

	// OIDCIssuer is the firm's identity provider (OpenID Connect), if people may log in there instead of with a password:
	// "https://login.example.com". The provider must know HOUSE/login/provider/back as an address to come back to.
	OIDCIssuer string `toml:"oidc_issuer"`
	// OIDCClient is how this house is known there, OIDCSecretFile a file with its secret (0600); empty: it has none.
	OIDCClient     string `toml:"oidc_client"`
	OIDCSecretFile string `toml:"oidc_secret_file"`
	// OIDCName is what people call it, for its button. Empty: "the company login", in their language.
	OIDCName string `toml:"oidc_name"`

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

	// Guard is "on"; "watch": the guard tells what it would hold and whom it would freeze, and does not; or "off".
	Guard string `toml:"guard"`
	// GuardFalseAlarm says how rare it must be that ordinary work is frozen: one time in so many, for each person, device or address.
	GuardFalseAlarm int64 `toml:"guard_false_alarm"`
	// GuardRemovals is how many files somebody may remove in a day that stand nowhere else, before the others wait for a day.
	GuardRemovals int `toml:"guard_removals"`

	// AlertMailServer is host:port of the server that takes mails about what the guard has done; it must offer TLS unless it is this machine. The
	// password file holds the secret for AlertMailUser (0600).
	AlertMailServer       string   `toml:"alert_mail_server"`
	AlertMailFrom         string   `toml:"alert_mail_from"`
	AlertMailTo           []string `toml:"alert_mail_to"`
	AlertMailUser         string   `toml:"alert_mail_user"`
	AlertMailPasswordFile string   `toml:"alert_mail_password_file"`
	// AlertWebhook is a URL that the same is posted to; with a secret in a file (0600) it is signed.
	AlertWebhook           string `toml:"alert_webhook"`
	AlertWebhookSecretFile string `toml:"alert_webhook_secret_file"`

	// MediaDays is how many days old the latest copy on a medium may become before people are told, MediaHours how many hours a medium may stay
	// connected. MediaStates is how many states a medium keeps.
	MediaDays   int `toml:"media_days"`
	MediaHours  int `toml:"media_hours"`
	MediaStates int `toml:"media_states"`
	// DrillDays is how many days after a restore drill of a set of media, or after the first copy on it, people are reminded of the next. 0: never.
	DrillDays int `toml:"drill_days"`
	// HeadReminder is "monthly": once a month people are reminded to put the ledger's head on paper; or "off".
	HeadReminder string `toml:"head_reminder"`

	// LedgerBucket is the file of a bucket's settings (0600) to which the ledger is copied every few minutes; empty: none. LedgerBucketDays is for how
	// many days what is put there is locked.
	LedgerBucket     string `toml:"ledger_bucket"`
	LedgerBucketDays int    `toml:"ledger_bucket_days"`

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
		Guard:                 "on",
		GuardFalseAlarm:       1_000_000,
		GuardRemovals:         4,
		MediaDays:             8,
		MediaHours:            24,
		MediaStates:           100,
		DrillDays:             90,
		HeadReminder:          "monthly",
		LedgerBucketDays:      365,
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
		return c, unreachable("read configuration", name, err)
	default:
		if err := c.readFile(name, text); err != nil {
			return c, err
		}
	}
	for _, e := range environ {
		variable, value, _ := strings.Cut(e, "=")
		key, ok := strings.CutPrefix(variable, "AZEKURA_")
		if key = strings.ToLower(key); !ok || key == "data" || key == "lang" { // which are the commands' own
			continue
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
		return unknown(fmt.Sprintf("%s:%d: %s", name, line, bad), bad)
	}
	if at, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := at.Position()
		written, _, _ := strings.Cut(strings.Join(strings.Split(string(text), "\n")[max(line-1, 0):], "\n"), "\n")
		return wrong(fmt.Sprintf("%s:%d: %s", name, line, written), "hint.config-toml", err)
	}
	if err != nil {
		return wrong(name, "hint.config-toml", err)
	}
	var given map[string]any
	if err := toml.Unmarshal(text, &given); err != nil {
		return wrong(name, "hint.config-toml", err)
	}
	for key := range given {
		c.from[key] = "file"
	}
	return nil
}

// wrong refuses what stands at on: a key with its value and, in brackets, what it can be.
func wrong(on, hint string, err error) error {
	return &problem.Error{Kind: problem.Invalid, Op: "read configuration", On: on, Hint: hint, Err: err}
}

// unknown refuses a key that there is not, with the one that may be meant in brackets.
func unknown(on, key string) error {
	return wrong(fmt.Sprintf("%s (%s?)", on, nearest(key, keys())), "hint.config-key", nil)
}

// fields returns where each key's value is, in the order of the file.
func (c *Config) fields() []field {
	return []field{
		{"http", &c.HTTP}, {"https", &c.HTTPS}, {"sftp", &c.SFTP}, {"cert", &c.Cert}, {"key", &c.Key}, {"names", &c.Names}, {"metrics", &c.Metrics},
		{"collect_udp", &c.CollectUDP}, {"collect_tcp", &c.CollectTCP}, {"collect_tls", &c.CollectTLS}, {"collect_tls_clients", &c.CollectTLSClients}, {"countries", &c.Countries},
		{"protection", &c.Protection}, {"key_file", &c.KeyFile}, {"oidc_issuer", &c.OIDCIssuer}, {"oidc_client", &c.OIDCClient},
		{"oidc_secret_file", &c.OIDCSecretFile}, {"oidc_name", &c.OIDCName}, {"session_time", &c.SessionTime}, {"lease_time", &c.LeaseTime},
		{"pack_size", &c.PackSize}, {"connections", &c.Connections}, {"connections_per_address", &c.ConnectionsPerAddress},
		{"drafts", &c.Drafts}, {"guard", &c.Guard}, {"guard_false_alarm", &c.GuardFalseAlarm}, {"guard_removals", &c.GuardRemovals},
		{"alert_mail_server", &c.AlertMailServer}, {"alert_mail_from", &c.AlertMailFrom}, {"alert_mail_to", &c.AlertMailTo},
		{"alert_mail_user", &c.AlertMailUser}, {"alert_mail_password_file", &c.AlertMailPasswordFile}, {"alert_webhook", &c.AlertWebhook},
		{"alert_webhook_secret_file", &c.AlertWebhookSecretFile}, {"media_days", &c.MediaDays}, {"media_hours", &c.MediaHours}, {"media_states", &c.MediaStates},
		{"drill_days", &c.DrillDays}, {"head_reminder", &c.HeadReminder}, {"ledger_bucket", &c.LedgerBucket}, {"ledger_bucket_days", &c.LedgerBucketDays}, {"log_level", &c.LogLevel},
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
			return wrong(fmt.Sprintf("%s = %s (%s)", key, value, from), "hint.config-value", err)
		}
		c.from[key] = from
		return nil
	}
	if from == "environment" {
		return unknown("AZEKURA_"+strings.ToUpper(key), key)
	}
	return unknown(key, key)
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
	for _, a := range []struct{ key, addr string }{{"https", c.HTTPS}, {"sftp", c.SFTP}, {"collect_udp", c.CollectUDP}, {"collect_tcp", c.CollectTCP}, {"collect_tls", c.CollectTLS}} {
		if a.addr == "" {
			continue
		}
		_, port, err := net.SplitHostPort(a.addr)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return wrong(a.key+" = "+a.addr, "hint.config-address", err)
		}
	}
	switch {
	case (c.Cert == "") != (c.Key == ""):
		return wrong("cert, key", "hint.config-both", nil)
	case (c.OIDCIssuer == "") != (c.OIDCClient == ""):
		return wrong("oidc_issuer, oidc_client", "hint.config-both", nil)
	case (c.AlertMailServer == "") != (c.AlertMailFrom == ""), (c.AlertMailServer == "") != (len(c.AlertMailTo) == 0):
		return wrong("alert_mail_server, alert_mail_from, alert_mail_to", "hint.config-both", nil)
	case c.AlertWebhook != "" && !provable(c.AlertWebhook):
		return wrong("alert_webhook", "hint.config-https", nil)
	case c.OIDCIssuer != "" && !provable(c.OIDCIssuer):
		return wrong("oidc_issuer = "+c.OIDCIssuer, "hint.config-https", nil)
	}
	for _, x := range []struct {
		key, value string
		words      []string
	}{
		{"protection", c.Protection, []string{"key-file", "passphrase", "credential"}},
		{"guard", c.Guard, []string{"on", "watch", "off"}},
		{"head_reminder", c.HeadReminder, []string{"monthly", "off"}},
		{"log_level", c.LogLevel, []string{"debug", "info", "warn", "error"}},
	} {
		if !slices.Contains(x.words, x.value) {
			return wrong(fmt.Sprintf("%s = %s (%s)", x.key, x.value, strings.Join(x.words, ", ")), "hint.config-value", nil)
		}
	}
	return c.inRange()
}

// inRange refuses numbers that cannot be meant.
func (c *Config) inRange() error {
	for _, x := range []struct {
		key                string
		value, least, most int64
	}{
		{"pack_size", c.PackSize, 1, 4096},
		{"connections", int64(c.Connections), 1, 1 << 20},
		{"connections_per_address", int64(c.ConnectionsPerAddress), 1, 1 << 20},
		{"drafts", int64(c.Drafts), 1, 1024},
		{"guard_false_alarm", c.GuardFalseAlarm, 1000, 1e12},
		{"guard_removals", int64(c.GuardRemovals), 1, 1_000_000},
		{"media_days", int64(c.MediaDays), 1, 366},
		{"media_hours", int64(c.MediaHours), 1, 24 * 366},
		{"media_states", int64(c.MediaStates), 1, 10_000},
		{"drill_days", int64(c.DrillDays), 0, 3660},
		{"ledger_bucket_days", int64(c.LedgerBucketDays), leastLock, mostLock},
	} {
		if x.value < x.least || x.value > x.most {
			return wrong(fmt.Sprintf("%s = %d (%d – %d)", x.key, x.value, x.least, x.most), "hint.config-value", nil)
		}
	}
	for _, x := range []struct {
		key                string
		value, least, most time.Duration
		range_             string
	}{
		{"session_time", time.Duration(c.SessionTime), 5 * time.Minute, 7 * 24 * time.Hour, "5m – 168h"},
		{"lease_time", time.Duration(c.LeaseTime), 10 * time.Second, time.Hour, "10s – 1h"},
	} {
		if x.value < x.least || x.value > x.most {
			return wrong(fmt.Sprintf("%s = %s (%s)", x.key, x.value, x.range_), "hint.config-value", nil)
		}
	}
	return nil
}

// provable reports whether TLS shows that an identity provider is the one that is meant; on this machine nobody stands between.
func provable(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(net.JoinHostPort(u.Hostname(), "0")) == nil
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
