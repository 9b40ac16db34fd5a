// Package component holds the real Kubernetes programs and etcd inside this
// one binary and runs the one named by argv[0].
package component

import (
	"context"
	"os"

	_ "time/tzdata" // CronJobs name time zones; nodes may lack the database

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubectl's credential plugins
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics, as upstream's own mains
	_ "k8s.io/component-base/metrics/prometheus/version"  // build info metric
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// Names of the components a daemon starts as its children.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kubelet           = "kubelet"
	KubeProxy         = "kube-proxy"
)

var commands = map[string]func() *cobra.Command{
	APIServer:         apiserver.NewAPIServerCommand,
	ControllerManager: controllers.NewControllerManagerCommand,
	Scheduler:         func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	Kubelet:           func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	KubeProxy:         proxy.NewProxyCommand,
}

// Known says whether argv[0] asks for a component rather than for k3s itself.
func Known(name string) bool {
	_, known := commands[name]
	return known || name == Etcd
}

// Run becomes the named component (or kubectl) and never returns. args[0] is
// the program's name.
func Run(name string, args []string) {
	os.Args = args
	switch name {
	case Etcd:
		etcdmain.Main(args)
		os.Exit(0)
	case "kubectl":
		logs.GlogSetter(kubectl.GetLogVerbosity(args)) //nolint:errcheck // a bad -v is reported by the flag itself
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err)
		}
		os.Exit(0)
	default:
		os.Exit(cli.Run(commands[name]()))
	}
}
