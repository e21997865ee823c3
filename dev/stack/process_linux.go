package stack

import "syscall"

// childAttributes: a group of its own, and the kernel ends the child should we be killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
