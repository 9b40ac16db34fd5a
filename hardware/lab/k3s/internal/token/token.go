// Package token reads and writes k3s' cluster token,
// K10<sha256 of the CA bundle, hex>::<user>:<secret>.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

const prefix = "K10"

// The account names tokens carry.
const (
	// User is that of a server's own token, an administrator's.
	User = "server"
	// AgentUser is what agent nodes log in as, whichever token they hold.
	AgentUser = "node"
)

// ErrFormat is returned for a K10 token that is not well formed.
var ErrFormat = errors.New("invalid token format: expected K10<CA hash>::<user>:<password>")

// Token is a parsed cluster token. Its secret is kept out of every formatted
// output; use Reveal to write the token file.
type Token struct {
	// CAHash is 64 hex digits, or empty for a short token, which cannot
	// prove that the server is the right one.
	CAHash string
	user   string
	secret string
}

// Parse accepts the full form and the short form, a bare secret, which is taken
// for that user's.
func Parse(text, user string) (Token, error) {
	text = strings.TrimSpace(text)
	rest, full := strings.CutPrefix(text, prefix)
	if !full {
		if text == "" {
			return Token{}, ErrFormat
		}
		return Token{user: user, secret: text}, nil
	}
	hash, credentials, found := strings.Cut(rest, "::")
	name, secret, paired := strings.Cut(credentials, ":")
	if raw, err := hex.DecodeString(hash); !found || !paired || name == "" || secret == "" || err != nil || len(raw) != sha256.Size {
		return Token{}, ErrFormat
	}
	return Token{CAHash: hash, user: name, secret: secret}, nil
}

// New makes a token with a random secret for the cluster with this CA bundle.
func New(caBundle []byte) Token {
	secret := make([]byte, 16)
	rand.Read(secret) // documented never to fail
	return Token{CAHash: Hash(caBundle), user: User, secret: hex.EncodeToString(secret)}
}

// For returns the same secret bound to a CA bundle and a user, as a server's
// token files hold it.
func (t Token) For(caBundle []byte, user string) Token {
	return Token{CAHash: Hash(caBundle), user: user, secret: t.secret}
}

// As returns the same token for another user: an agent node logs in as one,
// whatever its token says.
func (t Token) As(user string) Token {
	t.user = user
	return t
}

// Credentials are what basic authentication sends.
func (t Token) Credentials() (user, secret string) { return t.user, t.secret }

// Reveal is the text of the token file.
func (t Token) Reveal() string {
	return fmt.Sprintf("%s%s::%s:%s", prefix, t.CAHash, t.user, t.secret)
}

// Format hides the secret from every fmt verb.
func (t Token) Format(f fmt.State, _ rune) { fmt.Fprint(f, "<token>") }

// Hash is the fingerprint of a CA bundle in PEM form, in hex.
func Hash(caBundle []byte) string {
	sum := sha256.Sum256(caBundle)
	return hex.EncodeToString(sum[:])
}
