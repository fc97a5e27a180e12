/** Keystone, Neutron and Nova: connection, login, rights, extensions, agents, clocks. @module */
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config_types.ts";
import { Extensions } from "../openstack/extensions.ts";
import { discard, isRefused, OpenstackError, readJson, readList } from "../openstack/http.ts";
import type { KeystoneAuth } from "../openstack/keystone.ts";
import { NovaClient } from "../openstack/nova.ts";
import {
  type Check,
  failed,
  type Finding,
  named,
  ok,
  once,
  settled,
  skipped,
  type Verdict,
  warning,
} from "./check.ts";
import { askedAgain, type NeutronAuth } from "./asked_again.ts";
import { checkLongRequest } from "./long_request.ts";
import { checkView } from "./partly_seen.ts";
import { type ClockReading, judgeOffset, readDateHeader } from "./clock_offset.ts";
import { checkNeutronClock } from "./neutron_clock.ts";
import { releaseOf } from "./release.ts";

const AGENT_TYPE = "Calico per-host agent (felix)";
const MAX_NAMES = 5;

/** The checks of OpenStack. */
export function openstackChecks(config: Config, auth: KeystoneAuth, clock: Clock): Check[] {
  const { authUrl, credential, neutronUrl, novaUrl, fromCatalogue } = config.openstack;
  const unknown = fromCatalogue.nova && neutronUrl === "";
  const noNova = unknown
    ? skipped("its endpoint is not known, because Keystone does not tell")
    : warning(
      "not told of live migrations" + (fromCatalogue.nova ? ", see the catalogue" : ""),
      "set nova_url, or add Nova to the catalogue",
    );
  return [
    ...credential !== null && authUrl !== null
      ? keystoneChecks(auth, clock)
      : [settled("Keystone", ok("not used: requests carry no token (no auth_url)"))],
    ...neutronChecks(config, auth, clock),
    novaUrl === null ? settled("Nova", noNova) : novaCheck(novaUrl, auth),
  ];
}

/** Whether there is a token, or none is needed; the check of Keystone says why not. */
function hasToken(auth: KeystoneAuth, signal: AbortSignal): Promise<boolean> {
  return auth.token(signal).then(() => true, () => false);
}

function keystoneChecks(auth: KeystoneAuth, clock: Clock): Check[] {
  const url = auth.config.authUrl;
  return [
    {
      name: `Keystone ${url}`,
      subject: "keystone",
      advice: "is Keystone up there (auth_url), and os_cacert right? See docs/keystone.md",
      async run(signal) {
        const token = await auth.token(signal);
        const roles = token?.roles.join(", ") || "no roles";
        return ok(
          `${token?.user ?? "a user"} in project ${token?.project ?? "(none)"} with ${roles}, at ` +
            await auth.identityUrl(signal),
        );
      },
    },
    {
      name: "Keystone rights",
      subject: "keystone",
      advice: "look at Keystone above",
      async run(signal) {
        const advice = "give the service user the admin role (or a policy for " +
          "identity:list_projects): without it endpoints do not carry their project's name";
        if (!await hasToken(auth, signal)) return skipped("no token");
        try {
          return judgeProjects(await auth.get("/projects", signal));
        } catch (error) {
          if (isRefused(error, 403)) return warning("may not list projects", advice);
          throw error;
        }
      },
    },
    {
      name: "clock of Keystone",
      advice: "look at Keystone above",
      async run(signal) {
        // A login that is refused is not tried again: it counts towards a lock-out.
        if (!await hasToken(auth, signal)) return skipped("no token");
        const askedAt = clock.now();
        const token = await auth.issueToken(auth.config.credential!, signal);
        if (token.issuedAt === null) return skipped("it does not tell the time");
        return judgeOffset({
          theirs: token.issuedAt,
          resolutionMs: 1000,
          askedAt,
          answeredAt: clock.now(),
        });
      },
    },
  ];
}

