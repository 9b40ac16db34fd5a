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

// settleToken decides the cluster's token: the one on disk from an earlier
// start, else the one given, else a new one. The kept copy is the authority;
// token and node-token are for people to read.
func settleToken(data layout.Data, given *token.Token, bundle []byte) (token.Token, error) {
	kept := data.Server("cred", "token")
	chosen, err := readToken(kept)
	switch {
	case errors.Is(err, os.ErrNotExist) && given != nil:
		chosen = given.For(bundle)
	case errors.Is(err, os.ErrNotExist):
		chosen = token.New(bundle)
	case err != nil:
		return token.Token{}, err
	case given != nil && given.For(bundle) != chosen:
		return token.Token{}, errOtherToken
	}
	content := []byte(chosen.Reveal() + "\n")
	for _, path := range []string{kept, data.Server("token"), data.Server("node-token")} {
		if err := pki.WriteFile(path, content, 0o600); err != nil {
			return token.Token{}, err
		}
	}
	return chosen, nil
}

func readToken(path string) (token.Token, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return token.Token{}, fmt.Errorf("read the cluster's token: %w", err)
	}
	return token.Parse(strings.TrimSpace(string(content)))
}
