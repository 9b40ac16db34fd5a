package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/pki"
	"terrarium/lab/k3s/internal/token"
	"terrarium/lab/k3s/internal/wire"

	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"
)

func TestTokenIsSettledOnce(t *testing.T) {
	data := layout.Data(t.TempDir())
	bundle := []byte("ca")
	first, err := settleTokens(data, nil, nil, bundle)
	if err != nil {
		t.Fatal(err)
	}
	again, err := settleTokens(data, nil, nil, bundle)
	if err != nil || again != first {
		t.Errorf("a restart changed the token: %v", err)
	}
	other, err := token.Parse("other", token.User)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := settleTokens(data, &other, nil, bundle); !errors.Is(err, errOtherToken) {
		t.Errorf("got %v, want %v", err, errOtherToken)
	}
	for _, name := range []string{"token", "node-token", "agent-token"} {
		content, err := os.ReadFile(data.Server(name))
		info, statErr := os.Stat(data.Server(name))
		if errors.Join(err, statErr) != nil || info.Mode().Perm() != 0o600 || strings.TrimSpace(string(content)) != first.server.Reveal() {
			t.Errorf("%s is not the token, or not for root alone", name)
		}
	}
}

func TestGivenTokenIsTaken(t *testing.T) {
	given, err := token.Parse("hunter2", token.User)
	if err != nil {
		t.Fatal(err)
	}
	settled, err := settleTokens(layout.Data(t.TempDir()), &given, nil, []byte("ca"))
	if err != nil || settled.server != given.For([]byte("ca"), token.User) {
		t.Errorf("another token was chosen: %v", err)
	}
}

// A token for agents replaces the link to the server's, and its absence puts
// the link back.
func TestAgentTokenIsAFileOfItsOwn(t *testing.T) {
	data := layout.Data(t.TempDir())
	given, err := token.Parse("hunter2", token.AgentUser)
	if err != nil {
		t.Fatal(err)
	}
	linked := func() bool {
		info, err := os.Lstat(data.Server("agent-token"))
		return err == nil && info.Mode()&os.ModeSymlink != 0
	}
	for _, agent := range []*token.Token{nil, &given, &given, nil} {
		settled, err := settleTokens(data, nil, agent, []byte("ca"))
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(data.Server("agent-token"))
		if err != nil {
			t.Fatal(err)
		}
		want := settled.server.Reveal()
		if agent != nil {
			want = "K10" + token.Hash([]byte("ca")) + "::node:hunter2"
		}
		if linked() != (agent == nil) || strings.TrimSpace(string(content)) != want {
			t.Errorf("agent token given: %v, link: %v", agent != nil, linked())
		}
		if info, err := os.Stat(data.Server("agent-token")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("not for root alone: %v", err)
		}
	}
}

func TestBundledManifestsAreYAML(t *testing.T) {
	for _, name := range slices.Concat(slices.Collect(maps.Values(addons))...) {
		for _, upstream := range []bool{true, false} {
			content, err := render(name, values{DNS: "10.43.0.10", Domain: "cluster.local", StoragePath: "/data", Upstream: upstream})
			if err != nil {
				t.Fatal(err)
			}
			if !holdsObjects(content) {
				continue // Traefik's kinds come with the build
			}
			for _, document := range bytes.Split(content, []byte("\n---\n")) {
				var object struct{ Kind, APIVersion string }
				if err := yaml.Unmarshal(document, &object); err != nil || object.Kind == "" || object.APIVersion == "" {
					t.Errorf("%s: %v\n%s", name, err, document)
				}
			}
			if name == "coredns" && bytes.Contains(content, []byte("forward .")) != upstream {
				t.Error("names outside the cluster are forwarded exactly when there is a resolver")
			}
		}
	}
}

// joinRequest is a node's well-formed request.
func joinRequest(t *testing.T, name, password string) wire.JoinRequest {
	t.Helper()
	key, err := pki.OpenKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := pki.PublicPEM(key)
	if err != nil {
		t.Fatal(err)
	}
	return wire.JoinRequest{NodeName: name, Password: password, Addresses: []string{"10.0.0.2"},
		Keys: wire.Material{Kubelet: public, Serving: public, KubeProxy: public}}
}

func TestJoin(t *testing.T) {
	data := layout.Data(t.TempDir())
	roots, err := openAuthorities(data)
	if err != nil {
		t.Fatal(err)
	}
	given, err := token.Parse("agents-own", token.AgentUser)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := settleTokens(data, nil, &given, roots.server.PEM)
	if err != nil {
		t.Fatal(err)
	}
	client := fake.NewClientset()
	handler := supervisor{authorities: roots, tokens: secrets, cluster: cli.Cluster{DNS: "10.43.0.10"}, client: client, data: data}.routes()
	user, password := secrets.agent.Credentials()
	admin, adminPassword := secrets.server.Credentials()
	post := func(user, password string, request wire.JoinRequest) *httptest.ResponseRecorder {
		t.Helper()
		body, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, wire.JoinPath, bytes.NewReader(body))
		r.SetBasicAuth(user, password)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	unnamed, keyless := joinRequest(t, "Not A Name", "p"), joinRequest(t, "b", "p")
	keyless.Keys.Serving = []byte("nothing")
	for _, c := range []struct {
		what           string
		user, password string
		request        wire.JoinRequest
		want           int
	}{
		{"wrong secret", user, password + "x", joinRequest(t, "a", "p"), http.StatusUnauthorized},
		{"wrong user", "admin", password, joinRequest(t, "a", "p"), http.StatusUnauthorized},
		{"first join", user, password, joinRequest(t, "a", "p"), http.StatusOK},
		{"rejoin", user, password, joinRequest(t, "a", "p"), http.StatusOK},
		{"the server's secret as an agent's", user, adminPassword, joinRequest(t, "a", "p"), http.StatusUnauthorized},
		{"the server's token", admin, adminPassword, joinRequest(t, "a", "p"), http.StatusForbidden},
		{"second machine of that name", user, password, joinRequest(t, "a", "q"), http.StatusForbidden},
		{"bad name", user, password, unnamed, http.StatusBadRequest},
		{"bad key", user, password, keyless, http.StatusBadRequest},
	} {
		w := post(c.user, c.password, c.request)
		if w.Code != c.want {
			t.Errorf("%s: got %d %s, want %d", c.what, w.Code, w.Body, c.want)
		}
		if c.what == "second machine of that name" && !strings.HasPrefix(w.Body.String(), "Node password rejected, duplicate hostname") {
			t.Errorf("%s: got %s", c.what, w.Body)
		}
	}
	if err := forgetPassword(context.Background(), client, "a"); err != nil {
		t.Fatal(err)
	}
	if w := post(user, password, joinRequest(t, "a", "q")); w.Code != http.StatusOK {
		t.Errorf("a forgotten node's name cannot be taken: %d %s", w.Code, w.Body)
	}
}

