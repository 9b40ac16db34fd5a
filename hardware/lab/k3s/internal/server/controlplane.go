package server

import (
	"net/netip"
	"path/filepath"
	"strconv"

	"terrarium/lab/k3s/internal/child"
	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/component"
	"terrarium/lab/k3s/internal/layout"
)

// etcdSocket is in a directory for root alone: etcd asks nobody who they are.
const etcdSocket = layout.RunDir + "/etcd/client.sock"

// etcd with one member. It listens on sockets only; the http URLs are names
// that a member must have and nobody calls. Without fsync a killed process
// loses nothing, only a machine that loses power would.
func etcd(o cli.Options) child.Spec {
	return child.Spec{Name: component.Etcd, Log: o.Data.Log(component.Etcd), Args: []string{
		"--name=default",
		"--data-dir=" + o.Data.Server("db", "etcd"),
		"--listen-client-urls=unix://" + etcdSocket,
		"--advertise-client-urls=http://localhost:2379",
		"--listen-peer-urls=unix://" + layout.RunDir + "/etcd/peer.sock",
		"--initial-advertise-peer-urls=http://localhost:2380",
		"--initial-cluster=default=http://localhost:2380",
		"--enable-grpc-gateway=false",
		"--unsafe-no-fsync",
		"--auto-compaction-mode=periodic",
		"--auto-compaction-retention=5m",
		"--log-level=warn",
	}}
}

func apiServer(o cli.Options, ip netip.Addr, encryption string) child.Spec {
	tls := o.Data.TLS
	if o.AdvertiseIP.IsValid() {
		ip = o.AdvertiseIP
	}
	args := []string{
		"--advertise-address=" + ip.String(),
		"--secure-port=" + strconv.Itoa(layout.APIPort),
		"--allow-privileged=true",
		"--anonymous-auth=false",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--etcd-servers=unix://" + etcdSocket,
		"--service-cluster-ip-range=" + o.Cluster.ServiceCIDR,
		"--service-node-port-range=" + o.Cluster.NodePortRange,
		"--tls-cert-file=" + tls("serving-kube-apiserver.crt"),
		"--tls-private-key-file=" + tls("serving-kube-apiserver.key"),
		"--client-ca-file=" + tls("client-ca.crt"),
		"--kubelet-certificate-authority=" + tls("server-ca.crt"),
		"--kubelet-client-certificate=" + tls("client-kube-apiserver.crt"),
		"--kubelet-client-key=" + tls("client-kube-apiserver.key"),
		"--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
		"--proxy-client-cert-file=" + tls("client-auth-proxy.crt"),
		"--proxy-client-key-file=" + tls("client-auth-proxy.key"),
		"--requestheader-client-ca-file=" + tls("request-header-ca.crt"),
		"--requestheader-allowed-names=system:auth-proxy",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--service-account-issuer=https://kubernetes.default.svc." + o.Cluster.Domain,
		"--service-account-key-file=" + tls("service.key"),
		"--service-account-signing-key-file=" + tls("service.key"),
		"--profiling=false",
		// The kubelets and kube-proxies are all there will be of clients at
		// a stop; their watches need no drain.
		"--shutdown-delay-duration=0s",
	}
	if encryption != "" {
		args = append(args, "--encryption-provider-config="+encryption)
	}
	return child.Spec{Name: component.APIServer, Log: o.Data.Log(component.APIServer), Args: append(args, o.APIServerArgs...)}
}

// controllerManager gets no signing keys: nodes have their certificates from the
// supervisor, and each signer would hold inotify instances, of which all nodes
// on one machine share 128.
func controllerManager(o cli.Options) child.Spec {
	tls := o.Data.TLS
	kubeconfig := o.Data.Server("cred", "controller.kubeconfig")
	args := []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--allocate-node-cidrs=true",
		"--cluster-cidr=" + o.Cluster.PodCIDR,
		"--node-cidr-mask-size=24",
		"--service-cluster-ip-range=" + o.Cluster.ServiceCIDR,
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + tls("service.key"),
		"--root-ca-file=" + tls("server-ca.crt"),
		"--profiling=false",
	}
	return child.Spec{Name: component.ControllerManager, Log: o.Data.Log(component.ControllerManager), Args: append(args, o.ControllersArgs...)}
}

func scheduler(o cli.Options) child.Spec {
	kubeconfig := o.Data.Server("cred", "scheduler.kubeconfig")
	args := []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--profiling=false",
	}
	return child.Spec{Name: component.Scheduler, Log: o.Data.Log(component.Scheduler), Args: append(args, o.SchedulerArgs...)}
}

// etcdDirs must exist before etcd starts.
func etcdDirs(data layout.Data) []string {
	return []string{data.Server("db", "etcd"), filepath.Dir(etcdSocket)}
}