/** Who may list them sees at least the project that it is in. */
function judgeProjects(answer: unknown): Verdict {
  const { projects, truncated } = projectsSchema.parse(answer);
  const count = projects.length;
  if (count === 0) {
    const advice = "is auth_url Keystone's, and does its policy let the user list projects?";
    return warning("Keystone lists no project, though there is one at least", advice);
  }
  if (!truncated) return ok(`may list projects: ${count}`);
  return ok(`may list projects: ${count} at a time (list_limit), the others one by one`);
}

function neutronChecks(config: Config, auth: KeystoneAuth, clock: Clock): Check[] {
  const { neutronUrl } = config.openstack;
  if (neutronUrl === "") {
    return [settled("Neutron", skipped("its endpoint is not known: Keystone does not tell"))];
  }
  const url = (path: string) => `${neutronUrl}/v2.0/${path}`;
  let reading: ClockReading | null = null;
  // Not with a check's own signal: several checks wait for it.
  const patience = new AbortController();
  const extensions = once(async () => {
    const { signal } = patience;
    await auth.token(signal);
    const askedAt = clock.now();
    return await auth.fetch(url("extensions"), signal, async (response) => {
      reading = readDateHeader(response.headers, askedAt, clock.now());
      const found = Extensions.parse(await readJson(response));
      if (found) return found;
      throw new OpenstackError(`${response.url} is not Neutron's answer`, 200);
    });
  });
  /** What depends on Neutron is not looked at when it does not answer. */
  const dependent = (name: string, run: Ask) => ({
    name,
    advice: "look at Neutron above",
    run: async (signal: AbortSignal) =>
      await extensions().then(() => true, () => false)
        ? await askedAgain(auth, neutronUrl, (auth) => run(signal, auth))
        : skipped("Neutron does not answer"),
  });
  return [
    {
      name: `Neutron ${neutronUrl}`,
      advice: "is neutron-server up there (neutron_url, or the catalogue)?",
      run: async (signal) => {
        // The end of this check is the end of the patience with Neutron.
        signal.addEventListener("abort", () => patience.abort(signal.reason), { once: true });
        if (!await hasToken(auth, signal)) return skipped("no token");
        const found = await extensions();
        return ok(`${found.aliases?.size} extensions, release ${releaseOf(found)}`);
      },
    },
    dependent("Neutron extensions", async () => {
      const { missing } = await extensions();
      if (missing.length === 0) return ok("all that are used are loaded");
      return missing.map((text) =>
        named("Neutron extensions", warning(text, "load it, or live without"))
      );
    }),
    dependent("Neutron rights", (signal, auth) => checkRights(auth, url, signal)),
    dependent("Neutron view", (signal, auth) => checkView(config, auth, signal)),
    dependent("Neutron long requests", (signal) => checkLongRequest(config, auth, signal)),
    dependent("Neutron agents", (signal, auth) => checkAgents(auth, url, signal)),
    dependent("Neutron port binding", (signal, auth) => checkBinding(auth, url, signal)),
    dependent(
      "clock of Neutron",
      (signal, auth) =>
        checkNeutronClock(reading, { auth, agentsUrl: url("agents"), clock }, signal),
    ),
  ];
}

const portsSchema = z.object({ ports: z.array(z.record(z.string(), z.unknown())) });
const projectsSchema = z.object({
  projects: z.array(z.unknown()),
  truncated: z.boolean().default(false),
});
const agentsSchema = z.object({
  agents: z.array(z.object({ host: z.string(), alive: z.boolean() })),
});
type Url = (path: string) => string;
type Ask = (signal: AbortSignal, auth: NeutronAuth) => Promise<Verdict | Finding[]>;

