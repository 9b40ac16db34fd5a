package cli

import (
	"fmt"
	"strconv"
	"strings"
)

// UnknownFlagError names a flag or a key of config.yaml that k3s does not have.
type UnknownFlagError struct{ Name string }

func (e UnknownFlagError) Error() string { return "flag provided but not defined: -" + e.Name }

// values holds what was given, by flag name.
type values map[string][]string

// put records one source's values for a flag, replacing those of an earlier
// source or, with more, adding to them.
func (v values) put(role Role, name string, given []string, more bool) error {
	f, known := find(role, name)
	if !known {
		return UnknownFlagError{Name: name}
	}
	if f.refused != "" {
		return fmt.Errorf("--%s is not supported: %s", f.name, f.refused)
	}
	switch f.kind {
	case list:
		if more {
			given = append(append([]string(nil), v[f.name]...), given...)
		}
	case toggle, text:
		if len(given) != 1 {
			return fmt.Errorf("--%s takes one value, got %d", f.name, len(given))
		}
		if _, err := strconv.ParseBool(given[0]); f.kind == toggle && err != nil {
			return fmt.Errorf("invalid boolean value %q for -%s", given[0], f.name)
		}
	}
	v[f.name] = given
	return nil
}

func (v values) text(name, fallback string) string {
	if given := v[name]; len(given) == 1 && given[0] != "" {
		return given[0]
	}
	return fallback
}

func (v values) on(name string) bool {
	on, err := strconv.ParseBool(v.text(name, "false"))
	return err == nil && on
}

// words is a list whose elements may themselves be comma-separated.
func (v values) words(name string) []string {
	var parts []string
	for _, value := range v[name] {
		for _, part := range strings.Split(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

// fromEnvironment reads the variables k3s knows. They are the weakest source.
func (v values) fromEnvironment(role Role, environment func(string) string) error {
	for _, f := range flags {
		if f.env == "" || (f.only != "" && f.only != role) {
			continue
		}
		if given := environment(f.env); given != "" {
			if err := v.put(role, f.name, []string{given}, false); err != nil {
				return fmt.Errorf("%s: %w", f.env, err)
			}
		}
	}
	return nil
}

// fromArguments reads --name=value, --name value and the short forms.
func (v values) fromArguments(role Role, args []string) error {
	seen := map[string]bool{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name := strings.TrimLeft(arg, "-")
		if name == arg || name == "" {
			return fmt.Errorf("unexpected argument %q", arg)
		}
		name, given, inline := strings.Cut(name, "=")
		f, known := find(role, name)
		if !known {
			return UnknownFlagError{Name: name}
		}
		switch {
		case inline || f.refused != "": // put says why it is refused
		case f.kind == toggle:
			given = "true"
		case len(args) == 0:
			return fmt.Errorf("flag needs an argument: -%s", name)
		default:
			given, args = args[0], args[1:]
		}
		if err := v.put(role, f.name, []string{given}, seen[f.name]); err != nil {
			return err
		}
		seen[f.name] = true
	}
	return nil
}
