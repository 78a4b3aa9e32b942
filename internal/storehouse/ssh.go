package storehouse

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"

	"golang.org/x/crypto/ssh"

	"github.com/azekura/azekura/internal/door/api"
	"github.com/azekura/azekura/internal/door/sftp"
	"github.com/azekura/azekura/internal/durable"
	"github.com/azekura/azekura/internal/problem"
)

// hostKey loads the server's SSH key, DATA/tls/ssh_host_ecdsa_key, making it if there is none.
func hostKey(data string, fsys durable.FS) (ssh.Signer, error) {
	name := filepath.Join(data, "tls", "ssh_host_ecdsa_key")
	text, err := durable.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = newHostKey(name, fsys)
	}
	if err != nil {
		return nil, err
	}
	k, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("SSH key in %s (remove the file to have a new one made): %w", name, err)
	}
	return k, nil
}

func newHostKey(name string, fsys durable.FS) ([]byte, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := fsys.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	return text, durable.WriteFile(fsys, name, text, 0o600)
}

// listenSSH opens the SFTP door.
func (s *server) listenSSH() error {
	key, err := hostKey(s.h.cfg.Data, s.h.opt.FS)
	if err != nil {
		return problem.New(problem.Internal, "serve", s.h.cfg.SFTP, err)
	}
	l, err := s.bind("sftp", s.h.cfg.SFTP)
	if err != nil {
		return err
	}
	door := sftp.New(sftp.Config{Login: s.h.keeper.Keeper().Login, Files: s.h.vault.As, Host: key, Now: s.h.opt.Now, Log: s.log})
	limited := s.limited(l)
	s.doors = append(s.doors, stoppable{limited, door})
	go func() {
		if err := door.Serve(limited); !errors.Is(err, net.ErrClosed) {
			s.failed <- fmt.Errorf("listener %v: %w", l.Addr(), err)
		}
	}()
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return problem.New(problem.Internal, "serve", s.h.cfg.SFTP, err)
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = hostNames(s.h.cfg.Names)[0]
	}
	s.listeners = append(s.listeners, api.Listener{Door: "sftp", URL: "sftp://" + net.JoinHostPort(host, port), Fingerprint: ssh.FingerprintSHA256(key.PublicKey())})
	return nil
}

// stoppable is the SFTP door with its listener.
type stoppable struct {
	net.Listener
	door *sftp.Server
}

// Shutdown takes no new connections and lets those there are finish.
func (d stoppable) Shutdown(ctx context.Context) error {
	return errors.Join(d.Listener.Close(), d.door.Shutdown(ctx))
}
