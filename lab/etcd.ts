/** How the lab's etcd is started. @module */
import type { Config } from "../lib/config/config_types.ts";

/** Arguments of the `etcd` binary: data in the state directory, loopback only. */
export function labEtcdCommand(config: Pick<Config, "stateDir" | "lab">): { args: string[] } {
  const client = `http://127.0.0.1:${config.lab.etcdPort}`;
  const peer = `http://127.0.0.1:${config.lab.etcdPort + 1}`;
  return {
    args: [
      "--name=lab",
      `--data-dir=${config.stateDir}/etcd`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=lab=${peer}`,
      // No page of a browser may talk to it: no JSON gateway, and only under loopback's own names.
      "--enable-grpc-gateway=false",
      "--host-whitelist=127.0.0.1,localhost",
      `--cors=${client}`,
      // It elects itself after 1 to 2 election timeouts, and has nobody to lose: 0.1 instead of 1 s.
      "--heartbeat-interval=20",
      "--election-timeout=100",
      "--logger=zap",
      "--log-level=warn",
    ],
  };
}
