package node

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"terrarium/lab/k3s/internal/child"
	"terrarium/lab/k3s/internal/cli"
	"terrarium/lab/k3s/internal/component"
	"terrarium/lab/k3s/internal/layout"
	"terrarium/lab/k3s/internal/pki"

	"sigs.k8s.io/yaml"
)

const healthzPort = 10248

// object is a piece of a configuration document. The components' own types
// would pull every default into the file; only what is meant is written.
type object map[string]any

// kubeletConfig is the file kubelet reads. reserved is memory in KiB that the
// machine has and the virtual board has not.
func kubeletConfig(o cli.Options, c cli.Cluster, resolvConf string, reserved int64, taints []object) object {
	config := object{
		"apiVersion":               "kubelet.config.k8s.io/v1beta1",
		"kind":                     "KubeletConfiguration",
		"containerRuntimeEndpoint": "unix://" + layout.ContainerdSocket,
		"tlsCertFile":              o.Data.Agent("serving-kubelet.crt"),
		"tlsPrivateKeyFile":        o.Data.Agent("serving-kubelet.key"),
		"authentication": object{
			"anonymous": object{"enabled": false},
			"webhook":   object{"enabled": true},
			"x509":      object{"clientCAFile": o.Data.Agent("client-ca.crt")},
		},
		"authorization":             object{"mode": "Webhook"},
		"clusterDNS":                []string{c.DNS},
		"clusterDomain":             c.Domain,
		"resolvConf":                resolvConf,
		"healthzPort":               healthzPort,
		"registerWithTaints":        taints,
		"serializeImagePulls":       false,
		"shutdownGracePeriod":       "0s",
		"syncFrequency":             "30s",
		"nodeStatusUpdateFrequency": "10s",
		// A lab node has cgroup v1 as its machine has it, and no systemd
		// cgroup driver that could own pods.
		"cgroupDriver": "cgroupfs",
		"failCgroupV1": false,
		"failSwapOn":   false,
		// Lowering a score needs CAP_SYS_RESOURCE, which a lab node lacks.
		"oomScoreAdj": 0,
		// The machine's disk is shared by all nodes, and a collected image
		// could not be pulled again.
		"evictionHard":                object{"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
		"imageGCHighThresholdPercent": 100,
		"imageGCLowThresholdPercent":  99,
	}
	if reserved > 0 {
		config["systemReserved"] = object{"memory": strconv.FormatInt(reserved, 10) + "Ki"}
	}
	return config
}

func (n *Node) startKubelet(c cli.Cluster) error {
	o := n.options
	resolvConf, err := n.resolvConf()
	if err != nil {
		return err
	}
	reserved, err := reservedMemory("/proc/meminfo", layout.LabMemory)
	if err != nil {
		return err
	}
	taints, err := parseTaints(o.Taints)
	if err != nil {
		return err
	}
	content, err := yaml.Marshal(kubeletConfig(o, c, resolvConf, reserved, taints))
	if err != nil {
		return fmt.Errorf("encode kubelet's configuration: %w", err)
	}
	file := o.Data.Agent("etc", "kubelet.yaml")
	if err := pki.WriteFile(file, content, 0o600); err != nil {
		return err
	}
	labels := append([]string{"node.kubernetes.io/instance-type=k3s"}, o.Labels...)
	args := []string{
		"--config=" + file,
		"--kubeconfig=" + o.Data.Agent(kubeconfigName("kubelet")),
		"--hostname-override=" + o.NodeName,
		"--node-ip=" + n.ip.String(),
		"--node-labels=" + strings.Join(labels, ","),
	}
	given := withoutDisk(o.KubeletArgs)
	n.group.Start(child.Spec{Name: component.Kubelet, Args: append(args, given...), Log: o.Data.Log(component.Kubelet)})
	return nil
}

// withoutDisk leaves out what kubelet is told to do about a disk that fills up: it is
// the machine's, which the node did not fill, and an image that is collected cannot
// be pulled again.
func withoutDisk(args []string) []string {
	var kept []string
	for _, arg := range args {
		if strings.HasPrefix(arg, "--image-gc-") {
			continue
		}
		if rules, found := strings.CutPrefix(arg, "--eviction-hard="); found {
			low := []string{"nodefs.available<1%", "imagefs.available<1%"}
			for _, rule := range strings.Split(rules, ",") {
				if !strings.HasPrefix(rule, "nodefs.") && !strings.HasPrefix(rule, "imagefs.") {
					low = append(low, rule)
				}
			}
			arg = "--eviction-hard=" + strings.Join(low, ",")
		}
		kept = append(kept, arg)
	}
	return kept
}

// parseTaints reads key=value:effect and key:effect.
func parseTaints(given []string) ([]object, error) {
	var taints []object
	for _, text := range given {
		pair, effect, found := strings.Cut(text, ":")
		key, value, _ := strings.Cut(pair, "=")
		switch effect {
		case "NoSchedule", "PreferNoSchedule", "NoExecute":
		default:
			found = false
		}
		if !found || key == "" {
			return nil, fmt.Errorf("invalid taint %q: expected key=value:NoSchedule, PreferNoSchedule or NoExecute", text)
		}
		taint := object{"key": key, "effect": effect}
		if value != "" {
			taint["value"] = value
		}
		taints = append(taints, taint)
	}
	return taints, nil
}

// reservedMemory is how much of what meminfo shows the virtual board lacks, in
// KiB. Without the lab's file, or when meminfo already shows the board's
// memory, it is 0.
func reservedMemory(meminfo, lab string) (int64, error) {
	content, err := os.ReadFile(lab)
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the board's memory: %w", err)
	}
	board, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: expected bytes: %w", lab, err)
	}
	file, err := os.Open(meminfo)
	if err != nil {
		return 0, fmt.Errorf("read the machine's memory: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var total int64
		if _, err := fmt.Sscanf(lines.Text(), "MemTotal: %d kB", &total); err == nil {
			return max(0, total-board/1024), nil
		}
	}
	return 0, fmt.Errorf("%s has no MemTotal line", meminfo)
}
