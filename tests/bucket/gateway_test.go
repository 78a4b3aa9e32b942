// Package bucket runs the real program against a real S3 server with Object Lock in compliance mode, and against somebody who has the
// credentials of its buckets.
package bucket

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	accessKey = "azekura-test"
	secretKey = "a-secret-of-tests-7f3a" // which must stand nowhere but in the file of settings
)

// installed builds the S3 server, with the versions of its own module, unless it was built before.
var installed = sync.OnceValues(func() (string, error) {
	c := exec.Command("go", "tool", "-n", "versitygw")
	c.Dir = "server"
	c.Env = append(os.Environ(), "GOFLAGS=")
	out, err := c.Output()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w\n%s", err, e.Stderr)
	}
	return strings.TrimSpace(string(out)), err
})

// gateway is an S3 server on loopback.
type gateway struct {
	t    testing.TB
	addr string
	root string
	c    *minio.Core
}

// startGateway starts a server, with TLS if it is given a certificate.
func startGateway(t testing.TB, args ...string) *gateway {
	t.Helper()
	bin, err := installed()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{t: t, addr: l.Addr().String(), root: t.TempDir()}
	l.Close() // it takes no socket
	data, versions := filepath.Join(g.root, "data"), filepath.Join(g.root, "versions")
	for _, d := range []string{data, versions} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	secure := len(args) > 0
	cmd := exec.Command(bin, append(append([]string{"--port", g.addr, "--quiet"}, args...), "posix", "--versioning-dir", versions, data)...)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	own := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // whose certificate it is is not what this client tries
	g.c, err = minio.NewCore(g.addr, &minio.Options{Transport: own, Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Secure: secure, Region: "us-east-1", MaxRetries: 1, TrailingHeaders: true})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		c, err := net.Dial("tcp", g.addr)
		if err == nil {
			c.Close()
			return g
		}
		if time.Now().After(deadline) {
			t.Fatalf("the S3 server does not answer: %s", said.String())
		}
		<-time.After(10 * time.Millisecond)
	}
}

// bucket makes a bucket.
func (g *gateway) bucket(name string, lock bool) {
	g.t.Helper()
	if err := g.c.MakeBucket(context.Background(), name, minio.MakeBucketOptions{ObjectLocking: lock}); err != nil {
		g.t.Fatal(err)
	}
}

// settings writes a file of settings, each line as given beside what all have.
func (g *gateway) settings(name, bucket string, lines ...string) string {
	g.t.Helper()
	text := fmt.Sprintf("endpoint = \"http://%s\"\nbucket = %q\naccess_key = %q\nsecret_key = %q\n", g.addr, bucket, accessKey, secretKey)
	return write(g.t, name, text, lines...)
}

func write(t testing.TB, name, text string, lines ...string) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), name)
	for _, l := range lines {
		text += l + "\n"
	}
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

// put puts an object as somebody does who has the credentials.
func (g *gateway) put(bucket, name string, b []byte) {
	g.t.Helper()
	if _, err := g.c.Client.PutObject(context.Background(), bucket, name, bytes.NewReader(b), int64(len(b)), minio.PutObjectOptions{}); err != nil {
		g.t.Fatalf("%s: %v", name, err)
	}
}

// all lists all versions.
func (g *gateway) all(bucket, prefix string) (out []minio.ObjectInfo) {
	g.t.Helper()
	for i := range g.c.ListObjectsIter(context.Background(), bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true, WithVersions: true}) {
		if i.Err != nil {
			g.t.Fatal(i.Err)
		}
		out = append(out, i)
	}
	return out
}

// denied reports whether an answer refuses what was asked.
func denied(err error) bool {
	code := minio.ToErrorResponse(err).StatusCode
	return code == http.StatusForbidden || code == http.StatusBadRequest || code == http.StatusConflict
}
