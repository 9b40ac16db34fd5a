package node

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/sirupsen/logrus"
	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
)

// routeMark tells our routes from everybody else's (rtnetlink protocol).
const routeMark netlink.RouteProtocol = 77

// route sends one node's pods to that node.
type route struct{ podCIDR, via string }

// wantedRoutes are those to all other nodes that have an address and a range.
func wantedRoutes(own string, nodes []*corev1.Node) []route {
	var wanted []route
	for _, node := range nodes {
		ip := internalIP(node)
		if node.Name != own && ip != "" && node.Spec.PodCIDR != "" {
			wanted = append(wanted, route{node.Spec.PodCIDR, ip})
		}
	}
	slices.SortFunc(wanted, func(a, b route) int {
		if a.podCIDR < b.podCIDR {
			return -1
		}
		return 1
	})
	return wanted
}

func internalIP(node *corev1.Node) string {
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			return address.Address
		}
	}
	return ""
}

// setRoutes makes the kernel's marked routes equal to the wanted ones.
func setRoutes(wanted []route) error {
	present, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Protocol: routeMark}, netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return fmt.Errorf("list the routes to other nodes: %w", err)
	}
	have := map[route]bool{}
	for _, r := range present {
		one := route{r.Dst.String(), r.Gw.String()}
		have[one] = true
		if !slices.Contains(wanted, one) {
			if e := netlink.RouteDel(&r); e != nil && !errors.Is(e, os.ErrNotExist) {
				err = errors.Join(err, fmt.Errorf("remove the route to %s: %w", one.podCIDR, e))
			}
		}
	}
	for _, one := range wanted {
		if have[one] {
			continue
		}
		_, destination, e := net.ParseCIDR(one.podCIDR)
		if e == nil {
			e = netlink.RouteReplace(&netlink.Route{Dst: destination, Gw: net.ParseIP(one.via), Protocol: routeMark})
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("set the route to %s by %s: %w", one.podCIDR, one.via, e))
			continue
		}
		logrus.Infof("Pods in %s are reached by node %s", one.podCIDR, one.via)
	}
	return err
}
