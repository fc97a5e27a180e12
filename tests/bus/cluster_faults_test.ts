/**
 * A cluster of three brokers with Neutron's queues as quorum queues, under one fault after the other while ports change:
 * Neutron ends with the newest status of every port, what is wrong is said in the broker's words, and the subscription
 * comes back and says so.
 *
 * @module
 */
import { systemClock } from "../../lib/base/clock.ts";
import { describeError } from "../../lib/base/log.ts";
import { Notifications } from "../../lib/bus/notifications.ts";
import { assert, eventually } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { OsloServer } from "../support/oslo_server.ts";
import { RabbitCluster } from "../support/rabbit_cluster.ts";
import { documentedRights } from "./documented_rights.ts";
import { type Fault, FAULTS, type Scene } from "./faults.ts";
import { busConfig, StatusLoad } from "./status_load.ts";

/** amqplib's sockets live across steps. */
const SOCKETS = { sanitizeOps: false, sanitizeResources: false };
/** Which faults, by a part of their names. */
const ONLY = new RegExp(Deno.env.get("BUS_FAULTS") ?? "");
const HOST = "cloud";
const USER = "reporter";
const LISTENER = "listener";
/**
 * Of `[oslo_messaging_rabbit]`: a classic fanout queue of a member that is down could not be declared, and by default a
 * dead broker is noticed after a minute.
 */
const OPTIONS = {
  amqp_durable_queues: "true",
  rabbit_quorum_queue: "true",
  rabbit_transient_quorum_queue: "true",
  heartbeat_timeout_threshold: "12",
  kombu_reconnect_delay: "0.2",
};
const NOTICED_MS = 60_000;
const BACK_MS = 90_000;

class Listener implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly notifications: Notifications;

  constructor(url: string) {
    const options = { clock: systemClock, log: new LogRecorder(), name: "no-region" };
    const config = { bus: busConfig(url), topics: ["notifications"] };
    this.notifications = new Notifications(config, options, {
      onNotification: (body) => void this.heard.push(new TextDecoder().decode(body)),
      onSubscribed: () => {},
      onOverflow: () => {},
    });
  }

  /** Waits until a notification that is sent now is heard. */
  async hears(neutron: OsloServer): Promise<void> {
    const text = crypto.randomUUID();
    let sentAt = -Infinity;
    await eventually("a notification is heard", async () => {
      // A notification that is sent while nobody listens is lost: that is told, and is not the point here.
      if (performance.now() - sentAt > 2000) {
        sentAt = performance.now();
        await neutron.notify(text);
      }
      return this.heard.some((body) => body.includes(text));
    }, BACK_MS);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.notifications[Symbol.asyncDispose]();
  }
}

/** Who serves our connection now, and who does not. */
async function members(cluster: RabbitCluster): Promise<Pick<Scene, "ours" | "other">> {
  const [asked] = cluster.members;
  return await eventually("our connection is listed", async () => {
    const columns = ["--no-table-headers", "user", "pid"];
    const listed = (await asked!.control("list_connections", ...columns)).split("\n")
      .filter((line) => line.startsWith(USER));
    const ours = cluster.members.find(({ node }) => listed.some((line) => line.includes(node)));
    const other = cluster.members.find((member) => member !== ours);
    return ours && other && { ours, other };
  }, BACK_MS);
}

async function befall(fault: Fault, scene: Scene, load: StatusLoad): Promise<void> {
  const { reporter } = load;
  const before = load.log.records.length;
  const saying = () =>
    [
      reporter.trouble,
      reporter.blocked?.reason,
      ...load.log.records.slice(before).map(({ fields }) => describeError(fields?.error)),
    ].filter((text) => text);
  const said = () => saying().some((text) => fault.words?.test(text ?? ""));
  load.go();
  await load.served();
  await fault.begin(scene);
  try {
    if (fault.words) {
      await eventually(`it says ${fault.words}`, said, NOTICED_MS).catch((cause) => {
        throw new Error(`it says: ${saying()}`, { cause });
      });
    }
    if (fault.blocks) {
      assert(!reporter.gate.open, "nothing is handed to a blocked connection");
      // Ports go on changing for longer than a call waits.
      await systemClock.sleep(4000);
    }
  } finally {
    await fault.end?.(scene);
  }
  await eventually("it is back", () => reporter.gate.open, BACK_MS);
  await load.settle();
}

Deno.test("a cluster of three under faults", {
  ...SOCKETS,
  ignore: Deno.env.get("RABBITMQ_CLUSTER") === "no",
}, async (t) => {
  const rights = await documentedRights();
  const users = [USER, LISTENER];
  const definitions = { hosts: [HOST], users: { [USER]: rights, [LISTENER]: rights } };
  await using cluster = await RabbitCluster.start({ definitions });
  const theirs = cluster.url("guest:guest", HOST);
  await using neutron = await OsloServer.start(theirs, OPTIONS, Deno.env.get("OSLO_ROOT"));
  await using listener = new Listener(cluster.url(`${LISTENER}:secret`, HOST));
  await using load = new StatusLoad(cluster.url(`${USER}:secret`, HOST), neutron);
  for (const fault of FAULTS.filter(({ name }) => ONLY.test(name))) {
    await t.step(fault.name, async () => {
      const scene = { cluster, host: HOST, user: USER, users, rights, ...await members(cluster) };
      await befall(fault, scene, load);
      await listener.hears(neutron);
    });
  }
});
