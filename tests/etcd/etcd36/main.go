// Command etcd36 is etcd 3.6 as its own main starts it, for suites whose system packages only older ones.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
