/** What a service manager that speaks sd_notify hears. @module */
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { freePort, startEtcd } from "../support/etcd_server.ts";
import { emptyNeutron, Node, tempDir } from "./node.ts";

/** A notification socket, as a service manager has it. */
function listen(path: string): { heard: string[]; close(): Promise<void> } {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  const heard: string[] = [];
  const reading = (async () => {
    for await (const [bytes] of socket) heard.push(new TextDecoder().decode(bytes));
  })();
  return {
    heard,
    async close() {
      socket.close();
      await reading.catch(() => {});
    },
  };
}

Deno.test("ready, status, progress, reload and stop are told, by the supervisor itself", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd();
  const socket = `${dir.path}/notify`;
  const manager = listen(socket);
  const stateDir = `${dir.path}/state`;
  await using neutron = emptyNeutron();
  const node = Node.start(
    [
      `--state-dir=${stateDir}`,
      "--node-name=node-1",
      `--etcd=${server.url}`,
      `--neutron-url=http://127.0.0.1:${neutron.addr.port}`,
      "--startup-resync=never",
    ],
    { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "3000000" },
    { flags: [`--allow-net=unix:${socket},unix:${stateDir}/notify.sock`] },
  );
  try {
    await node.ready();
    const { heard } = manager;
    const count = (text: string) => heard.filter((message) => message === text).length;
    await eventually("it is ready", () => count("READY=1") === 1);
    await eventually("its status", () => heard.some((m) => /^STATUS=node-1 leads/.test(m)));
    const [before, startedAt] = [count("WATCHDOG=1"), Date.now()];
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const perSecond = (count("WATCHDOG=1") - before) / ((Date.now() - startedAt) / 1000);
    assert(perSecond > 0.5 && perSecond < 2, `${perSecond} signs of progress a second`);

    node.kill("SIGHUP");
    await eventually("it is ready again", () => count("READY=1") === 2);
    const reloading = heard.find((message) => message.startsWith("RELOADING=1"))!;
    const usec = Number(/MONOTONIC_USEC=(\d+)$/.exec(reloading)![1]);
    const uptime = Number((await Deno.readTextFile("/proc/uptime")).split(" ")[0]);
    assert(Math.abs(usec / 1e6 - uptime) < 60, reloading);
    assert(heard.lastIndexOf("READY=1") > heard.indexOf(reloading));

    // A supervisor that is held up says nothing.
    node.kill("SIGSTOP");
    const silentFrom = heard.length;
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assertEquals(heard.length, silentFrom);
    node.kill("SIGCONT");
    await eventually("it goes on", () => heard.length > silentFrom);

    await node.stop();
    assertEquals(node.ended!.code, 0);
    await eventually("the stop", () => count("STOPPING=1") === 1);
    assert(!node.output.includes("cannot be told"), node.output);
  } finally {
    await node[Symbol.asyncDispose]();
    await manager.close();
  }
});

Deno.test("a role in a crash loop: the status says so, the rest goes on, and the exit code is 3", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd();
  const socket = `${dir.path}/notify`;
  const manager = listen(socket);
  const stateDir = `${dir.path}/state`;
  const ca = `${dir.path}/ca.pem`;
  await Deno.writeTextFile(ca, "x");
  await using neutron = emptyNeutron();
  const node = Node.start(
    [
      `--state-dir=${stateDir}`,
      "--node-name=node-1",
      `--etcd=${server.url}`,
      `--neutron-url=http://127.0.0.1:${neutron.addr.port}`,
      "--startup-resync=never",
    ],
    { NOTIFY_SOCKET: socket },
    { flags: [`--allow-net=unix:${socket},unix:${stateDir}/notify.sock`] },
  );
  try {
    await node.ready();
    const kill = async () => {
      const status = await node.status();
      const role = status?.roles.find(({ name }) => name === "agent-status-watcher");
      if (role?.process?.pid) Deno.kill(role.process.pid, "SIGKILL");
      return (role?.process?.failures ?? 0) >= 3;
    };
    await eventually("three crashes", kill, 20_000, 200);
    await eventually(
      "the status says so",
      () =>
        manager.heard.some((m) =>
          /^STATUS=agent-status-watcher: (ended and waits|ends again and again)/.test(m)
        ),
    );
    const health = await fetch(`${node.pageUrl}/healthz`);
    assertEquals(health.status, 503);
    assertMatch(
      await health.text(),
      /agent-status-watcher ends again and again \(killed by SIGKILL/,
    );
    const status = await node.answer();
    assert(status.isMaster, "the rest goes on");
    const said = await node.command("status");
    assertEquals(said.code, 3);
    assert(manager.heard.includes("READY=1"));
    assert(!manager.heard.includes("WATCHDOG=1"), "nobody asked for it");
    await node.stop();
    assertEquals(node.ended!.code, 3);
  } finally {
    await node[Symbol.asyncDispose]();
    await manager.close();
  }
});

Deno.test("from source, without the permission to tell: a warning that says which", {
  ignore: Boolean(Deno.env.get("CONDUCTOR_BINARY")),
}, async () => {
  await using dir = await tempDir();
  const socket = `${dir.path}/notify`;
  const manager = listen(socket);
  await using node = Node.start(
    [`--state-dir=${dir.path}/state`, `--etcd=http://127.0.0.1:${freePort()}`],
    { NOTIFY_SOCKET: socket },
  );
  await eventually("the warning", () => /cannot be told .* --allow-net/.test(node.output));
  await eventually("the page, nevertheless", () => node.status());
  await manager.close();
});
