package cluster

import "syscall"

// endWithParent makes the kernel stop the server when this process dies, however it dies.
func endWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGINT }
