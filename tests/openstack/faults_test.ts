/**
 * What a real cloud does to a node: services that stop in the middle, break off and refuse. Nothing may
 * be lost, and nothing deleted that Neutron still has. Every test ends with the node having recovered
 * by itself.
 */
import type { Status } from "../../lib/health/status.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { Bed } from "./support/bed.ts";
import { HOSTS, seededCloud } from "./support/cloud.ts";
import { Conductor } from "./support/conductor.ts";
import { readState } from "./support/etcd_state.ts";
import { differences, expectedState } from "./support/expectation.ts";
import { type Fault, FaultProxy } from "./support/fault_proxy.ts";
import { Felixes } from "./support/felix.ts";
import type { Json } from "./support/rest.ts";

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
/** Ports in one answer: a full resync of the cloud takes several. */
const PAGE = 100;
/** Of what the node prints an error shows the end, characters. */
const MAX_PRINTED = 6000;

/** A node in front of the seeded cloud, with the proxy between it and Neutron. */
class Scene implements AsyncDisposable {
  constructor(
    readonly bed: Bed,
    readonly proxy: FaultProxy,
    readonly conductor: Conductor,
    readonly felixes: Felixes,
    /** A network of our own, for ports of our own. */
    readonly network: string,
    readonly stack: AsyncDisposableStack,
  ) {}

  static async create(): Promise<Scene> {
    const bed = await Bed.open();
    await using stack = new AsyncDisposableStack();
    const proxy = stack.use(new FaultProxy(bed.at.neutronUrl));
    const conductor = stack.use(
      await Conductor.create(bed, {
        neutronUrl: proxy.url,
        args: [
          `--page-size=${PAGE}`,
          "--incremental-interval=5",
          "--resync-interval=86400",
          "--neutron-budget=0",
        ],
      }),
    );
    const felixes = stack.use(await Felixes.start(conductor.etcd, HOSTS));
    await felixes.alive(bed);
    await seededCloud(bed);
    const network =
      (await bed.neutron.post("networks", { network: { name: "faults" } })).network.id;
    stack.defer(() => bed.neutron.delete(`networks/${network}`));
    const subnet = { network_id: network, ip_version: 4, cidr: "10.243.0.0/24" };
    await bed.neutron.post("subnets", { subnet });
    const scene = new Scene(bed, proxy, conductor, felixes, network, stack.move());
    await scene.settled();
    return scene;
  }

  /** Waits until etcd is as it must be. */
  async settled(timeoutMs = 30_000): Promise<void> {
    let last: string[] = [];
    await eventually(
      "etcd is as it must be",
      async () => {
        last = differences(await expectedState(this.bed), await readState(this.conductor.etcd));
        return last.length === 0;
      },
      timeoutMs,
      500,
    ).catch((error) => {
      throw new Error(`${error.message}\n${last.slice(0, 10).join("\n")}`, { cause: error });
    });
  }

  /** A step; when it fails, the error holds what the node has printed since it began. */
  async step(t: Deno.TestContext, name: string, work: () => Promise<void>): Promise<void> {
    await t.step(name, async () => {
      const { node } = this.conductor;
      const from = node.output.length;
      await work().catch((error) => {
        const printed = node.output.slice(from).slice(-MAX_PRINTED);
        throw new Error(`${error.message}\nthe node printed:\n${printed}`, { cause: error });
      });
    });
  }

  /** Waits until the node's page says that this is wrong. */
  async says(kind: Status["findings"][number]["kind"]): Promise<void> {
    let last: Status | null = null;
    await eventually(
      `the page says ${kind}`,
      async () =>
        (last = await this.conductor.node.status())?.findings.some((f) => f.kind === kind),
      30_000,
      200,
    ).catch((error) => {
      const said = last ? JSON.stringify(last.findings, null, 1) : "nothing";
      throw new Error(`${error.message}; it said last:\n${said}`, { cause: error });
    });
  }

  /** Keys that are not what they were, other than those of these ports, and how they are now. */
  async touched(
    before: Awaited<ReturnType<typeof readState>>,
    except: readonly Json[],
  ): Promise<string[]> {
    const now = await readState(this.conductor.etcd);
    const ours = except.map(({ id }) => id.replaceAll("-", "--"));
    return [...before].filter(([key, { modRevision }]) =>
      now.get(key)?.modRevision !== modRevision && !ours.some((id) => key.includes(id))
    ).map(([key, stored]) => {
      const [was, is] = [stored, now.get(key) ?? null].map((one) => JSON.stringify(one));
      return `${key}\n  was ${was}\n  is ${is}`;
    });
  }

  /** A VM's port of our own. */
  async newPort(host = HOSTS[0]!): Promise<Json> {
    return (await this.bed.neutron.post("ports", {
      port: {
        network_id: this.network,
        device_owner: "compute:nova",
        device_id: crypto.randomUUID(),
        "binding:host_id": host,
      },
    })).port;
  }

