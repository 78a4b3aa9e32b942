package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/drill/behaviour"
)

// sshDrive is what one device has of the share through SFTP, as sshfs or a client program would. It connects when it is first used, and
// anew when its session has ended.
type sshDrive struct {
	at           api.Listener // the door of the scratch storehouse, with the fingerprint of its key
	user, secret string
	jump         *sync.RWMutex

	mu   sync.Mutex
	conn *ssh.Client  // guarded by mu
	sftp *sftp.Client // guarded by mu; nil: not connected
}

// dialTime bounds a connection to this machine, in real time.
const dialTime = 30 * time.Second

// client returns the connection, making it if there is none.
func (d *sshDrive) client(ctx context.Context) (*sftp.Client, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sftp != nil {
		return d.sftp, nil
	}
	u, err := url.Parse(d.at.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	raw, err := dialHere(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	end := context.AfterFunc(ctx, func() { raw.Close() })
	defer end()
	conn, channels, requests, err := ssh.NewClientConn(raw, u.Host, &ssh.ClientConfig{
		User: d.user, Auth: []ssh.AuthMethod{ssh.Password(d.secret)}, HostKeyCallback: pinned(d.at.Fingerprint),
	})
	if err != nil {
		raw.Close()
		if strings.Contains(err.Error(), "unable to authenticate") { // x/crypto/ssh has no type for it
			err = fmt.Errorf("%w: %w", behaviour.ErrStopped, err)
		}
		return nil, err
	}
	d.conn = ssh.NewClient(conn, channels, requests)
	if d.sftp, err = sftp.NewClient(d.conn); err != nil {
		d.conn.Close()
		d.sftp = nil
	}
	return d.sftp, err
}

// pinned accepts the key with a fingerprint, and no other.
func pinned(fingerprint string) ssh.HostKeyCallback {
	return func(_ string, _ net.Addr, key ssh.PublicKey) error {
		if fingerprint == "" || ssh.FingerprintSHA256(key) != fingerprint {
			return errors.New("this is not the scratch storehouse: its host key is another one")
		}
		return nil
	}
}

// drop closes a connection that has ended.
func (d *sshDrive) drop(c *sftp.Client) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sftp == c && c != nil {
		c.Close()
		d.conn.Close()
		d.sftp = nil
	}
}

// Close ends the connection.
func (d *sshDrive) Close() error {
	d.mu.Lock()
	c := d.sftp
	d.mu.Unlock()
	d.drop(c)
	return nil
}

// do does something on the connection, and once more when its session had ended before.
func (d *sshDrive) do(ctx context.Context, what func(*sftp.Client) error) (err error) {
	d.jump.RLock()
	defer d.jump.RUnlock()
	for range 2 {
		var c *sftp.Client
		if c, err = d.client(ctx); err != nil {
			return err
		}
		switch err = what(c); {
		case err == nil:
			return nil
		case errors.Is(err, fs.ErrPermission):
			return fmt.Errorf("%w: %w", behaviour.ErrStopped, err)
		case errors.Is(err, fs.ErrNotExist):
			return fs.ErrNotExist
		case errors.Is(err, sftp.ErrSSHFxConnectionLost), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
			d.drop(c)
		default:
			return err
		}
	}
	return err
}

func (d *sshDrive) path(name string) string { return path.Join("/", share, path.Join("/", name)) }

// List implements behaviour.Target.
func (d *sshDrive) List(ctx context.Context) (out []behaviour.File, err error) {
	for todo := []string{""}; len(todo) > 0; todo = todo[1:] {
		var list []fs.FileInfo
		err := d.do(ctx, func(c *sftp.Client) (err error) {
			list, err = c.ReadDir(d.path(todo[0]))
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			name := path.Join(todo[0], i.Name())
			if i.IsDir() {
				todo = append(todo, name)
				continue
			}
			out = append(out, behaviour.File{Path: name, Size: i.Size(), Modified: i.ModTime()})
		}
	}
	return out, nil
}

// Read implements behaviour.Target.
func (d *sshDrive) Read(ctx context.Context, name string) (b []byte, err error) {
	err = d.do(ctx, func(c *sftp.Client) error {
		f, err := c.Open(d.path(name))
		if err != nil {
			return err
		}
		defer f.Close()
		b, err = io.ReadAll(io.LimitReader(f, most))
		return err
	})
	return b, err
}

// Write implements behaviour.Target.
func (d *sshDrive) Write(ctx context.Context, name string, content []byte, modified time.Time) error {
	return d.save(ctx, name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, modified, func(f *sftp.File) error {
		_, err := f.Write(content)
		return err
	})
}

// Patch implements behaviour.Patcher.
func (d *sshDrive) Patch(ctx context.Context, name string, p behaviour.Patch) error {
	flags := os.O_WRONLY
	if p.Append {
		flags |= os.O_APPEND
	}
	return d.save(ctx, name, flags, p.Modified, func(f *sftp.File) error {
		if p.Size >= 0 {
			if err := f.Truncate(p.Size); err != nil {
				return err
			}
		}
		for _, x := range p.Pieces {
			var err error
			if p.Append {
				_, err = f.Write(x.Bytes)
			} else {
				_, err = f.WriteAt(x.Bytes, x.At)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// save opens a file, lets it be written, sets its time while it is still open, as clients do, and closes it.
func (d *sshDrive) save(ctx context.Context, name string, flags int, modified time.Time, write func(*sftp.File) error) error {
	return d.do(ctx, func(c *sftp.Client) error {
		f, err := c.OpenFile(d.path(name), flags)
		if err != nil {
			return err
		}
		err = write(f)
		if err == nil && !modified.IsZero() {
			err = c.Chtimes(d.path(name), modified, modified)
		}
		return errors.Join(err, f.Close())
	})
}

// Rename implements behaviour.Target.
func (d *sshDrive) Rename(ctx context.Context, from, to string) error {
	return d.do(ctx, func(c *sftp.Client) error {
		if path.Dir(from) != path.Dir(to) {
			c.Mkdir(d.path(path.Dir(to))) // most often it is there
		}
		return c.PosixRename(d.path(from), d.path(to))
	})
}

// Remove implements behaviour.Target.
func (d *sshDrive) Remove(ctx context.Context, name string) error {
	return d.do(ctx, func(c *sftp.Client) error { return c.Remove(d.path(name)) })
}
