import { systemClock } from "../../lib/base/clock.ts";
import { locateEndpoints, lookUpEndpoints } from "../../lib/node/catalogue_lookup.ts";
import { createLauncher } from "../../lib/process/launcher.ts";
import { permissionRow } from "../../lib/process/permissions.ts";
import { roleSpecs } from "../../lib/node/role_specs.ts";
import { StateStore } from "../../lib/state/store.ts";
import { Supervisor } from "../../lib/node/supervisor.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";
import { makeCertificate } from "./certificate.ts";
import { service, withKeystone } from "./fake_keystone.ts";
import { testSeals } from "../support/seals.ts";
import { tempDir } from "../support/temp_dir.ts";

const process = { bootId: "boot", pidNamespace: "pid:[1]" };
const places = { protoDir: "/proto", addresses: () => [], process, seals: testSeals };
const launcher = createLauncher({
  executable: Deno.execPath(),
  standalone: false,
  root: new URL("../..", import.meta.url).pathname.replace(/\/$/, ""),
  environment: Deno.env.toObject(),
});

function configOf(keystoneUrl: string) {
  const config = testConfig();
  return testConfig({
    openstack: {
      ...config.openstack,
      authUrl: keystoneUrl,
      neutronUrl: "",
      novaUrl: null,
      fromCatalogue: { neutron: true, nova: true },
      credential: {
        method: "application_credential",
        id: "ac",
        name: null,
        user: null,
        secret: "sesame",
      },
    },
  });
}
const catalog = [
  service("network", [["internal", "A", "http://192.0.2.1:9696"]]),
  service("compute", [["internal", "A", "http://192.0.2.2:8774/v2.1"]]),
];

Deno.test("a process of its own asks Keystone, and the roles' permissions follow from the answer", () =>
  withKeystone(async (keystone) => {
    keystone.answer.catalog = catalog;
    const config = configOf(keystone.url);
    const log = new LogRecorder();
    const { signal } = new AbortController();
    const located = await locateEndpoints(config, {
      launcher,
      places,
      log,
      clock: systemClock,
      signal,
    });
    assertEquals(located.openstack.neutronUrl, "http://192.0.2.1:9696");
    const keystoneHost = new URL(keystone.url).host;
    assertEquals(permissionRow("endpoint-lookup", config, places).net, [keystoneHost]);
    const { net } = permissionRow("endpoint-status-watcher", located, places);
    assert(net.includes("192.0.2.2:8774") && net.includes(keystoneHost), net.join());
    const specs = roleSpecs(config, places, launcher, Promise.resolve(located));
    const later = new Map(specs.map((spec) => [spec.name, spec.later]));
    assertEquals([later.get("manager"), later.get("diagnostics")], [undefined, undefined]);
    const launch = await later.get("resource-syncer");
    assert(launch?.args.some((arg) => arg.includes("192.0.2.1:9696")), launch?.args.join(" "));
  }));

Deno.test("while Keystone does not answer it is asked again, and what is wrong is said once", () =>
  withKeystone(async (keystone) => {
    keystone.answer.catalog = catalog;
    let down = 2;
    keystone.answer.override = () =>
      down-- > 0 ? new Response("<html>maintenance</html>", { status: 403 }) : null;
    const log = new LogRecorder();
    const problems: (string | null)[] = [];
    const { signal } = new AbortController();
    // Two requests of the first try fail, and with them the whole try.
    const located = await locateEndpoints(
      configOf(`${keystone.url}/v3`),
      { launcher, places, log, clock: systemClock, signal },
      (problem) => problems.push(problem),
    );
    assertEquals(located.openstack.novaUrl, "http://192.0.2.2:8774/v2.1");
    assertMatch(String(problems[0]), /waits for the endpoints.*answered 403: maintenance/);
    assertEquals(problems.at(-1), null);
    assertEquals(log.at("error").length, 1);
    assert(log.at("info").some(({ message }) => message.includes("can be asked again")));
  }));

Deno.test("a search that is given up fails nothing but what waits for it", async () => {
  const config = configOf("http://192.0.2.1:5000/v3");
  const search = Promise.withResolvers<typeof config>();
  const specs = roleSpecs(config, places, launcher, search.promise);
  search.reject(new Error("the node stops"));
  // Nobody waits for these, as for those of roles that a new configuration leaves as they are.
  await new Promise((resolve) => setTimeout(resolve, 0));
  const { later } = specs.find(({ name }) => name === "resource-syncer")!;
  assertEquals(await later!.then(() => null, (error) => error.message), "the node stops");
});

Deno.test("over TLS, with a CA that the process may read and nothing else", async () => {
  await using dir = await tempDir();
  const { ca, cert, key } = await makeCertificate(dir.path, "IP:127.0.0.1");
  const tls = { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
  await withKeystone(async (keystone) => {
    keystone.answer.catalog = catalog;
    const { signal } = new AbortController();
    const config = configOf(keystone.url);
    const trusting = { ...config, openstack: { ...config.openstack, caFile: ca } };
    assertEquals(permissionRow("endpoint-lookup", trusting, places).read, [ca]);
    const found = await lookUpEndpoints(trusting, { launcher, places, signal });
    assertEquals(found.neutronUrl, "http://192.0.2.1:9696");
    const refused = await lookUpEndpoints(config, { launcher, places, signal })
      .then(() => "it succeeded", (error) => String(error));
    assertMatch(refused, /no CA that we know signed its certificate/);
  }, tls);
});

Deno.test("what Keystone refuses is told in its own sentence, without the secret", () =>
  withKeystone(async (keystone) => {
    keystone.answer.password = "other";
    const { signal } = new AbortController();
    const config = configOf(keystone.url);
    const failure = await lookUpEndpoints(config, { launcher, places, signal })
      .then(() => "it succeeded", (error) => String(error));
    assertMatch(failure, /Keystone refuses application credential "ac"/);
    assert(!failure.includes("sesame"), failure);
  }));

Deno.test("a role waits for what it is started with; the others do not, and a stop ends the wait", async () => {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const log = new LogRecorder();
  const deps = {
    log,
    clock: systemClock,
    store,
    roleTimeoutMs: 60_000,
    stopTimeoutMs: 5000,
    forward: () => {},
    random: () => 0,
  };
  const evaluate = (code: string) => ({
    command: Deno.execPath(),
    args: ["eval", code],
    env: {},
    input: "{}",
  });
  const wait = "await new Promise((resolve) => setTimeout(resolve, 60_000))";
  const located = Promise.withResolvers<ReturnType<typeof evaluate>>();
  const never = new Promise<ReturnType<typeof evaluate>>(() => {});
  const supervisor = new Supervisor(deps);
  await supervisor.start([
    { name: "manager", stopGroup: "election", ...evaluate(wait) },
    {
      name: "resource-syncer",
      stopGroup: "work",
      ...evaluate("Deno.exit(3)"),
      later: located.promise,
    },
    {
      name: "agent-status-watcher",
      stopGroup: "work",
      ...evaluate("Deno.exit(3)"),
      later: never,
    },
  ]);
  const pid = async (name: string) => (await store.readRole(name))?.pid ?? null;
  await eventually("the manager runs", async () => await pid("manager") !== null);
  assertEquals([await pid("resource-syncer"), await pid("agent-status-watcher")], [null, null]);
  located.resolve(evaluate(wait));
  await eventually("the syncer runs", async () => await pid("resource-syncer") !== null);
  await supervisor.stop();
  assertEquals(log.at("warn"), []);
});
