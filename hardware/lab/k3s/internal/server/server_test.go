package server

import (
	"bytes"
	"context"
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
	first, err := settleToken(data, nil, bundle)
	if err != nil {
		t.Fatal(err)
	}
	again, err := settleToken(data, nil, bundle)
	if err != nil || again != first {
		t.Errorf("a restart changed the token: %v", err)
	}
	other, err := token.Parse("other")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := settleToken(data, &other, bundle); !errors.Is(err, errOtherToken) {
		t.Errorf("got %v, want %v", err, errOtherToken)
	}
	for _, name := range []string{"token", "node-token"} {
		content, err := os.ReadFile(data.Server(name))
		info, statErr := os.Stat(data.Server(name))
		if errors.Join(err, statErr) != nil || info.Mode().Perm() != 0o600 || strings.TrimSpace(string(content)) != first.Reveal() {
			t.Errorf("%s is not the token, or not for root alone", name)
		}
	}
}

func TestGivenTokenIsTaken(t *testing.T) {
	given, err := token.Parse("hunter2")
	if err != nil {
		t.Fatal(err)
	}
	settled, err := settleToken(layout.Data(t.TempDir()), &given, []byte("ca"))
	if err != nil || settled != given.For([]byte("ca")) {
		t.Errorf("another token was chosen: %v", err)
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
	roots, err := openAuthorities(layout.Data(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	secret := token.New(roots.server.PEM)
	client := fake.NewClientset()
	handler := supervisor{authorities: roots, token: secret, cluster: cli.Cluster{DNS: "10.43.0.10"}, client: client}.routes()
	user, password := secret.Credentials()
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
		{"rejoin", "node", password, joinRequest(t, "a", "p"), http.StatusOK},
		{"second machine of that name", user, password, joinRequest(t, "a", "q"), http.StatusForbidden},
		{"bad name", user, password, unnamed, http.StatusBadRequest},
		{"bad key", user, password, keyless, http.StatusBadRequest},
	} {
		w := post(c.user, c.password, c.request)
		if w.Code != c.want {
			t.Errorf("%s: got %d %s, want %d", c.what, w.Code, w.Body, c.want)
		}
		if c.want == http.StatusForbidden && !strings.HasPrefix(w.Body.String(), "Node password rejected, duplicate hostname") {
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
