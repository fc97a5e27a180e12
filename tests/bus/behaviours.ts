/**
 * How RabbitMQ behaves where the product rests on it, asked of a real broker without any of the product: the rows of
 * docs/compatibility.md, "RabbitMQ".
 *
 * @module
 */
import { Buffer } from "node:buffer";
import amqp from "amqplib";
import { eventually } from "../support/assert.ts";
import { type RabbitOptions, RabbitServer, VERSION } from "../support/rabbit_server.ts";

/** What a row is asked of. */
export interface Asked {
  readonly server: RabbitServer;
  /** guest, who may everything. */
  readonly admin: Client;
  /** A user who may only have queues of its own, `own.*`, and send to what is called `shared.*`. */
  readonly user: Client;
}

/** One row. */
export interface Behaviour {
  readonly name: string;
  ask(asked: Asked): Promise<string>;
}

/** Rights of the user to configure, write and read. */
const RIGHTS = ["^own.*$", "^(own|shared).*$", "^(own|shared).*$"] as const;
/** A broker for all rows. */
export const BROKER: RabbitOptions = { definitions: { hosts: ["other"], users: { user: RIGHTS } } };

/** A connection whose end is kept in the broker's words. */
export class Client implements AsyncDisposable {
  /** What ended it, or what it is told to wait for; null: nothing. */
  ended: string | null = null;
  blocked: string | null = null;

  private constructor(readonly connection: amqp.ChannelModel) {
    connection.on("error", (error: Error) => this.ended ??= wordsOf(error));
    connection.on("close", (error?: Error) => {
      this.ended ??= error ? wordsOf(error) : "closed without a word";
    });
    connection.on("blocked", (reason: string) => this.blocked = reason);
    connection.on("unblocked", () => this.blocked = null);
  }

  static async open({ port }: RabbitServer, login: string, host = ""): Promise<Client> {
    const url = `amqp://${login}@127.0.0.1:${port}/${host}`;
    return new Client(await amqp.connect(url, { timeout: 20_000 }));
  }

  /** What a broker says to an act in a channel of its own. */
  async verdict(act: (channel: amqp.ConfirmChannel) => Promise<unknown>): Promise<string> {
    const channel = await this.connection.createConfirmChannel();
    let said: string | null = null;
    channel.on("error", (error: Error) => said = wordsOf(error));
    try {
      await act(channel);
      await channel.close();
      return "taken";
    } catch (error) {
      return said ?? this.ended ?? wordsOf(error as Error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ended ??= "closed by us";
    await this.connection.close().catch(() => {});
  }
}

/** The broker's code and words, without what differs from run to run. */
function wordsOf({ message }: Error): string {
  const [, code, text] = /(\d{3}) \([A-Z-]+\) with message "([^"\n]*)/.exec(message) ?? [];
  const words = (text ?? message).replace(/^[A-Z_]+ - /, "");
  return `${code ? `${code}, ` : ""}“${words.replaceAll("|", "/")}”`;
}

const TRANSIENT = { durable: false, autoDelete: false };
const QUORUM = { durable: true, arguments: { "x-queue-type": "quorum" } };

/** A queue and an exchange of the administrator's, and what the user hears of them. */
const passive = (name: string, kind: "Queue" | "Exchange") => async ({ admin, user }: Asked) => {
  await admin.verdict((channel) =>
    kind === "Queue"
      ? channel.assertQueue(name, TRANSIENT)
      : channel.assertExchange(name, "topic", TRANSIENT)
  );
  return await user.verdict((channel) => channel[`check${kind}`](name));
};

