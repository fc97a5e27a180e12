import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { service, withKeystone } from "../openstack_client/fake_keystone.ts";
import { Node, tempDir } from "./node.ts";

/** grpc-js and the node's children keep some for a moment. */
const SOCKETS = { sanitizeOps: false, sanitizeResources: false };

/** An empty Neutron that counts requests for its ports. */
function startNeutron() {
  const seen = { ports: 0 };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const path = new URL(request.url).pathname.replace("/v2.0/", "");
    if (path === "extensions") return Response.json({ extensions: [{ alias: "binding" }] });
    if (path === "ports") seen.ports++;
    return Response.json({ [path.replaceAll("-", "_")]: [] });
  });
  return {
    seen,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test(
  "endpoints by the catalogue: the node leads while Keystone is down, and follows a change",
  SOCKETS,
  async () => {
    await using etcd = await startEtcd();
    await using dir = await tempDir();
    await using one = startNeutron();
    await using two = startNeutron();
    const catalogOf = ({ url }: { url: string }) => [
      service("network", [["internal", "RegionOne", url]]),
      service("compute", [["internal", "RegionOne", `${url}/compute/v2.1`]]),
    ];
    await withKeystone(async (keystone) => {
      keystone.answer.catalog = catalogOf(one);
      keystone.answer.override = () => new Response("<html>maintenance</html>", { status: 503 });
      await using node = Node.start([`--state-dir=${dir.path}`, `--etcd=${etcd.url}`], {
        OS_AUTH_URL: keystone.url,
        OS_USERNAME: "neutron",
        OS_PASSWORD: "sesame",
        OS_PROJECT_NAME: "service",
      });
      const role = async (name: string) =>
        (await node.status())?.roles.find((role) => role.name === name);
      await eventually("it leads", async () => (await node.status())?.mastership?.term, 20_000);
      const problem = await eventually(
        "the page says what it waits for",
        async () => (await role("resource-syncer"))?.alive?.problem,
        60_000,
      );
      assertMatch(problem, /waits for the endpoints in Keystone's catalogue: .*answered 503/);
      assertEquals((await role("resource-syncer"))?.process?.pid ?? null, null);
      assert((await role("manager"))?.process?.pid);

      keystone.answer.override = null;
      await eventually("the first Neutron is read", () => one.seen.ports > 0, 60_000);
      assertEquals(two.seen.ports, 0);
      const manager = await node.rolePid("manager");

      keystone.answer.catalog = catalogOf(two);
      node.kill("SIGHUP");
      await eventually("the second Neutron is read", () => two.seen.ports > 0, 60_000);
      assertMatch(node.output, /Keystone's catalogue names other endpoints/);
      assertEquals(await node.rolePid("manager"), manager);
      const syncer = await node.rolePid("resource-syncer");

      node.kill("SIGHUP");
      await eventually(
        "it was read again",
        () => node.output.split("configuration was read again").length === 3,
        60_000,
      );
      assertEquals(await node.rolePid("resource-syncer"), syncer, "nothing has changed");
      assert(!node.output.includes("sesame"));
    });
  },
);