// The token of agent nodes gives nothing of an administrator's: not the keys of
// the authorities, with which one is whoever one likes.
func TestOnlyTheServersTokenIsAnAdministrators(t *testing.T) {
	data := layout.Data(t.TempDir())
	roots, err := openAuthorities(data)
	if err != nil {
		t.Fatal(err)
	}
	given, err := token.Parse("agents-own", token.AgentUser)
	if err != nil {
		t.Fatal(err)
	}
	for _, agent := range []*token.Token{nil, &given} {
		secrets, err := settleTokens(data, nil, agent, roots.server.PEM)
		if err != nil {
			t.Fatal(err)
		}
		handler := supervisor{authorities: roots, tokens: secrets, data: data}.routes()
		ask := func(user, password string) int {
			r := httptest.NewRequest(http.MethodGet, wire.BootstrapPath, nil)
			r.SetBasicAuth(user, password)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if strings.Contains(w.Body.String(), "PRIVATE KEY") || (w.Code != http.StatusOK && w.Body.Len() > 64) {
				t.Errorf("%s: a key in a reply of status %d", user, w.Code)
			}
			return w.Code
		}
		_, agents := secrets.agent.Credentials()
		_, admins := secrets.server.Credentials()
		asServer := http.StatusUnauthorized
		if agent == nil {
			asServer = http.StatusOK // one secret for both: why there should be two
		}
		for _, c := range []struct {
			user, password string
			want           int
		}{
			{token.User, admins, http.StatusOK},
			{token.AgentUser, agents, http.StatusForbidden},
			{token.User, agents, asServer},
			{token.User, "", http.StatusUnauthorized},
		} {
			if got := ask(c.user, c.password); got != c.want {
				t.Errorf("own agent token: %v, user %s: got %d, want %d", agent != nil, c.user, got, c.want)
			}
		}
	}
}

// A node that was away while the agents' token changed comes back by the
// certificate it has; another cluster's certificate is nobody's.
func TestANodeComesBackByItsCertificate(t *testing.T) {
	data := layout.Data(t.TempDir())
	roots, err := openAuthorities(data)
	if err != nil {
		t.Fatal(err)
	}
	others, err := openAuthorities(layout.Data(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := settleTokens(data, nil, nil, roots.server.PEM)
	if err != nil {
		t.Fatal(err)
	}
	handler := supervisor{authorities: roots, tokens: secrets, client: fake.NewClientset(), data: data}.routes()
	for _, c := range []struct {
		what  string
		by    *pki.Authority
		group string
		want  int
	}{
		{"its own", roots.client, nodesGroup, http.StatusOK},
		{"of another group", roots.client, "people", http.StatusForbidden},
		{"another cluster's", others.client, nodesGroup, http.StatusUnauthorized},
	} {
		base := filepath.Join(t.TempDir(), "client-kubelet")
		if err := c.by.Issue(base, pki.Subject{Name: "system:node:a", Groups: []string{c.group}}); err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(base+".crt", base+".key")
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(joinRequest(t, "a", "p"))
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, wire.JoinPath, bytes.NewReader(body))
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}
		r.SetBasicAuth(token.AgentUser, "an earlier secret")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: got %d %s, want %d", c.what, w.Code, w.Body, c.want)
		}
	}
}

func TestPasswordHashes(t *testing.T) {
	hash := hashPassword("p")
	if !matches(hash, "p") || matches(hash, "q") || matches("", "p") || hash == hashPassword("p") {
		t.Error("a password must match its own salted hash only")
	}
}

func TestDeployer(t *testing.T) {
	folder := t.TempDir()
	var calls []string
	broken := true
	d := deployer{folder: folder, applied: map[string][32]byte{}, kubectl: func(_ context.Context, args ...string) error {
		name := filepath.Base(args[len(args)-1])
		calls = append(calls, args[0]+" "+name)
		if name == "b.yaml" && broken {
			return errors.New("broken")
		}
		return nil
	}}
	for name, content := range map[string]string{"a.yaml": "1", "b.yaml": "1", "c.yaml": "1", "c.yaml.skip": "", "notes.txt": "1"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.scan(context.Background())
	broken = false
	d.scan(context.Background())
	d.scan(context.Background())
	if err := os.WriteFile(filepath.Join(folder, "a.yaml"), []byte("2"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.scan(context.Background())
	if got, want := strings.Join(calls, ", "), "apply a.yaml, apply b.yaml, apply b.yaml, apply a.yaml"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
