/** The lab's OpenStack on one address, its Felix agents and its scenario, wired together. @module */
import { Hono } from "hono";
import type { Config } from "../lib/config/config_types.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import type { JobContext } from "../lib/role/master_context.ts";
import { type Beat, Watchdog, whileOnTime } from "../lib/role/heartbeat.ts";
import { Felixes } from "./felix.ts";
import { keystoneApi, Tokens } from "./keystone_api.ts";
import { neutronApi } from "./neutron_api.ts";
import { novaApi } from "./nova_api.ts";
import { Random } from "./random.ts";
import { reportsApi } from "./reports_api.ts";
import { Scenario } from "./scenario.ts";
import { seedCloud } from "./seed.ts";

const TURN_MS = 1000;

/** What the lab gets from its process. */
export type LabContext = Pick<JobContext, "log" | "clock" | "alive"> & { signal: AbortSignal };

/** Runs until the signal aborts. @throws when the OpenStack port is taken. */
export async function runLab(
  config: Pick<Config, "region" | "etcd" | "lab">,
  context: LabContext,
): Promise<void> {
  const { log, clock, signal } = context;
  const random = new Random(config.lab.seed);
  const cloud = seedCloud(random, config.lab);
  const baseUrl = `http://127.0.0.1:${config.lab.openstackPort}`;
  const tokens = new Tokens(clock);
  const app = new Hono();
  for (const path of ["/v2.0/*", "/compute/*", "/identity/v3/projects"]) {
    app.use(path, async (c, next) => {
      if (!tokens.accepts(c.req.header("X-Auth-Token"))) {
        return c.json({ error: { code: 401, message: "Authentication required" } }, 401);
      }
      return await next();
    });
  }
  app.route("/v2.0", neutronApi(cloud, random));
  app.route("/identity/v3", keystoneApi(cloud, tokens, baseUrl));
  app.route("/compute/v2.1", novaApi(cloud));
  app.route("/lab/v1", reportsApi(cloud, random));
  await using _server = serve(app, config.lab.openstackPort);
  log.info("lab cloud is up", { url: baseUrl, ports: config.lab.ports, hosts: config.lab.hosts });
  const etcd = openEtcd(config.etcd);
  try {
    const { hosts } = cloud;
    const loops = {
      status: new Watchdog("the agents' status", clock),
      endpoints: new Watchdog("the agents' endpoints", clock),
    };
    const happenings = new Watchdog("what happens in the lab", clock);
    const alive = whileOnTime(context.alive, [...Object.values(loops), happenings], log);
    const felixes = new Felixes({
      etcd,
      region: config.region,
      hosts,
      clock,
      log,
      random: new Random(config.lab.seed + 1),
      signal,
      speed: config.lab.speed,
      loops,
    });
    const scenario = new Scenario(cloud, random, felixes, log);
    await Promise.all([
      felixes.run(),
      scenario.run(config.lab.eventIntervalMs, clock, signal, happenings),
      beat(alive),
    ]);
  } finally {
    etcd.close();
  }

  async function beat(alive: Beat): Promise<void> {
    while (!signal.aborted) {
      // What answers requests must be seen to answer.
      await (await app.request("/identity/v3")).body?.cancel();
      alive("serving the lab's cloud");
      await clock.sleep(TURN_MS, signal).catch(() => {});
    }
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
