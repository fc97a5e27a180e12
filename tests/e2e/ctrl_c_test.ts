/**
 * Ctrl-C in a real terminal, for each way in which a node is started there. The terminal tells the whole
 * process group, and a task runner passes on what it was told: the supervisor hears it more than once.
 *
 * @module
 */
import { Etcd3 } from "etcd3";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { freePort, startEtcd } from "../support/etcd_server.ts";
import { SAME_SIGNAL_MS } from "../../lib/node/stop_request.ts";
import type { Status } from "../../lib/health/status.ts";
import { BINARY, lives, processTree, tempDir } from "./node.ts";
import { programMissing } from "../support/system_program.ts";
import { Tmux } from "./tmux.ts";

const ELECTION = "/calico/openstack/v2/no-region/neutron_election";

const WAYS: readonly (readonly string[])[] = BINARY ? [[BINARY, "start"]] : [
  [Deno.execPath(), "task", "start"],
  ["sh", "bootstrap.sh", "start"],
];

const missing = await programMissing("tmux");
const ignore = missing !== null;
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

interface Scene {
  readonly terminal: Tmux;
  readonly status: Status;
  readonly processes: readonly number[];
  leader(): Promise<string | null>;
}

async function withTerminal(
  way: readonly string[],
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  await using server = await startEtcd();
  const port = freePort();
  await using terminal = await Tmux.open([
    ...way,
    `--listen=127.0.0.1:${port}`,
    `--state-dir=${dir.path}`,
    "--node-name=node-1",
    `--etcd=${server.url}`,
    `--neutron-url=http://127.0.0.1:${freePort()}`,
    "--startup-resync=never",
    "--stop-timeout=60",
  ]);
  const etcd = new Etcd3({ hosts: server.url });
  try {
    const status = await eventually("the node leads", async () => {
      const status = await fetch(`http://127.0.0.1:${port}/api/v1/status`).then(
        (response): Promise<Status> => response.json(),
        () => null,
      );
      return status?.ready && status.isMaster && status;
    }, 40_000);
    const processes = await processTree(terminal.pid);
    const leader = () => etcd.get(ELECTION).string();
    assertMatch(await leader() ?? "", /^node-1:/);
    await play({ terminal, status, processes, leader });
  } catch (error) {
    throw new Error(`${(error as Error).message}; it printed:\n${terminal.output()}`);
  } finally {
    etcd.close();
  }
}

async function nothingIsLeft({ terminal, processes, leader }: Scene): Promise<void> {
  const all = processes.filter((pid) => pid !== terminal.pid);
  await eventually("all processes are gone", () => all.every((pid) => !lives(pid)), 10_000);
  assertEquals(await leader(), null, "the election key is left");
}

for (const way of WAYS) {
  const name = way.map((word) => word.split("/").at(-1)).join(" ");

  Deno.test(
    `Ctrl-C on ${name} stops every role in order${skipped}`,
    { ignore },
    () =>
      withTerminal(way, async (scene) => {
        const { terminal } = scene;
        await terminal.ctrlC();
        assertEquals(await terminal.ended(), 0);
        assertMatch(terminal.output(), /stopping in order.* reason=SIGINT/);
        assertMatch(terminal.output(), /stopped reason=SIGINT/);
        assertEquals(
          /kill|in time/.test(terminal.output().replace(/stopping in order.*/, "")),
          false,
        );
        await nothingIsLeft(scene);
      }),
  );

  Deno.test(
    `Ctrl-C again on ${name} kills a role that hangs, and says so${skipped}`,
    { ignore },
    () =>
      withTerminal(way, async (scene) => {
        const { terminal, status } = scene;
        const syncer = status.roles.find(({ name }) => name === "resource-syncer")!.process!.pid!;
        Deno.kill(syncer, "SIGSTOP");
        await terminal.ctrlC();
        await eventually("it stops", () => /stopping in order/.test(terminal.output()));
        // Later than what is taken for the first one, which is the point.
        await new Promise((resolve) => setTimeout(resolve, SAME_SIGNAL_MS + 500));
        assert(lives(syncer), "one Ctrl-C has killed it");
        await terminal.ctrlC();
        assertEquals(await terminal.ended(), 0);
        assertMatch(
          terminal.output(),
          /told a second time to stop: .* reason=SIGINT afterMs=\d{4,}/,
        );
        assertMatch(
          terminal.output(),
          /is killed: the node was told a second time to stop name=resource-syncer waitedMs=\d{4,}/,
        );
        assertEquals(/did not stop in time/.test(terminal.output()), false);
        await nothingIsLeft(scene);
      }),
  );
}
