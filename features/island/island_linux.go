package island

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

var native = binary.NativeEndian

// again runs this program again, in a network of its own, and returns what it exited with. An error means that it has
// not run.
func again() (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	runtime.LockOSThread() // the child is killed when the thread that began it ends
	defer runtime.UnlockOSThread()
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), there+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

// settle makes the new network usable: loopback is brought up, everything else is routed into it, where it is seen and
// goes no further.
func settle() error {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return err
	}
	if err := up(lo.Name); err != nil {
		return fmt.Errorf("bring loopback up: %w", err)
	}
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		if err := route(family, uint32(lo.Index)); err != nil && family == unix.AF_INET { // there may be no IPv6
			return fmt.Errorf("route everything to loopback: %w", err)
		}
	}
	packets, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM, int(network(unix.ETH_P_ALL)))
	if err != nil {
		return fmt.Errorf("listen to packets: %w", err)
	}
	go watch(packets)
	return nil
}

func up(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	flags, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	flags.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, flags)
}

// route sends every address of a family to an interface: `ip route add default dev lo`.
func route(family byte, index uint32) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var body []byte
	body = append(body, family, 0, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RT_SCOPE_LINK, unix.RTN_UNICAST)
	body = native.AppendUint32(body, 0) // flags
	body = native.AppendUint16(body, unix.SizeofRtAttr+4)
	body = native.AppendUint16(body, unix.RTA_OIF)
	body = native.AppendUint32(body, index)
	message := native.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	message = native.AppendUint16(message, unix.RTM_NEWROUTE)
	message = native.AppendUint16(message, unix.NLM_F_REQUEST|unix.NLM_F_CREATE|unix.NLM_F_ACK)
	message = append(native.AppendUint32(message, 1), 0, 0, 0, 0) // sequence, sender
	if err := unix.Sendto(fd, append(message, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return err
	}
	replies, err := syscall.ParseNetlinkMessage(answer[:n])
	if err != nil || len(replies) == 0 || len(replies[0].Data) < 4 {
		return errors.Join(errors.New("an answer that cannot be read"), err)
	}
	if code := int32(native.Uint32(replies[0].Data)); code != 0 {
		return syscall.Errno(-code)
	}
	return nil
}

// watch looks at every packet of the network.
func watch(packets int) {
	buffer := make([]byte, 512) // the headers, and a name that is looked up
	for {
		n, _, err := unix.Recvfrom(packets, buffer, 0)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENETDOWN) {
			continue
		}
		if err != nil {
			note("unknown: packets cannot be read any more: " + err.Error())
			return
		}
		to, protocol, ok := destination(buffer[:n])
		switch name, asked := lookedUp(buffer[:n]); {
		case ok && asked: // many machines have a name server on loopback, which would ask others in turn
			note("a name server for " + name)
		case ok && !to.IsLoopback():
			note(to.String() + " " + protocol)
		}
	}
}

// destination reads whom an IP packet is for.
func destination(packet []byte) (to netip.Addr, protocol string, ok bool) {
	var number byte
	switch {
	case len(packet) >= 20 && packet[0]>>4 == 4:
		to, ok = netip.AddrFromSlice(packet[16:20])
		number = packet[9]
	case len(packet) >= 40 && packet[0]>>4 == 6:
		to, ok = netip.AddrFromSlice(packet[24:40])
		number = packet[6]
	}
	const refusal = 40 + 8 // the kernel sends nothing of IPv6 into loopback; it refuses, and quotes what it refused
	if number == unix.IPPROTO_ICMPV6 && len(packet) > refusal && packet[40] < 128 {
		return destination(packet[refusal:])
	}
	switch number {
	case unix.IPPROTO_TCP:
		protocol = "tcp"
	case unix.IPPROTO_UDP:
		protocol = "udp"
	default:
		protocol = fmt.Sprintf("protocol %d", number)
	}
	return to, protocol, ok
}

// lookedUp is the name that a packet asks a name server for.
func lookedUp(packet []byte) (name string, asked bool) {
	const udp, question = 8, 12 // lengths of what comes before
	start := 40
	if packet[0]>>4 == 4 {
		start = int(packet[0]&15) * 4
	}
	if to, protocol, _ := destination(packet); !to.IsValid() || protocol != "udp" || len(packet) < start+udp+question {
		return "", false
	}
	if binary.BigEndian.Uint16(packet[start+2:]) != 53 {
		return "", false
	}
	for rest := packet[start+udp+question:]; len(rest) > 0 && rest[0] > 0 && len(rest) > int(rest[0]); rest = rest[1+rest[0]:] {
		name += string(rest[1:1+rest[0]]) + "."
	}
	return name, true
}

// network is a number in the order of bytes that the network has.
func network(n uint16) uint16 { return native.Uint16(binary.BigEndian.AppendUint16(nil, n)) }
