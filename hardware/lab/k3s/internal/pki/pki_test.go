package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func parse(t *testing.T, content []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(content)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestAuthoritySurvivesARestart(t *testing.T) {
	base := filepath.Join(t.TempDir(), "tls", "server-ca")
	first, err := OpenAuthority(base, "server-ca")
	if err != nil {
		t.Fatal(err)
	}
	second, err := OpenAuthority(base, "server-ca")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.PEM, second.PEM) {
		t.Error("a second start made another authority")
	}
	info, err := os.Stat(base + ".key")
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", info, err)
	}
}

func TestSignedCertificates(t *testing.T) {
	dir := t.TempDir()
	ca, err := OpenAuthority(filepath.Join(dir, "ca"), "ca")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM)
	key, err := OpenKey(filepath.Join(dir, "leaf.key"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := PublicPEM(key)
	if err != nil {
		t.Fatal(err)
	}
	travelled, err := ParsePublic(public)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		subject Subject
		usage   x509.ExtKeyUsage
		host    string
	}{
		{Subject{Name: "system:node:a", Groups: []string{"system:nodes"}}, x509.ExtKeyUsageClientAuth, ""},
		{Subject{Name: "a", DNS: []string{"a"}, Addresses: []net.IP{net.IPv4(10, 0, 0, 1)}}, x509.ExtKeyUsageServerAuth, "10.0.0.1"},
	} {
		content, err := ca.Sign(travelled, c.subject)
		if err != nil {
			t.Fatal(err)
		}
		leaf := parse(t, content)
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: c.host, KeyUsages: []x509.ExtKeyUsage{c.usage}}); err != nil {
			t.Errorf("%s: %v", c.subject.Name, err)
		}
		if leaf.Subject.CommonName != c.subject.Name || len(leaf.Subject.Organization) != len(c.subject.Groups) {
			t.Errorf("got subject %s", leaf.Subject)
		}
	}
}
