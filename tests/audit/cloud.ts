/**
 * A production-like cloud for the audit: etcd, Keystone, Neutron, Nova and the message bus on addresses of
 * their own, all with TLS and client certificates; behind the HTTPS fronts stands a lab's OpenStack.
 *
 * @module
 */
import type { Config } from "../../lib/config/config_types.ts";
import { makeCertificate } from "../support/certificates.ts";
import { type EtcdServer, freePort, startEtcd } from "../support/etcd_server.ts";
import { FakePlugin } from "../support/fake_plugin.ts";
import { RabbitServer } from "../support/rabbit_server.ts";
import { testConfig } from "../support/test_config.ts";

/** The cloud, and the configuration of a node in it. */
export interface Cloud extends AsyncDisposable {
  readonly config: Config;
  /** etcd without TLS, for the test itself. */
  readonly etcd: EtcdServer;
  readonly plugin: FakePlugin;
}

/** A small lab, on free ports. */
export function labConfig(stateDir: string): Config {
  const base = testConfig();
  const etcdPort = freePort();
  const openstackPort = freePort();
  const openstack = `http://127.0.0.1:${openstackPort}`;
  return testConfig({
    stateDir,
    etcd: { ...base.etcd, endpoints: [`http://127.0.0.1:${etcdPort}`] },
    openstack: {
      ...base.openstack,
      neutronUrl: openstack,
      novaUrl: `${openstack}/compute/v2.1`,
      authUrl: null,
      credential: null,
    },
    diagnostics: { ...base.diagnostics, port: freePort() },
    lab: { ...base.lab, enabled: true, reportUrl: `${openstack}/lab/v1`, etcdPort, openstackPort },
  });
}

/** Starts it in front of a lab's OpenStack; the certificates are the broker's. */
export async function startCloud(lab: Config, stateDir: string): Promise<Cloud> {
  await using stack = new AsyncDisposableStack();
  const rabbit = stack.use(await RabbitServer.start({ tls: true }));
  const file = (name: string) => `${rabbit.dir}/${name}`;
  const text = (name: string) => Deno.readTextFile(file(name));
  const [ca, cert, key] = [
    await text("ca.pem"),
    await text("client.pem"),
    await text("client.key"),
  ];
  const [serverCert, serverKey] = [await text("server.pem"), await text("server.key")];
  const plugin = stack.use(await FakePlugin.start(rabbit.port, { tls: { ca, cert, key } }));
  const plain = freePort();
  const secure = freePort();
  const etcd = stack.use(
    await startEtcd([
      `--listen-client-urls=http://127.0.0.1:${plain},https://127.0.0.1:${secure}`,
      `--cert-file=${file("server.pem")}`,
      `--key-file=${file("server.key")}`,
      `--trusted-ca-file=${file("ca.pem")}`,
      "--client-cert-auth",
    ], plain),
  );
  const openstack = `http://127.0.0.1:${lab.lab.openstackPort}`;
  const front = (below: string) => {
    const server = stack.use(serveFront(openstack + below, serverCert, serverKey));
    return `https://127.0.0.1:${server.port}`;
  };
  const base = testConfig();
  const tlsFiles = {
    caFile: file("ca.pem"),
    certFile: file("client.pem"),
    keyFile: file("client.key"),
  };
  const user = { user: { name: "lab", domain: { name: "Default" } }, password: "lab" };
  const config = testConfig({
    stateDir,
    etcd: { ...base.etcd, ...tlsFiles, endpoints: [`https://localhost:${secure}`] },
    openstack: {
      ...base.openstack,
      ...tlsFiles,
      neutronUrl: front(""),
      novaUrl: front("/compute/v2.1"),
      authUrl: `${front("/identity")}/v3`,
      credential: { method: "password", project: null, ...user },
    },
    bus: {
      ...tlsFiles,
      hosts: [{ host: "127.0.0.1", port: rabbit.port, username: "guest", password: "guest" }],
      virtualHost: "/",
      tls: true,
      exchange: "neutron",
      rpcTimeoutMs: 10_000,
    },
    sync: { ...base.sync, resyncIntervalSeconds: 5, incrementalIntervalSeconds: 1 },
    compaction: { periodSeconds: 2, minRevisions: 0, defragPercent: 0 },
    diagnostics: {
      ...base.diagnostics,
      port: freePort(),
      tls: await makeCertificate(rabbit.dir, "page"),
    },
  });
  const started = stack.move();
  return { config, etcd, plugin, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** HTTPS before a plain URL. */
function serveFront(target: string, cert: string, key: string): AsyncDisposable & { port: number } {
  const options = { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} };
  const server = Deno.serve(options, (request) => {
    const { pathname, search } = new URL(request.url);
    return fetch(target + pathname + search, {
      method: request.method,
      headers: request.headers,
      body: request.body,
    });
  });
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}
