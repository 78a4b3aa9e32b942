package bucket

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/pelletier/go-toml/v2"

	"github.com/azekura/azekura/internal/problem"
)

// Settings say where a bucket is, and who one is there. They stand in a file that nobody else can read: a secret on a command line is seen by
// everybody on the machine, and one in an address lands in logs.
type Settings struct {
	Endpoint  string `toml:"endpoint"` // https://s3.example.jp; plain http only to this machine
	Bucket    string `toml:"bucket"`
	Folder    string `toml:"folder"` // within the bucket; empty: all of it
	Region    string `toml:"region"` // empty: us-east-1, which others than Amazon take
	AccessKey string `toml:"access_key"`
	SecretKey string `toml:"secret_key"`
	CA        string `toml:"ca"` // a PEM file, if the server has no certificate of a public authority
}

const maxSettings = 64 << 10

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// IsFile reports whether a path is a file: then it describes a bucket, as a folder is a medium.
func IsFile(name string) bool {
	i, err := os.Stat(name)
	return err == nil && i.Mode().IsRegular()
}

// Read reads settings. The file must be readable for its owner alone.
func Read(name string) (s Settings, err error) {
	f, err := os.Open(name)
	if err != nil {
		return s, &problem.Error{Kind: problem.NotFound, Op: op, On: name, Hint: "hint.bucket-file", Err: err}
	}
	defer f.Close()
	i, err := f.Stat()
	if err != nil || !i.Mode().IsRegular() || i.Size() > maxSettings {
		return s, &problem.Error{Kind: problem.Invalid, Op: op, On: name, Hint: "hint.bucket-file", Err: err}
	}
	if i.Mode().Perm()&0o077 != 0 {
		return s, &problem.Error{Kind: problem.Denied, Op: op, On: name, Hint: "hint.bucket-mode", Err: fmt.Errorf("mode %o", i.Mode().Perm())}
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(f); err != nil {
		return s, &problem.Error{Kind: problem.NotFound, Op: op, On: name, Hint: "hint.bucket-file", Err: err}
	}
	d := toml.NewDecoder(&text)
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil { // which could quote a line with the secret
		return s, &problem.Error{Kind: problem.Invalid, Op: op, On: name + whereOf(err), Hint: "hint.bucket-file", Err: errors.New("not TOML as it should be")}
	}
	if _, err := s.url(); err != nil {
		return s, &problem.Error{Kind: problem.Invalid, Op: op, On: name + ": endpoint", Hint: "hint.bucket-endpoint", Err: err}
	}
	for _, x := range []struct{ key, value string }{{"bucket", s.Bucket}, {"access_key", s.AccessKey}, {"secret_key", s.SecretKey}} {
		if x.value == "" {
			return s, &problem.Error{Kind: problem.Invalid, Op: op, On: name + ": " + x.key, Hint: "hint.bucket-file"}
		}
	}
	if s.Folder = strings.Trim(s.Folder, "/"); !bucketName.MatchString(s.Bucket) {
		return s, &problem.Error{Kind: problem.Invalid, Op: op, On: name + ": bucket", Hint: "hint.bucket-file"}
	}
	return s, nil
}

// whereOf is the line at which a file is not as it should be.
func whereOf(err error) string {
	if e, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(e.Errors) > 0 {
		line, _ := e.Errors[0].Position()
		return fmt.Sprintf(":%d: %s", line, strings.Join(e.Errors[0].Key(), "."))
	}
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := e.Position()
		return fmt.Sprintf(":%d", line)
	}
	return ""
}

var errPlain = errors.New("without TLS only to this machine")

// url checks the endpoint.
func (s *Settings) url() (*url.URL, error) {
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return nil, errors.New("not an address") // the text of err would repeat what stands in it
	}
	switch {
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, errors.New("an address such as https://s3.example.jp, and nothing behind it")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, errPlain
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errPlain
	}
	return u, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// How long the other side may take.
const (
	dialTime   = 10 * time.Second
	answerTime = time.Minute // from the last byte that was sent to the first of the answer
	idleTime   = time.Minute // without a byte of a body
	tries      = 4           // of a request that can be made again
)

// client makes the client of a bucket.
func (s *Settings) client() (*minio.Core, error) {
	u, err := s.url()
	if err != nil {
		return nil, &problem.Error{Kind: problem.Invalid, Op: op, On: s.Endpoint, Hint: "hint.bucket-endpoint", Err: err}
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if conf.RootCAs = x509.NewCertPool(); err == nil && !conf.RootCAs.AppendCertsFromPEM(pem) {
			err = errors.New("no certificate in it")
		}
		if err != nil {
			return nil, &problem.Error{Kind: problem.Invalid, Op: op, On: s.CA, Hint: "hint.bucket-ca", Err: err}
		}
	}
	region := s.Region
	if region == "" {
		region = "us-east-1"
	}
	c, err := minio.NewCore(u.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""),
		Secure: u.Scheme == "https", Region: region, MaxRetries: tries, TrailingHeaders: true,
		Transport: answers{&http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: conf, DialContext: (&net.Dialer{Timeout: dialTime}).DialContext, TLSHandshakeTimeout: dialTime,
			ResponseHeaderTimeout: answerTime, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: renewers, DisableCompression: true, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: 64 << 10,
		}},
	})
	if err != nil {
		return nil, &problem.Error{Kind: problem.Invalid, Op: op, On: u.Host, Hint: "hint.bucket-endpoint", Err: err}
	}
	return c, nil
}
