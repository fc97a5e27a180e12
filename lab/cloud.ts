/** The lab's OpenStack on one address, its Felix agents and its scenario, wired together. @module */
import type { Etcd3 } from "etcd3";
import { Hono, type MiddlewareHandler } from "hono";
import type { Clock } from "../lib/base/clock.ts";
import type { Config } from "../lib/config/config_types.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import type { JobContext } from "../lib/role/master_context.ts";
import { type Beat, Watchdog, whileOnTime } from "../lib/role/heartbeat.ts";
import { Felixes } from "./felix.ts";
import { keystoneApi, Tokens } from "./keystone_api.ts";
import type { Cloud } from "./model.ts";
import { neutronApi } from "./neutron_api.ts";
import { novaApi } from "./nova_api.ts";
import { Random } from "./random.ts";
import { reportsApi } from "./reports_api.ts";
import { Scenario } from "./scenario.ts";
import { seedCloud } from "./seed.ts";

const TURN_MS = 1000;

/** What the lab gets from its process. */
export type LabContext = Pick<JobContext, "log" | "clock" | "alive"> & { signal: AbortSignal };

/** The part of the configuration that it uses. */
type LabConfig = Pick<Config, "region" | "etcd" | "lab">;

/** Runs until the signal aborts. @throws the OpenStack port is taken. */
export async function runLab(config: LabConfig, context: LabContext): Promise<void> {
  const { ports, hosts, seed, openstackPort } = config.lab;
  const random = new Random(seed);
  const cloud = seedCloud(random, config.lab);
  const url = `http://127.0.0.1:${openstackPort}`;
  const app = openstack(cloud, random, new Tokens(context.clock), url);
  await using _server = serve(app, openstackPort);
  context.log.info("lab cloud is up", { url, ports, hosts });
  const etcd = openEtcd(config.etcd);
  try {
    await play({ app, cloud, random, etcd }, config, context);
  } finally {
    etcd.close();
  }
}

/** Keystone, Neutron, Nova and where status is reported, on one address. */
export function openstack(cloud: Cloud, random: Random, tokens: Tokens, url: string): Hono {
  const app = new Hono();
  app.use(forProgramsOnly);
  for (const path of ["/v2.0/*", "/compute/*", "/identity/v3/projects"]) {
    app.use(path, async (c, next) => {
      if (!tokens.accepts(c.req.header("X-Auth-Token"))) {
        return c.json({ error: { code: 401, message: "Authentication required" } }, 401);
      }
      return await next();
    });
  }
  app.route("/v2.0", neutronApi(cloud, random));
  app.route("/identity/v3", keystoneApi(cloud, tokens, url));
  app.route("/compute/v2.1", novaApi(cloud));
  app.route("/lab/v1", reportsApi(cloud, random));
  return app;
}

/** Names under which the lab's own processes reach it. */
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i;

/** Refuses what a browser sends for a page: with an Origin, or by a name that only resolves to loopback. */
const forProgramsOnly: MiddlewareHandler = async (c, next) => {
  const host = c.req.header("Host");
  if (c.req.header("Origin") === undefined && (host === undefined || LOOPBACK.test(host))) {
    return await next();
  }
  return c.json({ error: { code: 403, message: "The lab serves programs of this machine" } }, 403);
};

/** What is on the lab's stage. */
interface Stage {
  readonly app: Hono;
  readonly cloud: Cloud;
  readonly random: Random;
  readonly etcd: Etcd3;
}

/** The agents and the scenario, until the signal aborts. */
async function play(
  { app, cloud, random, etcd }: Stage,
  { region, lab }: LabConfig,
  { log, clock, signal, alive }: LabContext,
): Promise<void> {
  const loops = {
    status: new Watchdog("the agents' status", clock),
    endpoints: new Watchdog("the agents' endpoints", clock),
  };
  const happenings = new Watchdog("what happens in the lab", clock);
  const felixes = new Felixes({
    etcd,
    region,
    hosts: cloud.hosts,
    clock,
    log,
    random: new Random(lab.seed + 1),
    signal,
    speed: lab.speed,
    loops,
  });
  const scenario = new Scenario(cloud, random, felixes, log);
  const onTime = whileOnTime(alive, [...Object.values(loops), happenings], log);
  await Promise.all([
    felixes.run(),
    scenario.run(lab.eventIntervalMs, clock, signal, happenings),
    giveHeartbeats(app, onTime, clock, signal),
  ]);
}

/** A heartbeat in each turn in which the OpenStack answers. */
async function giveHeartbeats(
  app: Hono,
  alive: Beat,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await (await app.request("/identity/v3")).body?.cancel();
    alive("serving the lab's cloud");
    await clock.sleep(TURN_MS, signal).catch(() => {});
  }
}

function serve(app: Hono, port: number): AsyncDisposable {
  const abort = new AbortController();
  let server: Deno.HttpServer;
  try {
    server = Deno.serve(
      { hostname: "127.0.0.1", port, signal: abort.signal, onListen: () => {} },
      app.fetch,
    );
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Error(
      `the lab's OpenStack cannot listen on 127.0.0.1:${port}, which is taken: stop what listens ` +
        "there or choose another with --lab-openstack-port",
    );
  }
  return {
    async [Symbol.asyncDispose]() {
      abort.abort();
      await server.finished;
    },
  };
}
