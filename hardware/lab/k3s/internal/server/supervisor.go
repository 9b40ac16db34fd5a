package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
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
	token       token.Token
	cluster     cli.Cluster
	client      kubernetes.Interface
}

// listen serves until ctx ends; it returns once the port is taken.
func (s supervisor) listen(ctx context.Context, data layout.Data) error {
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(layout.SupervisorPort))
	if err != nil {
		return fmt.Errorf("listen for joining nodes: %w", err)
	}
	web := &http.Server{Handler: s.routes(), ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	go func() {
		<-ctx.Done()
		web.Close() //nolint:errcheck // joining nodes try again
	}()
	go func() {
		err := web.ServeTLS(listener, data.TLS("serving-kube-apiserver.crt"), data.TLS("serving-kube-apiserver.key"))
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
	return mux
}

func (s supervisor) join(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(r) {
		http.Error(w, "not authorized", http.StatusUnauthorized)
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

// authorized compares digests, so that the time taken tells nothing.
func (s supervisor) authorized(r *http.Request) bool {
	user, given, present := r.BasicAuth()
	_, secret := s.token.Credentials()
	want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(given))
	return present && (user == "node" || user == token.User) && subtle.ConstantTimeCompare(want[:], got[:]) == 1
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