const QUEUES: readonly Behaviour[] = [
  {
    name: "a passive declare of a queue that one may only read and write to",
    ask: passive("shared.q", "Queue"),
  },
  {
    name: "a passive declare of a queue that one has no right to",
    ask: passive("theirs.q", "Queue"),
  },
  {
    name: "a passive declare of an exchange that one has no right to",
    ask: passive("theirs.x", "Exchange"),
  },
  {
    name: "a passive declare of a queue that is not there",
    ask: ({ admin }) => admin.verdict((channel) => channel.checkQueue("shared.none")),
  },
  {
    name: "a durable exchange, declared as a transient one",
    async ask({ admin }) {
      await admin.verdict((channel) => channel.assertExchange("durable", "topic"));
      return await admin.verdict((channel) =>
        channel.assertExchange("durable", "topic", { durable: false })
      );
    },
  },
  {
    name: "a transient queue for many",
    ask: ({ user }) => user.verdict((channel) => channel.assertQueue("own.many", TRANSIENT)),
  },
  {
    name: "a transient queue of one connection alone, which expires",
    ask: ({ user }) =>
      user.verdict((channel) =>
        channel.assertQueue("own.alone", { ...TRANSIENT, exclusive: true, expires: 60_000 })
      ),
  },
  {
    name: "a message of another connection to that queue",
    ask: ({ admin }) =>
      admin.verdict((channel) =>
        new Promise((resolve, reject) => {
          channel.on("return", () => reject(new Error("returned")));
          channel.sendToQueue("own.alone", Buffer.from("x"), { mandatory: true }, resolve);
        })
      ),
  },
  {
    name: "a quorum queue that is to be of one connection alone",
    ask: ({ user }) =>
      user.verdict((channel) => channel.assertQueue("own.quorum", { ...QUORUM, exclusive: true })),
  },
  {
    name: "a message to an exchange that is not there",
    ask: ({ admin }) =>
      admin.verdict(async (channel) => {
        channel.publish("none", "key", Buffer.from("x"));
        await channel.waitForConfirms();
      }),
  },
];

/** What a connection of its own hears when something is done to it. */
async function heard(server: RabbitServer, login: string, args: readonly string[], host = "") {
  await using client = await Client.open(server, login, host);
  await server.control(...args);
  return await eventually("the connection is ended", () => client.ended, 30_000);
}

const refused = async (server: RabbitServer, login: string, host = "") => {
  try {
    await using _client = await Client.open(server, login, host);
    return "taken";
  } catch (error) {
    return wordsOf(error as Error);
  }
};

const ENDS: readonly Behaviour[] = [
  {
    name: "a connection that the operator closes, with “tidy”",
    ask: ({ server }) =>
      heard(server, "guest:guest", ["close_all_connections", "-p", "other", "tidy"], "other"),
  },
  {
    name: "a connection with a wrong password",
    ask: ({ server }) => refused(server, "user:wrong"),
  },
  {
    name: "a connection whose user is deleted",
    ask: ({ server }) => heard(server, "user:secret", ["delete_user", "user"]),
  },
];

const raise = (server: RabbitServer, alarm: "memory" | "disk") =>
  alarm === "memory"
    ? server.control("set_vm_memory_high_watermark", "absolute", "1MB")
    : server.control("set_disk_free_limit", "100000GB");
const clear = (server: RabbitServer, alarm: "memory" | "disk") =>
  alarm === "memory"
    ? server.control("set_vm_memory_high_watermark", "0.8")
    : server.control("set_disk_free_limit", "1MB");

/** What somebody who publishes hears of an alarm. */
const alarmed = (alarm: "memory" | "disk") => async ({ server }: Asked) => {
  await using client = await Client.open(server, "guest:guest");
  const channel = await client.connection.createConfirmChannel();
  await raise(server, alarm);
  channel.publish("", "alarmed", Buffer.from("x"));
  const reason = await eventually("it is told", () => client.blocked, 30_000);
  await clear(server, alarm);
  await eventually("it is told that it is over", () => client.blocked === null, 30_000);
  return `blocked: “${reason}”`;
};

const ALARMS: readonly Behaviour[] = [
  { name: "low on memory: whoever publishes", ask: alarmed("memory") },
  { name: "low on disk: whoever publishes", ask: alarmed("disk") },
];

/** All rows, in the order in which they are asked. */
export const BEHAVIOURS: readonly Behaviour[] = [...QUEUES, ...ALARMS, ...ENDS];

/** The row that needs a broker of its own. */
export const DENIED =
  "a transient queue for many, with `deprecated_features.permit.transient_nonexcl_queues = false`";

/** Asks all rows. */
export async function askAll(): Promise<Map<string, string>> {
  await using server = await RabbitServer.start(BROKER);
  await using admin = await Client.open(server, "guest:guest");
  await using user = await Client.open(server, "user:secret");
  const found = new Map<string, string>();
  for (const { name, ask } of BEHAVIOURS) found.set(name, await ask({ server, admin, user }));
  found.set(DENIED, await askDenied());
  return found;
}

/** What is said to those who declare such a queue of a broker that denies it. */
async function askDenied(): Promise<string> {
  if (Number.parseInt(VERSION) < 4) return "no such setting";
  const lines = ["deprecated_features.permit.transient_nonexcl_queues = false"];
  await using server = await RabbitServer.start({ lines });
  await using admin = await Client.open(server, "guest:guest");
  return await admin.verdict((channel) => channel.assertQueue("many", TRANSIENT));
}
