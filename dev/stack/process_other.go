//go:build !linux

package stack

import "syscall"

// childAttributes: a group of its own. Only Linux ends a child whose parent was killed.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
