package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/kubeconfig"
	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/pki"
)

// authorities are the cluster's three roots: for servers (kubelets too), for
// clients, and for the aggregation layer's proxy.
type authorities struct {
	server, client, proxy *pki.Authority
}

// The control plane's client identities and their kubeconfigs.
var clients = []struct{ file, name, group string }{
	{"client-admin", "system:admin", "system:masters"},
	{"client-controller", "system:kube-controller-manager", ""},
	{"client-scheduler", "system:kube-scheduler", ""},
	{"client-kube-apiserver", "system:apiserver", "system:masters"},
}

func openAuthorities(data layout.Data) (authorities, error) {
	server, err1 := pki.OpenAuthority(data.TLS("server-ca"), "k3s-server-ca")
	client, err2 := pki.OpenAuthority(data.TLS("client-ca"), "k3s-client-ca")
	proxy, err3 := pki.OpenAuthority(data.TLS("request-header-ca"), "k3s-request-header-ca")
	return authorities{server, client, proxy}, errors.Join(err1, err2, err3)
}

// issue writes every certificate and kubeconfig of the control plane.
func (a authorities) issue(o cli.Options, ip netip.Addr) error {
	data := o.Data
	err := a.server.Issue(data.TLS("serving-kube-apiserver"), servingSubject(o, ip))
	for _, c := range clients {
		subject := pki.Subject{Name: c.name}
		if c.group != "" {
			subject.Groups = []string{c.group}
		}
		err = errors.Join(err, a.client.Issue(data.TLS(c.file), subject))
	}
	err = errors.Join(err, a.proxy.Issue(data.TLS("client-auth-proxy"), pki.Subject{Name: "system:auth-proxy"}))
	// Tokens of service accounts must stay valid across restarts.
	_, keyErr := pki.OpenKey(data.TLS("service.key"))
	if err = errors.Join(err, keyErr); err != nil {
		return err
	}
	return errors.Join(
		a.writeKubeconfig(data, "client-admin", data.Server("cred", "admin.kubeconfig"), 0o600),
		a.writeKubeconfig(data, "client-controller", data.Server("cred", "controller.kubeconfig"), 0o600),
		a.writeKubeconfig(data, "client-scheduler", data.Server("cred", "scheduler.kubeconfig"), 0o600),
	)
}

func (a authorities) writeKubeconfig(data layout.Data, client, path string, mode os.FileMode) error {
	cert, err1 := os.ReadFile(data.TLS(client + ".crt"))
	key, err2 := os.ReadFile(data.TLS(client + ".key"))
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("read the identity %s: %w", client, err)
	}
	return kubeconfig.Write(path, mode, kubeconfig.Access{
		Server: fmt.Sprintf("https://127.0.0.1:%d", layout.APIPort), CA: a.server.PEM, Cert: cert, Key: key,
	})
}

// servingSubject lists all names and addresses clients may call the API by.
func servingSubject(o cli.Options, ip netip.Addr) pki.Subject {
	s := pki.Subject{
		Name: "kube-apiserver",
		DNS: []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + o.Cluster.Domain,
			"localhost", o.NodeName},
		Addresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IP(ip.AsSlice()), o.Cluster.APIServiceIP()},
	}
	if o.AdvertiseIP.IsValid() {
		s.Addresses = append(s.Addresses, net.IP(o.AdvertiseIP.AsSlice()))
	}
	for _, name := range o.SubjectNames {
		if address := net.ParseIP(strings.Trim(name, "[]")); address != nil {
			s.Addresses = append(s.Addresses, address)
		} else {
			s.DNS = append(s.DNS, name)
		}
	}
	return s
}
