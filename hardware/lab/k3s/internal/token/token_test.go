package token

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestNewTokenReadsBack(t *testing.T) {
	made := New([]byte("bundle"))
	read, err := Parse(made.Reveal()+"\n", User)
	if err != nil {
		t.Fatal(err)
	}
	if read != made {
		t.Error("the token read differs from the one written")
	}
	if !strings.HasPrefix(made.Reveal(), "K10"+Hash([]byte("bundle"))+"::server:") {
		t.Error("unexpected form of a full token")
	}
}

func TestHashIsSHA256OfTheBundle(t *testing.T) {
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := Hash([]byte("abc")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParse(t *testing.T) {
	hash := Hash(nil)
	for _, c := range []struct {
		text, user, secret string
		fails              bool
	}{
		{text: "hunter2", user: "server", secret: "hunter2"},
		{text: "K10" + hash + "::node:a:b", user: "node", secret: "a:b"},
		{text: "", fails: true},
		{text: "K10", fails: true},
		{text: "K10abcd::server:x", fails: true},
		{text: "K10" + hash + "::server:", fails: true},
		{text: "K10" + hash + ":server:x", fails: true},
		{text: "K10" + strings.Repeat("z", 64) + "::server:x", fails: true},
	} {
		got, err := Parse(c.text, User)
		if c.fails {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%q: got error %v, want %v", c.text, err, ErrFormat)
			}
			continue
		}
		if user, secret := got.Credentials(); err != nil || user != c.user || secret != c.secret {
			t.Errorf("%q: got %s and an unexpected secret, error %v", c.text, user, err)
		}
	}
}

func TestShortTokenIsBoundToTheCluster(t *testing.T) {
	short, err := Parse("hunter2", User)
	if err != nil {
		t.Fatal(err)
	}
	if want := "K10" + Hash([]byte("ca")) + "::server:hunter2"; short.For([]byte("ca"), User).Reveal() != want {
		t.Error("the token file would not hold the given secret")
	}
}

func TestSecretIsNeverFormatted(t *testing.T) {
	short, err := Parse("hunter2", User)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if out := fmt.Sprintf(verb, short); strings.Contains(out, "hunter2") {
			t.Errorf("%s shows the secret", verb)
		}
	}
}
