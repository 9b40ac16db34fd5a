package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// errPassword is a second machine with a name that is taken.
var errPassword = errors.New("Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' " +
	"may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag")

const (
	secretsNamespace = metav1.NamespaceSystem
	hashKey          = "hash"
)

func passwordSecret(node string) string { return node + ".node-password.k3s" }

// checkPassword compares a node's password with the one it first joined with;
// a new name's is kept. Forgetting the Secret lets another machine take a name.
func checkPassword(ctx context.Context, client kubernetes.Interface, node, password string) error {
	secrets := client.CoreV1().Secrets(secretsNamespace)
	kept, err := secrets.Get(ctx, passwordSecret(node), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		immutable := true
		_, err = secrets.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: passwordSecret(node)},
			Immutable:  &immutable,
			Data:       map[string][]byte{hashKey: []byte(hashPassword(password))},
		}, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("keep the password of node %s: %w", node, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the password of node %s: %w", node, err)
	}
	if !matches(string(kept.Data[hashKey]), password) {
		return errPassword
	}
	return nil
}

// forgetPassword lets the name of a deleted node be used again.
func forgetPassword(ctx context.Context, client kubernetes.Interface, node string) error {
	err := client.CoreV1().Secrets(secretsNamespace).Delete(ctx, passwordSecret(node), metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("forget the password of node %s: %w", node, err)
	}
	return nil
}

// hashPassword is salt:digest in hex. The passwords are 128 random bits, so
// a plain digest cannot be searched and needs no stretching.
func hashPassword(password string) string {
	salt := make([]byte, 8)
	rand.Read(salt) // documented never to fail
	return hex.EncodeToString(salt) + ":" + digest(hex.EncodeToString(salt), password)
}

func matches(hash, password string) bool {
	salt, want, found := strings.Cut(hash, ":")
	return found && subtle.ConstantTimeCompare([]byte(want), []byte(digest(salt, password))) == 1
}

func digest(salt, password string) string {
	sum := sha256.Sum256([]byte(salt + password))
	return hex.EncodeToString(sum[:])
}