  /** Deletes ports, and waits until their keys are gone. */
  async drop(...ports: Json[]): Promise<void> {
    for (const { id } of ports) await this.bed.neutron.delete(`ports/${id}`);
    await this.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}

/** Whether that is a page of a walk over all ports, and which (0 is the first). */
function portPage(url: URL): "first" | "later" | null {
  const { pathname, searchParams } = url;
  if (!pathname.endsWith("/v2.0/ports") || searchParams.has("id")) return null;
  return searchParams.has("marker") ? "later" : "first";
}

const json = { "Content-Type": "application/json" };
const FAULTS: readonly [what: string, answer: () => ReturnType<Fault>, says: RegExp][] = [
  [
    "500 in the middle of the pages",
    () =>
      new Response('{"NeutronError":{"type":"HTTPInternalServerError","message":"boom"}}', {
        status: 500,
        headers: json,
      }),
    /ports answered 500: boom/,
  ],
  [
    "a load balancer's 503 page",
    () => new Response("<html><h1>503</h1> no server is available</html>", { status: 503 }),
    /ports answered 503/,
  ],
  ["a page that breaks off", () => "cut", /ports (?:does not answer|did not send JSON)/],
  [
    "a 200 that is no list of ports",
    () => new Response("{}", { headers: json }),
    /ports sent no list of ports/,
  ],
  ["a login page", () => new Response("<html>log in</html>"), /did not send JSON/],
];

Deno.test("faults of Neutron, RabbitMQ and Keystone", GRPC, async (t) => {
  await using scene = await Scene.create();
  const { bed, proxy, conductor, felixes } = scene;

  for (const [what, answer, says] of FAULTS) {
    await scene.step(t, `${what}: the resync fails and says why, nothing is touched`, async () => {
      const before = await readState(conductor.etcd);
      const deleted = await scene.newPort();
      await scene.settled();
      const gone = [deleted];
      let hits = 0;
      proxy.fault = (url) => portPage(url) !== "later" ? null : (hits++, answer());
      // Something really goes while it lasts, and must not be the only thing that does.
      await bed.neutron.delete(`ports/${deleted.id}`);
      const { code, text } = await conductor.node.command("resync");
      assertEquals(code, 1, `exit code ${code} instead of 1:\n${text}`);
      assertMatch(text, says);
      assert(hits > 0, "no page was asked for that could fail");
      assertEquals(await scene.touched(before, gone), []);
      proxy.fault = () => null;
      await scene.settled();
      assertEquals(await scene.touched(before, gone), []);
    });
  }

  await scene.step(t, "Neutron stops between two pages and comes back", async () => {
    const before = await readState(conductor.etcd);
    let stopping: Promise<void> | null = null;
    // Of the resync that is asked for below: incremental runs, of which one may begin before it, list fewer fields.
    proxy.fault = async (url) => {
      if (portPage(url) !== "later" || !url.searchParams.getAll("fields").includes("fixed_ips")) {
        return null;
      }
      proxy.fault = () => null;
      await (stopping = bed.stop("neutron"));
      return null;
    };
    try {
      const { code, text } = await conductor.node.command("resync");
      assert(stopping, `the resync came to no second page of ports:\n${text}`);
      await stopping;
      assertEquals(code, 1, `exit code ${code} instead of 1:\n${text}`);
      assertEquals(await scene.touched(before, []), []);
      await scene.says("resync-failed");
    } finally {
      await bed.start("neutron"); // also for the steps that follow
    }
    const port = await scene.newPort();
    // The longest pause between two tries is 30 s.
    await scene.settled(90_000);
    assertEquals(await scene.touched(before, [port]), []);
    await scene.drop(port);
  });

  await scene.step(
    t,
    "the node's token is revoked: it takes another, and misses nothing",
    async () => {
      const before = await readState(conductor.etcd);
      // Each process has one of its own, and some of those that were seen are over by now.
      const known = new Set(proxy.tokens);
      const statuses: number[] = [];
      for (const token of known) {
        const headers = { "X-Auth-Token": await bed.keystone.token(), "X-Subject-Token": token };
        const url = `${bed.at.keystoneUrl}/auth/tokens`;
        const revoked = await fetch(url, { method: "DELETE", headers });
        await revoked.body?.cancel();
        statuses.push(revoked.status);
      }
      assert(statuses.includes(204), String(statuses));
      proxy.forget();
      const refused = () => proxy.seen.some(({ status }) => status === 401);
      await eventually("Neutron refuses the token", refused, 30_000, 200);
      const port = await scene.newPort();
      await scene.settled();
      assert([...proxy.tokens].some((token) => !known.has(token)), "no other token");
      assertEquals(await scene.touched(before, [port]), []);
      await scene.drop(port);
    },
  );

  await scene.step(
    t,
    "RabbitMQ restarts: what Felix says meanwhile reaches Neutron after",
    async () => {
      const port = await scene.newPort();
      await scene.settled();
      const status = async () => (await bed.neutron.get(`ports/${port.id}`)).port.status;
      await felixes.endpoint(HOSTS[0]!, port.device_id, port.id, "up");
      await eventually("ACTIVE", async () => await status() === "ACTIVE", 30_000, 200);
      await bed.stop("rabbitmq");
      await felixes.endpoint(HOSTS[0]!, port.device_id, port.id, "down");
      await bed.start("rabbitmq");
      await eventually("DOWN", async () => await status() === "DOWN", 60_000, 200);
      await felixes.alive(bed);
      const other = await scene.newPort();
      assertEquals(other["binding:vif_type"], "tap");
      await scene.settled();
      await scene.drop(port, other);
      await felixes.endpoint(HOSTS[0]!, port.device_id, port.id, null);
    },
  );

  await scene.step(t, "after all of it a full resync finds nothing to do", async () => {
    await scene.settled();
    assertEquals(await conductor.dryRunCount(), 0);
  });
});
