package node

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/token"
	"terrarium/lab/k3s/internal/wire"

	"github.com/sirupsen/logrus"
)

const (
	attemptTimeout = 10 * time.Second
	// complaintEvery is how often a node that cannot join says so.
	complaintEvery = 5 * time.Second
	largestReply   = 1 << 20
)

// hashMismatchError means the server is not the one the token was made by.
type hashMismatchError struct{ want, got string }

func (e hashMismatchError) Error() string {
	return fmt.Sprintf("token CA hash does not match the Cluster CA certificate hash: %s != %s", e.want, e.got)
}

// errUnauthorized is a wrong secret.
var errUnauthorized = errors.New("401 Unauthorized: not authorized, the token's password is not this cluster's")

// supervisor is a server as a joining node sees it.
type supervisor struct {
	base  string // https://host:port
	token token.Token
	// identity is the base of the files of a certificate from an earlier join,
	// which is shown beside the token.
	identity string
}

// newSupervisor logs in as an agent node does, whosever token it is given.
func newSupervisor(host string, t token.Token, identity string) supervisor {
	base := "https://" + net.JoinHostPort(host, strconv.Itoa(layout.SupervisorPort))
	return supervisor{base: base, token: t.As(token.AgentUser), identity: identity}
}

// join asks until the server answers or ctx ends, with a pause in between. It
// complains as k3s does, at most every few seconds.
func (s supervisor) join(ctx context.Context, request wire.JoinRequest, pause time.Duration) (wire.JoinReply, error) {
	var complained time.Time
	for {
		reply, err := s.attempt(ctx, request)
		if err == nil {
			return reply, nil
		}
		if time.Since(complained) >= complaintEvery {
			complained = time.Now()
			s.complain(err)
		}
		select {
		case <-ctx.Done():
			return wire.JoinReply{}, ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (s supervisor) complain(err error) {
	var mismatch hashMismatchError
	switch {
	case errors.As(err, &mismatch):
		logrus.Error(mismatch)
	case errors.Is(err, errUnauthorized):
		logrus.Errorf("Failed to validate connection to cluster at %s: %v", s.base, err)
	default:
		logrus.Infof("Waiting to retrieve agent configuration; server is not ready: %v", err)
	}
}

func (s supervisor) attempt(ctx context.Context, request wire.JoinRequest) (wire.JoinReply, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	bundle, err := s.trust(ctx)
	if err != nil {
		return wire.JoinReply{}, err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return wire.JoinReply{}, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+wire.JoinPath, bytes.NewReader(body))
	if err != nil {
		return wire.JoinReply{}, err
	}
	post.SetBasicAuth(s.token.Credentials())
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	config := &tls.Config{RootCAs: roots}
	if cert, err := tls.LoadX509KeyPair(s.identity+".crt", s.identity+".key"); err == nil {
		config.Certificates = []tls.Certificate{cert}
	}
	content, err := fetch(post, config)
	if err != nil {
		return wire.JoinReply{}, err
	}
	var reply wire.JoinReply
	if err := json.Unmarshal(content, &reply); err != nil {
		return wire.JoinReply{}, fmt.Errorf("the server's reply is not understood: %w", err)
	}
	return reply, nil
}

// trust fetches the CA bundle over an unverified connection and believes it
// only if its hash is the token's. A short token has none to compare.
func (s supervisor) trust(ctx context.Context) ([]byte, error) {
	get, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+wire.CACertsPath, nil)
	if err != nil {
		return nil, err
	}
	bundle, err := fetch(get, &tls.Config{InsecureSkipVerify: true}) // the hash below is the check
	if err != nil {
		return nil, fmt.Errorf("failed to get CA certs: %w", err)
	}
	if got := token.Hash(bundle); s.token.CAHash != "" && got != s.token.CAHash {
		return nil, hashMismatchError{want: s.token.CAHash, got: got}
	}
	return bundle, nil
}

func fetch(request *http.Request, config *tls.Config) ([]byte, error) {
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end or given up
	content, err := io.ReadAll(io.LimitReader(response.Body, largestReply))
	switch {
	case err != nil:
		return nil, err
	case response.StatusCode == http.StatusUnauthorized:
		return nil, errUnauthorized
	case response.StatusCode == http.StatusForbidden:
		return nil, errors.New(strings.TrimSpace(string(content)))
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %s: %s", request.URL, response.Status, strings.TrimSpace(string(content)))
	}
	return content, nil
}
