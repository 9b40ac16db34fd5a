package node

import (
	"fmt"
	"net"
	"net/netip"

	"terrarium/lab/k3s/internal/cli"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// Address decides the node's own IPv4 address: the one given, else that of the
// interface given, else the one towards the server or the default gateway.
func Address(o cli.Options) (netip.Addr, error) {
	if o.Interface != "" {
		own, err := interfaceAddress(o.Interface)
		if err != nil || !o.NodeIP.IsValid() {
			return own, err
		}
	}
	if o.NodeIP.IsValid() {
		return o.NodeIP, nil
	}
	if o.ServerURL != nil {
		return towards(o.ServerURL.Host)
	}
	ip, err := utilnet.ChooseHostInterface()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("no node-ip is given and none can be chosen: %w", err)
	}
	return fromIP(ip)
}

func interfaceAddress(name string) (netip.Addr, error) {
	device, err := net.InterfaceByName(name)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("flannel-iface %s: unable to find interface: %w", name, err)
	}
	addresses, err := device.Addrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("flannel-iface %s: %w", name, err)
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil {
			return fromIP(network.IP)
		}
	}
	return netip.Addr{}, fmt.Errorf("flannel-iface %s: failed to find IPv4 address for interface", name)
}

// towards is the source address the kernel would use; nothing is sent.
func towards(host string) (netip.Addr, error) {
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(host, "443")
	}
	connection, err := net.Dial("udp4", host)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("find the address towards %s: %w", host, err)
	}
	defer connection.Close() //nolint:errcheck // nothing was sent
	return connection.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

func fromIP(ip net.IP) (netip.Addr, error) {
	address, ok := netip.AddrFromSlice(ip.To4())
	if !ok {
		return netip.Addr{}, fmt.Errorf("%s is not an IPv4 address", ip)
	}
	return address, nil
}