/** Without rights of its own only an admin sees all ports, the host that they are bound to, and agents. */
async function checkRights(auth: NeutronAuth, url: Url, signal: AbortSignal): Promise<Verdict> {
  const advice = "give the service user the admin role in its project, or the rights of " +
    "docs/openstack.md: else it does not see every port and where it is bound";
  const path = "ports?limit=1&fields=id&fields=binding:host_id";
  const { ports } = portsSchema.parse(await auth.fetch(url(path), signal, readList));
  const port = ports[0];
  if (port && !("binding:host_id" in port)) {
    return failed("does not see where ports are bound", advice);
  }
  const { agents } = agentsSchema.parse(await auth.fetch(url("agents"), signal, readList));
  if (agents.length > 0) return ok("sees agents, ports and where they are bound");
  const token = await auth.token(signal);
  if (token && !token.roles.includes("admin")) {
    return failed(`sees no agents, and has no admin role (${token.roles.join(", ")})`, advice);
  }
  return port
    ? ok("sees ports and where they are bound")
    : warning("sees neither ports nor agents", `an empty cloud? Otherwise ${advice}`);
}

async function checkAgents(auth: NeutronAuth, url: Url, signal: AbortSignal): Promise<Verdict> {
  const query = `agents?agent_type=${encodeURIComponent(AGENT_TYPE)}`;
  const { agents } = agentsSchema.parse(await auth.fetch(url(query), signal, readList));
  const dead = agents.filter(({ alive }) => !alive).map(({ host }) => host).sort();
  if (agents.length === 0) {
    return warning(
      `no ${AGENT_TYPE}`,
      "ports can only be bound where one reports: is calico-conductor running, Felix reporting " +
        "(endpointReportingEnabled), and a bus (transport_url) configured?",
    );
  }
  const found = `${agents.length - dead.length} of ${agents.length} Calico agents are alive`;
  if (dead.length === 0) return ok(found);
  const names = dead.slice(0, MAX_NAMES).join(", ") + (dead.length > MAX_NAMES ? ", …" : "");
  const verdict = dead.length === agents.length ? failed : warning;
  return verdict(
    `${found}; not: ${names}`,
    "no port is bound on these hosts: is Felix running there, and calico-conductor here?",
  );
}

/** A sample of ports: Neutron has no filter for a failed binding. */
async function checkBinding(auth: NeutronAuth, url: Url, signal: AbortSignal): Promise<Verdict> {
  const path = "ports?limit=1000&fields=id&fields=binding:vif_type&fields=binding:host_id";
  const { ports } = portsSchema.parse(await auth.fetch(url(path), signal, readList));
  const types = new Map<string, number>();
  for (const port of ports) {
    const said = port["binding:vif_type"];
    const type = typeof said === "string" ? said : "unknown";
    types.set(type, (types.get(type) ?? 0) + 1);
  }
  const shown = [...types].map(([type, count]) => `${count} ${type}`).join(", ") || "no ports";
  const bad = types.get("binding_failed") ?? 0;
  if (bad > 0) {
    const hosts = ports.filter((port) => port["binding:vif_type"] === "binding_failed")
      .map(({ "binding:host_id": host }) => typeof host === "string" && host !== "" ? host : "?");
    const names = [...new Set(hosts)].sort().slice(0, MAX_NAMES).join(", ");
    return warning(
      `of the first ${ports.length} ports: ${shown}; failed on ${names}`,
      "is Calico's mechanism driver in [ml2] mechanism_drivers, and was an agent alive there?",
    );
  }
  return ok(`of the first ${ports.length} ports: ${shown}`);
}

/** A server that does not exist: Nova checks the right first, and then finds nothing to do. */
function novaCheck(novaUrl: string, auth: KeystoneAuth): Check {
  return {
    name: `Nova ${novaUrl}`,
    advice: "is nova-api up there (nova_url, or the catalogue)?",
    async run(signal) {
      if (!await hasToken(auth, signal)) return skipped("no token");
      try {
        const [server, port] = [crypto.randomUUID(), crypto.randomUUID()];
        await new NovaClient(novaUrl, auth).send(server, port, signal, discard);
      } catch (error) {
        if (isRefused(error, 404) && /instance/i.test(error.message)) return ok("takes our events");
        if (isRefused(error, 403)) {
          return failed(
            "refuses our events",
            "give the service user the admin or service role (os_compute_api:" +
              "os-server-external-events:create)",
          );
        }
        throw error;
      }
      return ok("takes our events");
    },
  };
}
