//go:build !linux

package cluster

import "syscall"

// endWithParent does nothing where the kernel offers nothing: a server whose starter was killed stays until it is stopped.
func endWithParent(*syscall.SysProcAttr) {}
