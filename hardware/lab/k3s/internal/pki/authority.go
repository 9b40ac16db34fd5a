// Package pki makes and keeps the cluster's certificate authorities and the
// certificates they sign.
package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

const (
	authorityLife = 3650 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
)

// Authority signs certificates.
type Authority struct {
	// PEM is the authority's certificate.
	PEM  []byte
	cert *x509.Certificate
	key  crypto.Signer
}

// Subject is what a certificate is for. DNS names or addresses make it a
// server's; without them it is a client's.
type Subject struct {
	Name      string
	Groups    []string
	DNS       []string
	Addresses []net.IP
}

// OpenAuthority reads base.crt and base.key, which it makes at the first start.
func OpenAuthority(base, name string) (*Authority, error) {
	key, err := OpenKey(base + ".key")
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(base + ".crt")
	if errors.Is(err, os.ErrNotExist) {
		content, err = createAuthority(base+".crt", name, key)
	}
	if err != nil {
		return nil, fmt.Errorf("open the authority %s: %w", base, err)
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, fmt.Errorf("%s.crt holds no PEM certificate", base)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read %s.crt: %w", base, err)
	}
	return &Authority{PEM: content, cert: cert, key: key}, nil
}

func createAuthority(path, name string, key crypto.Signer) ([]byte, error) {
	now := time.Now().UTC()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s@%d", name, now.Unix())},
		NotBefore:             now.Truncate(time.Second),
		NotAfter:              now.Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	content := encodeCertificate(der)
	return content, WriteFile(path, content, 0o644)
}

// Sign issues a certificate for a public key, in PEM form.
func (a *Authority) Sign(public crypto.PublicKey, s Subject) ([]byte, error) {
	usage := x509.ExtKeyUsageClientAuth
	if len(s.DNS)+len(s.Addresses) > 0 {
		usage = x509.ExtKeyUsageServerAuth
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: s.Name, Organization: s.Groups},
		DNSNames:     s.DNS,
		IPAddresses:  s.Addresses,
		NotBefore:    a.cert.NotBefore,
		NotAfter:     time.Now().UTC().Add(leafLife),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{usage},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate for %s: %w", s.Name, err)
	}
	return encodeCertificate(der), nil
}

// Issue keeps base.key and writes a new base.crt for it at every start, so that
// changed names and addresses take effect.
func (a *Authority) Issue(base string, s Subject) error {
	key, err := OpenKey(base + ".key")
	if err != nil {
		return err
	}
	content, err := a.Sign(key.Public(), s)
	if err != nil {
		return err
	}
	return WriteFile(base+".crt", content, 0o644)
}

func serial() *big.Int {
	// 127 random bits: positive and within the 20 octets RFC 5280 allows.
	limit := new(big.Int).Lsh(big.NewInt(1), 127)
	n, err := rand.Int(rand.Reader, limit)
	if err != nil {
		panic(err) // the kernel's random source never fails
	}
	return n
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
