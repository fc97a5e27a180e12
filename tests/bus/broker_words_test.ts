/** Why the broker ends or refuses a connection, in its own words as far as it gives them, and never with the password. */
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { UnsettledError } from "../../lib/bus/unsettled.ts";
import { openReporter, SOCKETS } from "../support/bus.ts";
import { FakePlugin } from "../support/fake_plugin.ts";
import { RabbitServer } from "../support/rabbit_server.ts";

const USER = "brief";
const PASSWORD = "sesame";
const RIGHTS = [".*", ".*", ".*"];

/** Ends the connections of that user as an operator does, and nobody else's. */
async function closeConnections(server: RabbitServer, reason: string): Promise<void> {
  const listed = await server.control("list_connections", "--no-table-headers", "pid", "user");
  for (const line of listed.split("\n")) {
    const [pid, user] = line.split("\t");
    if (user === USER) await server.control("close_connection", pid!, reason);
  }
}

Deno.test(
  "why the broker ends or refuses a connection is said in its words",
  SOCKETS,
  async (t) => {
    await using server = await RabbitServer.start();
    await using _plugin = await FakePlugin.start(server.port);
    await server.control("add_user", USER, PASSWORD);
    await server.control("set_permissions", USER, ...RIGHTS);
    const url = server.url.replace("guest:guest", `${USER}:${PASSWORD}`);
    const { reporter, recorder } = openReporter(url, "ports");
    await using _closed = reporter;
    const heard = (what: RegExp) =>
      eventually(
        `${what} in the log`,
        () => recorder.at("warn").some(({ fields }) => what.test(String(fields.error))),
        30_000,
      );
    const refused = (what: RegExp) =>
      eventually(`${what} as the trouble`, () => what.test(reporter.trouble ?? ""), 30_000);
    const isBack = () => eventually("it is back", () => reporter.gate.open, 30_000);
    await isBack();

    await t.step("an operator's reason", async () => {
      await closeConnections(server, "maintenance tonight");
      await heard(/CONNECTION_FORCED.*maintenance tonight/);
      await isBack();
    });

    await t.step("rights that are taken away", async () => {
      await server.control("clear_permissions", USER);
      await closeConnections(server, "look again");
      await refused(/refuses virtual host \/: .*the user has no rights there/);
      // Enough to connect, and for nothing else.
      await server.control("set_permissions", USER, "^$", "^$", "^$");
      await refused(/ACCESS_REFUSED - .*(exchange 'neutron'|queue 'reply_)/);
      await server.control("set_permissions", USER, ...RIGHTS);
      await isBack();
    });

    await t.step("a user who is deleted, and has another password afterwards", async () => {
      await server.control("delete_user", USER);
      await heard(new RegExp(`user '${USER}' is deleted`, "i"));
      await refused(/ACCESS_REFUSED/);
      await server.control("add_user", USER, "another");
      await server.control("set_permissions", USER, ...RIGHTS);
      await refused(/ACCESS_REFUSED/);
      await server.control("change_password", USER, PASSWORD);
      await isBack();
    });

    await t.step("a virtual host that is not there", async () => {
      const nowhere = openReporter(`${url}nowhere`, "ports");
      await using _closed = nowhere.reporter;
      await eventually(
        "the refusal",
        () => /refuses virtual host nowhere: there is none/.test(nowhere.reporter.trouble ?? ""),
      );
      recorder.records.push(...nowhere.recorder.records);
    });

    await t.step("a refused report, which may have been passed on all the same", async () => {
      const full = JSON.stringify({ "max-length": 0, overflow: "reject-publish" });
      await using reporter = openReporter(server.url, "ports", { rpcTimeoutMs: 1000 }).reporter;
      await eventually("it is there", () => reporter.gate.open);
      const update = { host: "h1", port: "p1", status: "ACTIVE" } as const;
      const report = () =>
        reporter.reportPorts("h1", [update], AbortSignal.timeout(60_000)).catch((error) => error);
      await server.control("set_policy", "full", "^q-plugin$", full, "--apply-to", "queues");
      const refusal = await eventually("a refusal", async () => {
        const outcome = await report();
        return outcome instanceof Error && outcome;
      });
      await server.control("clear_policy", "full");
      assertMatch(refusal.message, /the broker refused it/);
      assert(refusal instanceof UnsettledError, "nobody knows what became of it");
      assertEquals([reporter.gate.open, reporter.trouble], [true, null], "the connection is good");
      await eventually("it counts in the end", async () => {
        const outcome = await report();
        return outcome instanceof Map && outcome.size === 0;
      }, 20_000);
    });

    assert(recorder.at("warn").length > 0);
    assertEquals(
      JSON.stringify(recorder.records).includes(PASSWORD),
      false,
      "the password is shown",
    );
  },
);
