package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fromFiles reads config.yaml and then config.yaml.d/*.yaml in order of their
// names; a missing file is an empty one. In the directory's files a key with
// a trailing + adds to a list instead of replacing it.
func (v values) fromFiles(role Role, path string, mustExist bool) error {
	err := v.fromFile(role, path)
	if errors.Is(err, os.ErrNotExist) && !mustExist {
		err = nil
	}
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(path + ".d")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("list the configuration directory: %w", err)
	}
	for _, entry := range entries {
		if slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(entry.Name())) {
			if err := v.fromFile(role, filepath.Join(path+".d", entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v values) fromFile(role Role, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	if err := v.fromYAML(role, content); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (v values) fromYAML(role Role, content []byte) error {
	var document map[string]yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return fmt.Errorf("not a YAML mapping: %w", err)
	}
	keys := make([]string, 0, len(document))
	for key := range document {
		keys = append(keys, key)
	}
	slices.Sort(keys) // name before name+
	for _, key := range keys {
		node := document[key]
		given, err := scalars(&node)
		if err != nil {
			return fmt.Errorf("key %s: %w", key, err)
		}
		name, more := strings.CutSuffix(key, "+")
		if err := v.put(role, name, given, more); err != nil {
			return err
		}
	}
	return nil
}

// scalars turns a value or a list of values into what a command line would
// hold. Numbers go through YAML's own rules, so an unquoted 0644 is 420, as
// with k3s.
func scalars(node *yaml.Node) ([]string, error) {
	switch node.Kind {
	case yaml.ScalarNode:
		var value any
		if err := node.Decode(&value); err != nil {
			return nil, err
		}
		if value == nil {
			return []string{""}, nil
		}
		return []string{fmt.Sprint(value)}, nil
	case yaml.SequenceNode:
		var all []string
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("line %d: expected a plain value", item.Line)
			}
			one, err := scalars(item)
			if err != nil {
				return nil, err
			}
			all = append(all, one...)
		}
		return all, nil
	default:
		return nil, fmt.Errorf("line %d: expected a value or a list of values", node.Line)
	}
}
