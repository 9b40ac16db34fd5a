package node

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/kubeconfig"
	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/pki"
	"terrarium/lab/k3s/internal/wire"
)

// identity is the machine's own half of a join.
type identity struct {
	data    layout.Data
	request wire.JoinRequest
}

func newIdentity(o cli.Options, ip netip.Addr) (identity, error) {
	password, err := nodePassword(layout.NodePassword)
	if err != nil {
		return identity{}, err
	}
	id := identity{data: o.Data, request: wire.JoinRequest{NodeName: o.NodeName, Password: password, Addresses: []string{ip.String()}}}
	for _, entry := range id.entries(&id.request.Keys) {
		key, err := pki.OpenKey(entry.base + ".key")
		if err != nil {
			return identity{}, err
		}
		if *entry.pem, err = pki.PublicPEM(key); err != nil {
			return identity{}, err
		}
	}
	return id, nil
}

type entry struct {
	base string
	pem  *[]byte
}

// entries pairs each identity's files with its place in a message.
func (id identity) entries(m *wire.Material) []entry {
	return []entry{
		{id.data.Agent("client-kubelet"), &m.Kubelet},
		{id.data.Agent("serving-kubelet"), &m.Serving},
		{id.data.Agent("client-kube-proxy"), &m.KubeProxy},
	}
}

// accept writes what the server handed out: CAs, certificates, kubeconfigs.
func (id identity) accept(reply wire.JoinReply, api string) error {
	err := errors.Join(
		pki.WriteFile(id.data.Agent("server-ca.crt"), reply.ServerCA, 0o644),
		pki.WriteFile(id.data.Agent("client-ca.crt"), reply.ClientCA, 0o644),
	)
	for _, entry := range id.entries(&reply.Certificates) {
		err = errors.Join(err, pki.WriteFile(entry.base+".crt", *entry.pem, 0o644))
	}
	if err != nil {
		return err
	}
	for name, cert := range map[string][]byte{"kubelet": reply.Certificates.Kubelet, "kube-proxy": reply.Certificates.KubeProxy} {
		key, err := os.ReadFile(id.data.Agent("client-" + name + ".key"))
		if err != nil {
			return fmt.Errorf("read the key of %s: %w", name, err)
		}
		access := kubeconfig.Access{Server: api, CA: reply.ServerCA, Cert: cert, Key: key}
		if err := kubeconfig.Write(id.data.Agent(kubeconfigName(name)), 0o600, access); err != nil {
			return err
		}
	}
	return nil
}

func kubeconfigName(component string) string {
	return strings.ReplaceAll(component, "-", "") + ".kubeconfig"
}

func apiURL(host string) string { return "https://" + host + ":" + strconv.Itoa(layout.APIPort) }

// nodePassword reads the machine's password, which it makes at the first start.
func nodePassword(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(content))) > 0 {
		return strings.TrimSpace(string(content)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the node password: %w", err)
	}
	secret := make([]byte, 16)
	rand.Read(secret) // documented never to fail
	password := hex.EncodeToString(secret)
	return password, pki.WriteFile(path, []byte(password+"\n"), 0o600)
}
