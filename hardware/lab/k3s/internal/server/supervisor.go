package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"time"

	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/pki"
	"terrarium/lab/k3s/internal/token"
	"terrarium/lab/k3s/internal/wire"

	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes"
)

const largestRequest = 64 << 10

// supervisor answers joining nodes. It is up before the API server is, and
// says so with 503 until then.
type supervisor struct {
	authorities authorities
	tokens      tokens
	cluster     cli.Cluster
	client      kubernetes.Interface
	data        layout.Data
}

// listen serves until ctx ends; it returns once the port is taken.
func (s supervisor) listen(ctx context.Context) error {
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(layout.SupervisorPort))
	if err != nil {
		return fmt.Errorf("listen for joining nodes: %w", err)
	}
	// A certificate is asked for and not demanded: who has none yet shows a token.
	web := &http.Server{Handler: s.routes(), TLSConfig: &tls.Config{ClientAuth: tls.RequestClientCert}, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	go func() {
		<-ctx.Done()
		web.Close() //nolint:errcheck // joining nodes try again
	}()
	go func() {
		err := web.ServeTLS(listener, s.data.TLS("serving-kube-apiserver.crt"), s.data.TLS("serving-kube-apiserver.key"))
		if !errors.Is(err, http.ErrServerClosed) {
			logrus.Errorf("The endpoint for joining nodes ended: %v", err)
		}
	}()
	return nil
}

func (s supervisor) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wire.CACertsPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(s.authorities.server.PEM) //nolint:errcheck // the caller went away
	})
	mux.HandleFunc("GET "+wire.PingPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("pong")) //nolint:errcheck // the caller went away
	})
	mux.HandleFunc("POST "+wire.JoinPath, s.join)
	mux.HandleFunc("GET "+wire.BootstrapPath, s.bootstrap)
	return mux
}

func (s supervisor) join(w http.ResponseWriter, r *http.Request) {
	if !s.allow(w, r, agentRole, nodesGroup) {
		return
	}
	var request wire.JoinRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, largestRequest)).Decode(&request); err != nil {
		http.Error(w, "the request is not understood", http.StatusBadRequest)
		return
	}
	reply, err := s.admit(r.Context(), request)
	var bad badRequestError
	switch {
	case errors.Is(err, errPassword):
		http.Error(w, err.Error(), http.StatusForbidden)
	case errors.As(err, &bad):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(w, "API server is not ready: "+err.Error(), http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(reply) //nolint:errcheck // the caller went away
	}
}

// Who may do what, as k3s has it: a token gives its user's role, a certificate
// of the cluster's client authority gives its groups.
const (
	serverRole = "k3s:server"
	agentRole  = "k3s:agent"
	nodesGroup = "system:nodes"
)

// allow answers a request of somebody without any of the roles, and says so.
func (s supervisor) allow(w http.ResponseWriter, r *http.Request, roles ...string) bool {
	has := s.roles(r)
	switch {
	case len(has) == 0:
		http.Error(w, "not authorized", http.StatusUnauthorized)
		return false
	case !slices.ContainsFunc(has, func(role string) bool { return slices.Contains(roles, role) }):
		http.Error(w, "forbidden", http.StatusForbidden)
		return false
	}
	return true
}

// roles compares digests, so that the time taken tells nothing.
func (s supervisor) roles(r *http.Request) []string {
	user, given, _ := r.BasicAuth()
	for role, one := range map[string]token.Token{serverRole: s.tokens.server, agentRole: s.tokens.agent} {
		name, secret := one.Credentials()
		want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(given))
		if user == name && subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
			return []string{role}
		}
	}
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.authorities.client.PEM)
	leaf := r.TLS.PeerCertificates[0]
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		return nil
	}
	return leaf.Subject.Organization
}

// bootstrap hands out the authorities' keys, with which one is whoever one
// likes: what another server of the cluster would ask for.
func (s supervisor) bootstrap(w http.ResponseWriter, r *http.Request) {
	if !s.allow(w, r, serverRole) {
		return
	}
	reply := map[string][]byte{}
	for _, name := range []string{"server-ca", "client-ca", "request-header-ca"} {
		for _, kind := range []string{".crt", ".key"} {
			content, err := os.ReadFile(s.data.TLS(name + kind))
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			reply[name+kind] = content
		}
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(reply) //nolint:errcheck // the caller went away
}

type badRequestError struct{ what string }

func (e badRequestError) Error() string { return e.what }

// admit checks that the name is the node's and signs its three identities.
func (s supervisor) admit(ctx context.Context, request wire.JoinRequest) (wire.JoinReply, error) {
	name := request.NodeName
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 || request.Password == "" {
		return wire.JoinReply{}, badRequestError{fmt.Sprintf("node name %q or its password is unusable: %v", name, problems)}
	}
	addresses := []net.IP{net.IPv4(127, 0, 0, 1)}
	for _, text := range request.Addresses {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return wire.JoinReply{}, badRequestError{fmt.Sprintf("node address %q is not an address", text)}
		}
		addresses = append(addresses, net.IP(address.AsSlice()))
	}
	if err := checkPassword(ctx, s.client, name, request.Password); err != nil {
		return wire.JoinReply{}, err
	}
	reply := wire.JoinReply{Cluster: s.cluster, ServerCA: s.authorities.server.PEM, ClientCA: s.authorities.client.PEM}
	for _, one := range []struct {
		by      *pki.Authority
		key     []byte
		subject pki.Subject
		into    *[]byte
	}{
		{s.authorities.client, request.Keys.Kubelet, pki.Subject{Name: "system:node:" + name, Groups: []string{"system:nodes"}}, &reply.Certificates.Kubelet},
		{s.authorities.server, request.Keys.Serving, pki.Subject{Name: name, DNS: []string{name, "localhost"}, Addresses: addresses}, &reply.Certificates.Serving},
		{s.authorities.client, request.Keys.KubeProxy, pki.Subject{Name: "system:kube-proxy"}, &reply.Certificates.KubeProxy},
	} {
		public, err := pki.ParsePublic(one.key)
		if err != nil {
			return wire.JoinReply{}, badRequestError{err.Error()}
		}
		if *one.into, err = one.by.Sign(public, one.subject); err != nil {
			return wire.JoinReply{}, err
		}
	}
	logrus.Infof("Node %s may join", name)
	return reply, nil
}
