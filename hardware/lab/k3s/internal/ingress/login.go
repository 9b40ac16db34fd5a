package ingress

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/crypto/bcrypt"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// gate asks for the login of a Middleware.
type gate struct {
	client kubernetes.Interface
	// passed are the digests of logins that were right: a hash made to be slow
	// is not worked out for every request of a page.
	passed sync.Map
}

// open says whether the request has the login that the Middleware asks for.
func (g *gate) open(ctx context.Context, namespace, name string, request *http.Request) (bool, error) {
	users, err := g.users(ctx, namespace, name)
	if err != nil {
		return false, err
	}
	user, password, ok := request.BasicAuth()
	if !ok {
		return false, nil
	}
	for _, line := range strings.Split(users, "\n") {
		known, hash, _ := strings.Cut(strings.TrimSpace(line), ":")
		if known != user || hash == "" {
			continue
		}
		key := sha256.Sum256([]byte(hash + "\x00" + password))
		if _, ok := g.passed.Load(key); ok {
			return true, nil
		}
		if bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil {
			g.passed.Store(key, true)
			return true, nil
		}
	}
	return false, nil
}

// users are the lines of the Secret that the Middleware names.
func (g *gate) users(ctx context.Context, namespace, name string) (string, error) {
	path := fmt.Sprintf("/apis/traefik.io/v1alpha1/namespaces/%s/middlewares/%s", namespace, name)
	content, err := g.client.Discovery().RESTClient().Get().AbsPath(path).DoRaw(ctx)
	if err != nil {
		return "", fmt.Errorf("read the middleware %s/%s: %w", namespace, name, err)
	}
	var middleware struct {
		Spec struct {
			BasicAuth struct {
				Secret string `json:"secret"`
			} `json:"basicAuth"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(content, &middleware); err != nil {
		return "", fmt.Errorf("decode the middleware %s/%s: %w", namespace, name, err)
	}
	secret, err := g.client.CoreV1().Secrets(namespace).Get(ctx, middleware.Spec.BasicAuth.Secret, meta.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("read the users of %s/%s: %w", namespace, name, err)
	}
	return string(secret.Data["users"]), nil
}
