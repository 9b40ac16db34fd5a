package server

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/pki"
	"terrarium/lab/k3s/internal/token"
)

// errOtherToken is a server restarted with a secret that is not its cluster's.
var errOtherToken = errors.New("bootstrap data already found and encrypted with different token")

// tokens are what nodes and administrators log in to a server with.
type tokens struct {
	// server is the administrator's, of the user "server".
	server token.Token
	// agent is what agent nodes join by, of the user "node".
	agent token.Token
}

// settleTokens decides the cluster's tokens: its own is the one on disk from an
// earlier start, else the one given, else a new one. The kept copy is the
// authority; the other files are for people to read. Agent nodes join by the
// secret given for them, else by the server's own.
func settleTokens(data layout.Data, given, agent *token.Token, bundle []byte) (tokens, error) {
	kept := data.Server("cred", "token")
	own, err := readToken(kept)
	switch {
	case errors.Is(err, os.ErrNotExist) && given != nil:
		own = given.For(bundle, token.User)
	case errors.Is(err, os.ErrNotExist):
		own = token.New(bundle)
	case err != nil:
		return tokens{}, err
	case given != nil && given.For(bundle, token.User) != own:
		return tokens{}, errOtherToken
	}
	settled := tokens{server: own, agent: own.As(token.AgentUser)}
	for _, path := range []string{kept, data.Server("token")} {
		if err := pki.WriteFile(path, []byte(own.Reveal()+"\n"), 0o600); err != nil {
			return tokens{}, err
		}
	}
	if err := link(data.Server("token"), data.Server("node-token")); err != nil {
		return tokens{}, err
	}
	if agent == nil {
		return settled, link(data.Server("token"), data.Server("agent-token"))
	}
	settled.agent = agent.For(bundle, token.AgentUser)
	return settled, pki.WriteFile(data.Server("agent-token"), []byte(settled.agent.Reveal()+"\n"), 0o600)
}

// link puts a symbolic link in the place of whatever is there.
func link(target, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("replace %s: %w", path, err)
	}
	if err := os.Symlink(target, path); err != nil {
		return fmt.Errorf("link %s: %w", path, err)
	}
	return nil
}

func readToken(path string) (token.Token, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return token.Token{}, fmt.Errorf("read the cluster's token: %w", err)
	}
	return token.Parse(strings.TrimSpace(string(content)), token.User)
}
