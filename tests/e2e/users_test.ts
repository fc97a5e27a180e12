import { assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { Root, signedTokens, USER } from "../support/etcd_users.ts";
import { Node, tempDir } from "./node.ts";

const ROLES = ["manager", "agent-status-watcher", "endpoint-status-watcher"];

Deno.test("a node with a user of etcd keeps its term and its roles, whatever root changes for a moment", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd(await signedTokens(dir.path, 300));
  using root = await Root.of(server.url);
  await using node = Node.start([
    ...[`--state-dir=${dir.path}/state`, "--node-name=n", "--log-format=json"],
    ...[`--etcd=${server.url}`, `--etcd-username=${USER.username}`],
    ...["--election-ttl=30", "--election-refresh=1"],
  ], { CONDUCTOR_ETCD_PASSWORD: USER.password });
  const problem = async () => (await node.status())?.election?.problem ?? "";
  const leads = () =>
    eventually("it leads without a problem", async () => {
      const status = await node.status();
      return status?.election?.state === "leader" && status.election.problem === null && status;
    }, 30_000);
  await leads();
  const pids = () => Promise.all(ROLES.map((role) => node.rolePid(role)));
  const before = await pids();

  await root.addAnotherRole();
  await root.turnOff();
  await root.turnOn();
  const refusals: [() => Promise<unknown>, RegExp, () => Promise<unknown>][] = [
    [
      () => root.setPassword("another"),
      /does not let conductor in any more/,
      () => root.setPassword(USER.password),
    ],
    [() => root.revokeRole(), /permission denied/, () => root.grantRole()],
    [() => root.deleteUser(), /does not let conductor in any more/, () => root.addUser()],
  ];
  for (const [start, says, end] of refusals) {
    await start();
    await eventually(`the page says ${says}`, async () => says.test(await problem()), 10_000);
    await end();
    await leads();
  }
  assertEquals(await pids(), before);
  await node.stop();
  assertEquals(node.output.match(/"message":"elected"/g)?.length, 1, node.output);
  assertMatch(node.output, /"term ended".*stopped in order/);
});
