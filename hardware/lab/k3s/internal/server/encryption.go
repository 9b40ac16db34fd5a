package server

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"

	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/pki"
)

const encryptionTemplate = `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - aescbc:
      keys:
      - name: aescbckey
        secret: %s
  - identity: {}
`

// encryptionConfig is the file that makes the API server encrypt Secrets, made
// once and kept; it is used from then on even if the wish is withdrawn, since
// Secrets written meanwhile need it. Empty: Secrets are stored in the clear.
func encryptionConfig(data layout.Data, wanted bool) (string, error) {
	path := data.Server("cred", "encryption-config.yaml")
	_, err := os.Stat(path)
	if err == nil {
		return path, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("look for the encryption configuration: %w", err)
	}
	if !wanted {
		return "", nil
	}
	key := make([]byte, 32)
	rand.Read(key) // documented never to fail
	content := fmt.Sprintf(encryptionTemplate, base64.StdEncoding.EncodeToString(key))
	return path, pki.WriteFile(path, []byte(content), 0o600)
}
