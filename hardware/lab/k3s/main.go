// Command k3s is the lab's stand-in for k3s: the real Kubernetes components,
// compiled from their Go modules, behind k3s' command line, files and unit
// behaviour. It is not k3s; README.md lists what differs.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/component"
	"terrarium/lab/k3s/internal/journal"
	"terrarium/lab/k3s/internal/node"
	"terrarium/lab/k3s/internal/preflight"
	"terrarium/lab/k3s/internal/server"
	"terrarium/lab/k3s/internal/version"

	"github.com/sirupsen/logrus"
)

func main() {
	name := filepath.Base(os.Args[0])
	// Children are this binary again, told apart by argv[0]; the symlinks
	// kubectl and ctr that an installer makes take the same way.
	switch {
	case component.Known(name):
		component.Run(name, os.Args)
	case name == "kubectl":
		kubectl(os.Args[1:])
	case name == "ctr":
		fail(node.ExecCtr(os.Args[1:]))
	case len(os.Args) < 2:
		fmt.Print(usage)
	default:
		command(os.Args[1], os.Args[2:])
	}
}

func command(name string, args []string) {
	switch name {
	case "server":
		daemon(cli.Server, args)
	case "agent":
		daemon(cli.Agent, args)
	case "kubectl":
		kubectl(args)
	case "ctr":
		fail(node.ExecCtr(args))
	case "--version", "-v", "-version":
		fmt.Print(version.Text())
	case "--help", "-h", "help":
		fmt.Print(usage)
	default:
		fmt.Fprintf(os.Stderr, "No help topic for '%s'\n", name)
		os.Exit(3)
	}
}

// daemon runs a server or an agent until SIGTERM; it returns only when all
// children are gone.
func daemon(role cli.Role, args []string) {
	journal.Setup()
	fail(preflight.Root()) // before the configuration, which only root may read
	options, err := cli.Parse(role, args, os.Getenv)
	fail(err)
	fail(preflight.Check())
	for _, warning := range options.Warnings {
		logrus.Warn(warning)
	}
	logrus.Infof("Starting k3s %s %s (lab stand-in)", role, version.Release)
	ctx := journal.UntilSignal()
	if role == cli.Server {
		fail(server.Run(ctx, options))
	} else {
		fail(node.RunAgent(ctx, options))
	}
	logrus.Info("Stopped")
}

func kubectl(args []string) {
	fail(node.UseAdminKubeconfig())
	component.Run("kubectl", append([]string{"kubectl"}, args...))
}

func fail(err error) {
	if err != nil {
		logrus.Fatal(err)
	}
}

const usage = `NAME:
   k3s - Kubernetes behind k3s' command line (lab stand-in, not k3s)

COMMANDS:
   server   Run a server
   agent    Run an agent node
   kubectl  Run kubectl
   ctr      Run ctr against the node's containerd

GLOBAL OPTIONS:
   --help, -h     show help
   --version, -v  print the version
`
