import type { Status } from "../../lib/health/status.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { makeCertificate } from "../support/certificates.ts";
import { labArgs, Node, productCommand, productRuntime, tempDir } from "./node.ts";
import { outputOf } from "../support/in_time.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("an operator restarts roles over the API; status asks the page, or says that it cannot", async (t) => {
  await using dir = await tempDir();
  const { args } = labArgs(dir.path);
  await using node = Node.start(args);
  await node.ready();
  const restart = async (role: string) => {
    const response = await fetch(`${node.pageUrl}/api/v1/roles/${role}/restart`, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    return [response.status, await response.json()] as const;
  };

  await t.step("what the roles measure arrives at /metrics", async () => {
    await eventually("all that a lab measures", async () => {
      const text = await (await fetch(`${node.pageUrl}/metrics`)).text();
      const counted = (name: string) =>
        new RegExp(`^conductor_${name}_count\\{?[^\\n]* [1-9]`, "m").test(text);
      return counted("resync_duration_seconds") &&
        counted("resync_phase_duration_seconds") &&
        counted("status_report_duration_seconds") &&
        counted("agent_status_delay_seconds") &&
        counted("etcd_request_duration_seconds") &&
        counted("election_duration_seconds") &&
        counted("election_call_duration_seconds") &&
        counted("http_request_duration_seconds") &&
        counted("event_loop_delay_seconds") &&
        /^conductor_terms_started_total 1$/m.test(text) &&
        /^conductor_role_resident_memory_bytes\{role="manager"\} \d{8,}$/m.test(text);
    }, 30_000);
  });

  await t.step("status comes from the page", async () => {
    const { code, text } = await node.command("status", "--output=json");
    assertEquals(code, 0, text);
    const status: Status = JSON.parse(text);
    // Only the page's process knows when it started.
    assert(status.node.startedAt !== null, "not from the page");
  });

  await t.step("the manager has asked etcd's member how it does", async () => {
    await eventually("it answers", async () => {
      const found = (await node.status())?.etcdMembers?.members;
      return found?.length === 1 && found[0]!.silentSince === null;
    }, 30_000);
  });

  for (const role of ["resource-syncer", "manager", "diagnostics"]) {
    await t.step(`${role} is restarted in order, and it is no crash`, async () => {
      const pid = await node.rolePid(role);
      assertEquals((await restart(role))[0], 202);
      const status = await eventually(`${role} is back`, async () => {
        const status = await node.status();
        const now = status?.roles.find(({ name }) => name === role)?.process;
        return now?.state === "running" && now.pid !== pid && status;
      });
      const { process } = status.roles.find(({ name }) => name === role)!;
      assertEquals(process!.restarts, 0);
      assertEquals(
        process!.lastEnd,
        "restart asked for by the API from 127.0.0.1, without a token",
      );
      const event = status.events.find(({ message }) => message.includes(`restart of ${role}`))!;
      assertEquals([event.source, event.level], ["requests", "info"]);
      assertMatch(node.output, new RegExp(`role is restarted, as was asked for name=${role}`));
    });
  }
  await node.ready();
  assertEquals(await restart("nobody"), [404, { error: 'this node has no role "nobody"' }]);

  await t.step("a page of another version is named as that, in a line", async () => {
    await using page = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => Response.json({ node: { name: "node-1" } }),
    );
    const listen = `--listen=127.0.0.1:${page.addr.port}`;
    const { code, stdout, stderr } = await outputOf(productCommand(["status", listen, ...args]));
    assertEquals(code, 3);
    assertMatch(decode(stderr), /what answers there is no page of this version\): this is what /);
    assertMatch(decode(stdout), /^\w+: .*\n\nnode {4}node-1/);
  });

  await t.step("without a page, status says so and reads the state directory", async () => {
    await node.stop();
    const listen = `--listen=${new URL(node.pageUrl).host}`;
    const { code, stdout, stderr } = await outputOf(productCommand(["status", listen, ...args]));
    assertEquals(code, 3);
    assertMatch(decode(stdout), /^\w+: .*\n\nnode {4}node-1/);
    assertMatch(decode(stderr), /does not tell .*: this is what the state directory holds/);
    const unnamed = args.filter((arg) => !arg.startsWith("--node-name"));
    const found = await outputOf(productCommand(["status", listen, ...unnamed]));
    assertMatch(decode(found.stdout), /\n\nnode {4}node-1,/);
    const asJson = ["status", listen, "--output=json", "--startup-resync=never", ...args];
    const told = JSON.parse(decode((await outputOf(productCommand(asJson))).stdout)) as Status;
    assertEquals(told.node.startupResync, "never", "it is judged by the same configuration");
    assertEquals(told.held, { guards: [], leftOut: [], watching: null });
  });
});

Deno.test({
  name: "behind TLS, with a token: status still asks the page, actions need the token",
  // The binary may have been built with a runtime whose `node:https` answers HTTP/2 only.
  ignore: /^2\.[0-4]\./.test(await productRuntime()),
  async fn() {
    await using dir = await tempDir();
    const { cert, key } = await makeCertificate(dir.path, "page");
    const { args } = labArgs(`${dir.path}/state`);
    const tls = [`--listen-tls-cert=${cert}`, `--listen-tls-key=${key}`];
    await using node = Node.start([...args, ...tls], { CONDUCTOR_API_TOKEN: "a-token-for-tests" });
    await eventually("status comes from the page", async () => {
      const { code, text } = await node.command("status", "--output=json");
      return code === 0 && (JSON.parse(text) as Status).node.startedAt !== null;
    }, 30_000);
    const url = node.pageUrl.replace("http:", "https:");
    using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(cert)] });
    const stepDown = async (headers: Record<string, string>) => {
      const response = await fetch(`${url}/api/v1/step-down`, {
        client,
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: '{"pause_seconds":0}',
      });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await stepDown({}), 401);
    assertEquals(await stepDown({ authorization: "Bearer wrong" }), 401);
    const allowed = await stepDown({ authorization: "Bearer a-token-for-tests" });
    assert(allowed === 200 || allowed === 409, `${allowed}`);
    assert(!node.output.includes("a-token-for-tests"));
  },
});
