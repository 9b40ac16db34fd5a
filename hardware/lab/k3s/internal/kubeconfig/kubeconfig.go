// Package kubeconfig writes kubeconfigs that hold their certificates.
package kubeconfig

import (
	"fmt"
	"io/fs"

	"terrarium/lab/k3s/internal/pki"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Access is one way into a cluster: where it is, whom to trust, who one is.
// The certificates and the key are PEM.
type Access struct {
	Server        string
	CA, Cert, Key []byte
}

// Write makes a kubeconfig whose cluster, user and context are all named
// default, as k3s names them.
func Write(path string, mode fs.FileMode, a Access) error {
	const name = "default"
	config := api.NewConfig()
	config.Clusters[name] = &api.Cluster{Server: a.Server, CertificateAuthorityData: a.CA}
	config.AuthInfos[name] = &api.AuthInfo{ClientCertificateData: a.Cert, ClientKeyData: a.Key}
	config.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	content, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("encode the kubeconfig %s: %w", path, err)
	}
	return pki.WriteFile(path, content, mode)
}
