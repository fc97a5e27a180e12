/**
 * Ports in error, from Felix's key to Neutron's `data_plane_status`: the watcher, the ring of the syncer's pages and
 * what sets the attribute, on a small Neutron.
 */
import { aheadClock } from "../support/ahead_clock.ts";
import { assertEquals, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { StateStore } from "../../lib/state/store.ts";
import { DataPlaneStatus } from "../../lib/status/data_plane_status.ts";
import { EndpointStatusWatcher } from "../../lib/status/endpoint_status.ts";
import { felixPrefix } from "../../lib/status/felix_status.ts";
import { readPortDifferences } from "../../lib/status/port_differences.ts";
import type { StatusReporter } from "../../lib/status/reporter.ts";
import { readSeenPorts, SeenPortsWriter } from "../../lib/status/seen_ports.ts";

/** grpc-js keeps timers and sockets of cut streams for a while. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const prefix = felixPrefix(null);
const UP = '{"status":"up"}';
const ERROR = '{"status":"error"}';
const [A, B] = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];

interface Port {
  status: string;
  readonly host: string;
  data_plane_status: string | null;
}

/** Neutron's ports; `beforePut` holds a PUT up. */
class Neutron {
  readonly ports = new Map<string, Port>();
  readonly told: string[] = [];
  beforePut: (id: string) => Promise<void> = () => Promise.resolve();
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => this.#answer(request),
  );

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  #record(id: string) {
    const { host, ...shown } = this.ports.get(id)!;
    return { id, ...shown, "binding:host_id": host };
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.endsWith("/extensions/data-plane-status")) return Response.json({});
    if (pathname.endsWith("/ports")) {
      const ids = searchParams.getAll("id").filter((id) => this.ports.has(id));
      const links = [{ rel: "previous", href: "x" }];
      return Response.json({ ports: ids.map((id) => this.#record(id)), ports_links: links });
    }
    const id = pathname.split("/").at(-1)!;
    if (request.method === "PUT") {
      const { port } = await request.json();
      await this.beforePut(id);
      this.ports.get(id)!.data_plane_status = port.data_plane_status;
    }
    return Response.json({ port: this.#record(id) });
  }

  /** What takes reports as the plugin does, with what sets the attribute behind it. */
  reporter(dataPlane: DataPlaneStatus): StatusReporter {
    return {
      gate: { open: true, whenOpen: () => Promise.resolve() },
      trouble: null,
      blocked: null,
      reportAgent: () => Promise.resolve(),
      reportPorts: async (_host, updates, signal) => {
        for (const { host, port, status } of updates) {
          this.told.push(`${port.at(-1)} ${status}`);
          const known = this.ports.get(port);
          if (known?.host === host) known.status = status === "ACTIVE" ? "ACTIVE" : "DOWN";
        }
        return await dataPlane.apply(updates, signal);
      },
      noteFault: (...seen) => dataPlane.noteFault(...seen),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

async function scene() {
  const opened = new AsyncDisposableStack();
  const neutron = opened.use(new Neutron());
  const server = opened.use(await startEtcd());
  const dir = opened.use(await tempDir());
  const store = opened.use(await StateStore.open(dir.path));
  const etcdConfig = { ...testConfig().etcd, endpoints: [server.url] };
  const etcd = openEtcd(etcdConfig);
  opened.defer(() => etcd.close());
  const log = new LogRecorder();
  const { clock, pass } = aheadClock();
  const openstack = { ...testConfig().openstack, neutronUrl: neutron.url, authUrl: null };
  const auth = new KeystoneAuth(openstack, clock);
  const context = { log, clock, store, alive: () => {} };
  const config = { ...testConfig(), etcd: etcdConfig, stateDir: dir.path };
  return {
    neutron,
    store,
    pass,
    port: (id: string, status: string, dataPlane: string | null) =>
      neutron.ports.set(id, { status, host: "h", data_plane_status: dataPlane }),
    fault: (id: string) => neutron.ports.get(id)!.data_plane_status,
    says: async (id: string, value: string) => {
      const key = `${prefix}h/workload/openstack/openstack%2fd/endpoint/${id}`;
      await etcd.put(key).value(value).exec();
    },
    /** What the page lists. */
    differing: async () =>
      (await readPortDifferences(dir.path))?.ports.map(({ port, why }) => `${port.at(-1)} ${why}`),
    /** A node is elected, and begins to watch; of a term that is named it is the next watcher. */
    async lead(name?: string) {
      const elected = name ?? (await etcd.put("/election").value("n:1").exec()).header.revision;
      const stop = new AbortController();
      const term = { term: elected, id: "n:1", electionKey: "/election", signal: stop.signal };
      const pages = readSeenPorts(dir.path);
      const dataPlane = new DataPlaneStatus(new NeutronClient(openstack, auth), auth, log);
      const reporter = neutron.reporter(dataPlane);
      const options = { config, etcd, context, reporter, notifyNova: null, pages };
      const begunAt = clock.now();
      const running = new EndpointStatusWatcher(term, options).run();
      const seen = new SeenPortsWriter(term, dir.path, context);
      return {
        term: elected,
        /** The resource syncer walks through all ports. */
        walk() {
          const startedAt = clock.now();
          const ports = [...neutron.ports].map(([id, { status, host, data_plane_status }]) => {
            return { id, status, host, isFaulty: data_plane_status === "DOWN" };
          });
          seen.onPorts(ports, startedAt);
          seen.onPortsEnd(startedAt);
        },
        is: (what: string) =>
          eventually(what, async () => {
            const ports = await store.readPorts();
            return ports !== null && ports.at > begunAt && ports.comparison?.is === what;
          }),
        /** All that Felix has written is read. */
        hasRead: () =>
          eventually("etcd is read", async () => {
            const ports = await store.readPorts();
            return ports !== null && ports.at > begunAt && ports.seen === true;
          }),
        async end() {
          stop.abort(new Error("the term is over"));
          await running;
          await seen[Symbol.asyncDispose]();
          pages[Symbol.dispose]();
        },
      };
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

Deno.test(
  "an error of which Neutron knows from before the term is on the page, and not told again",
  GRPC,
  async () => {
    await using s = await scene();
    s.port(A, "DOWN", "DOWN");
    await s.says(A, ERROR);
    const node = await s.lead();
    node.walk();
    await node.is("compared");
    await eventually("it is listed", async () => (await s.differing())?.join() === "a error");
    assertEquals((await s.store.readPorts())!.differing, 1);
    assertEquals(s.neutron.told, []);
    await s.says(A, UP);
    await eventually("it is well", () => s.fault(A) === "ACTIVE");
    await eventually("it is listed no more", async () => (await s.differing())?.length === 0);
    await node.end();
  },
);

Deno.test(
  "a watcher that is started again in a term asks about ports that no walk has shown it",
  GRPC,
  async () => {
    await using s = await scene();
    s.port(A, "ACTIVE", null);
    await s.says(A, UP);
    const first = await s.lead();
    first.walk();
    await first.is("compared");
    await s.says(A, ERROR);
    await eventually("it is called faulty", () => s.fault(A) === "DOWN");
    await first.end();
    await s.says(A, UP);
    const again = await s.lead(first.term);
    await again.hasRead();
    await eventually("it is well", () => s.fault(A) === "ACTIVE");
    await again.end();
  },
);

Deno.test(
  "what was left faulty is put right although no walk through all ports comes",
  GRPC,
  async () => {
    await using s = await scene();
    s.port(A, "ACTIVE", "DOWN");
    await s.says(A, UP);
    const node = await s.lead();
    await node.hasRead();
    assertEquals(s.neutron.told, []);
    s.pass(61_000); // nobody walks through the ports: all is told
    await eventually("it is well", () => s.fault(A) === "ACTIVE");
    await node.end();
  },
);

Deno.test(
  "a page that comes while reports are under way is not lost for what it calls faulty",
  GRPC,
  async () => {
    await using s = await scene();
    s.port(A, "DOWN", null);
    s.port(B, "ACTIVE", null);
    await s.says(A, ERROR);
    await s.says(B, UP);
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    s.neutron.beforePut = (id) => {
      if (id !== A) return Promise.resolve();
      begun.resolve();
      return held.promise;
    };
    const node = await s.lead();
    await node.hasRead();
    s.pass(61_000); // both are told in one batch of their host
    await begun.promise;
    s.neutron.ports.get(B)!.data_plane_status = "DOWN";
    node.walk();
    await node.is("compared");
    held.resolve();
    await eventually("it is put right", () => s.fault(B) === "ACTIVE");
    assertEquals(s.fault(A), "DOWN");
    await node.end();
  },
);

Deno.test(
  "somebody takes a fault away although Felix says error: it is set again",
  GRPC,
  async () => {
    await using s = await scene();
    s.port(A, "DOWN", "DOWN");
    await s.says(A, ERROR);
    const node = await s.lead();
    node.walk();
    await node.is("compared");
    s.neutron.ports.get(A)!.data_plane_status = "ACTIVE";
    node.walk();
    await eventually("it is called faulty", () => s.fault(A) === "DOWN");
    await node.end();
  },
);
