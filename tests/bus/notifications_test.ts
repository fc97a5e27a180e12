import { Buffer } from "node:buffer";
import amqp from "amqplib";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RabbitServer } from "../support/rabbit_server.ts";
import { parseTransportUrl } from "../../lib/config/transport_url.ts";
import { Notifications } from "../../lib/bus/notifications.ts";
import { Meter } from "../../lib/metrics/meter.ts";
import { systemClock } from "../../lib/base/clock.ts";

/** amqplib's sockets live across steps. */
const SOCKETS = { sanitizeOps: false, sanitizeResources: false };

/** What neutron-server is to a listener: the exchange, and messages to it. */
class Publisher implements AsyncDisposable {
  private constructor(readonly connection: amqp.ChannelModel, readonly channel: amqp.Channel) {}

  static async start(port: number): Promise<Publisher> {
    const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${port}/`);
    connection.on("error", () => {});
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    await channel.assertExchange("neutron", "topic", { durable: false, autoDelete: false });
    return new Publisher(connection, channel);
  }

  publish(text: string, key = "notifications.info"): void {
    this.channel.publish("neutron", key, Buffer.from(text));
  }

  async exists(queue: string): Promise<boolean> {
    const channel = await this.connection.createChannel();
    channel.on("error", () => {});
    try {
      await channel.checkQueue(queue);
      await channel.close();
      return true;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close().catch(() => {});
  }
}

interface Heard extends AsyncDisposable {
  readonly notifications: Notifications;
  readonly log: LogRecorder;
  readonly meter: Meter;
  readonly texts: string[];
  subscribed: number;
  overflows: number;
  /** Called with each text. */
  onText: () => void;
}

function listen(
  server: RabbitServer,
  { topics = ["notifications"], maxQueued }: { topics?: string[]; maxQueued?: number } = {},
): Heard {
  const { hosts, virtualHost, tls } = parseTransportUrl(server.url)!;
  const files = { caFile: null, certFile: null, keyFile: null };
  const bus = { hosts, virtualHost, tls, exchange: "neutron", ...files };
  const log = new LogRecorder();
  const meter = new Meter();
  const options = { clock: systemClock, log, meter, name: "no-region", maxQueued };
  const notifications = new Notifications({ bus, topics }, options, {
    onNotification(body) {
      heard.texts.push(new TextDecoder().decode(body));
      heard.onText();
    },
    onSubscribed: () => heard.subscribed++,
    onOverflow: () => heard.overflows++,
  });
  const heard: Heard = {
    notifications,
    log,
    meter,
    texts: [],
    subscribed: 0,
    overflows: 0,
    onText: () => {},
    [Symbol.asyncDispose]: () => notifications[Symbol.asyncDispose](),
  };
  return heard;
}

Deno.test("Neutron's notifications over a real broker", SOCKETS, async (t) => {
  await using server = await RabbitServer.start();

  await t.step("the exchange is waited for, and never declared here", async () => {
    await using heard = listen(server);
    await eventually(
      "the broker's word",
      () => /no exchange 'neutron'/.test(heard.notifications.trouble ?? ""),
    );
    assertEquals(heard.notifications.queue, null);
    await systemClock.sleep(1500);
    assertEquals(heard.log.at("warn").length, 1, "the same trouble is said once");
    await using publisher = await Publisher.start(server.port);
    await eventually("it listens", () => heard.notifications.queue, 30_000);
    assertEquals([heard.subscribed, heard.notifications.trouble], [1, null]);
    publisher.publish("hello");
    await eventually("it is heard", () => heard.texts[0] === "hello");
  });

  await t.step("every listener hears everything, of its topics alone", async () => {
    await using publisher = await Publisher.start(server.port);
    await using one = listen(server);
    await using other = listen(server, { topics: ["notifications", "other"] });
    await eventually("both listen", () => one.notifications.queue && other.notifications.queue);
    assertMatch(one.notifications.queue!, /^calico-conductor\.no-region\.[0-9a-f]{8}$/);
    assert(one.notifications.queue !== other.notifications.queue);
    // The queue of the topic's name is somebody else's.
    assertEquals(await publisher.exists("notifications.info"), false);
    publisher.publish("1");
    publisher.publish("2", "other.info");
    publisher.publish("3", "notifications.error");
    publisher.publish("4");
    await eventually("both hear", () => one.texts.length === 2 && other.texts.length === 3);
    assertEquals([one.texts, other.texts], [["1", "4"], ["1", "2", "4"]]);
  });

  await t.step("no message ends the subscription, whatever becomes of it", async () => {
    await using publisher = await Publisher.start(server.port);
    await using heard = listen(server);
    const queue = await eventually("it listens", () => heard.notifications.queue);
    heard.onText = () => {
      if (heard.texts.length < 3) throw new Error("odd");
    };
    for (const text of ["constructor", "__proto__", "after"]) publisher.publish(text);
    await eventually("all are heard", () => heard.texts.length === 3);
    assertEquals([heard.notifications.queue, heard.subscribed], [queue, 1]);
    const said = heard.log.at("warn").filter(({ message }) => /not understood/.test(message));
    assertEquals(said.length, 1, "one line for a kind");
    const [counted] = heard.meter.read().bus_messages_not_understood!;
    assertEquals([counted!.labels[0], counted!.sum], ["notification", 2]);
  });

  await t.step("nothing is left behind: the queues go with their listener", async () => {
    await using publisher = await Publisher.start(server.port);
    let queue: string;
    {
      await using heard = listen(server);
      queue = await eventually("it listens", () => heard.notifications.queue);
      // Exclusive: only its own connection may even look at it.
      assertEquals(await publisher.exists(queue), false);
    }
    const channel = await publisher.connection.createChannel();
    channel.on("error", () => {});
    for (const name of [queue, `${queue}.dropped`]) {
      const { messageCount } = await channel.assertQueue(name, { autoDelete: true });
      assertEquals(messageCount, 0, "the name is free again");
      await channel.deleteQueue(name);
    }
  });

  await t.step("a queue that overflows says so, once for many", async () => {
    await using publisher = await Publisher.start(server.port);
    await using heard = listen(server, { maxQueued: 20 });
    await eventually("it listens", () => heard.notifications.queue);
    const text = "x".repeat(200_000);
    let first = true;
    // A listener that is busy for a second: its socket fills, then its queue in the broker.
    heard.onText = () => {
      if (!first) return;
      first = false;
      for (const until = Date.now() + 1500; Date.now() < until;);
    };
    const worker = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", FLOOD],
      env: { PORT: String(server.port), SIZE: String(text.length) },
      cwd: new URL("../..", import.meta.url).pathname,
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    publisher.publish("busy");
    assert((await worker.status).success);
    await eventually("the overflow is told", () => heard.overflows > 0);
    assert(heard.texts.length < 501, "nothing was dropped");
    const told = heard.overflows;
    assert(told <= 3, `${told} times`);
    publisher.publish("after");
    await eventually("it goes on", () => heard.texts.includes("after"));
  });

  await t.step("a broker that comes back: subscribed anew, which is told", async () => {
    await using heard = listen(server);
    await eventually("it listens", () => heard.notifications.queue, 20_000);
    await server.kill();
    await eventually("the loss is noticed", () => heard.notifications.queue === null);
    await server.start();
    // It goes with the broker that is killed, or with some versions not always.
    const exchanges = (await server.control("list_exchanges", "name")).split("\n");
    if (!exchanges.includes("neutron")) {
      await systemClock.sleep(500);
      assertEquals(heard.subscribed, 1, "the exchange is missing");
    }
    await using publisher = await Publisher.start(server.port);
    await eventually("it listens again", () => heard.subscribed === 2, 30_000);
    publisher.publish("again");
    await eventually("it is heard", () => heard.texts.includes("again"));
  });
});

/** 500 messages of SIZE bytes, from another process: this one's event loop stands still. */
const FLOOD = `
import amqp from "amqplib";
import { Buffer } from "node:buffer";
const connection = await amqp.connect("amqp://guest:guest@127.0.0.1:" + Deno.env.get("PORT") + "/");
const channel = await connection.createConfirmChannel();
const body = Buffer.alloc(Number(Deno.env.get("SIZE")), "x");
for (let i = 0; i < 500; i++) channel.publish("neutron", "notifications.info", body);
await channel.waitForConfirms();
await connection.close();
`;
