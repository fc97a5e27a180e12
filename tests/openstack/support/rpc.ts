/** Calls of neutron-server over its bus, as oslo.messaging makes them: small, and not the product's own. @module */
import { Buffer } from "node:buffer";
import amqp from "amqplib";

/** An answer: what was returned, or the class of the exception. */
export type Answer = { readonly result: unknown } | { readonly raised: string };

const ANSWER_MS = 60_000;
const uniqueId = () => crypto.randomUUID().replaceAll("-", "");
const read = (content: Buffer) => JSON.parse(JSON.parse(content.toString())["oslo.message"]);

/** A connection for calls. */
export class Rpc implements AsyncDisposable {
  readonly #waiting = new Map<string, (answer: Answer) => void>();

  private constructor(
    readonly connection: amqp.ChannelModel,
    readonly channel: amqp.Channel,
    readonly replies: string,
  ) {}

  /** @param url a transport URL of one RabbitMQ with the virtual host `/`. */
  static async open(url: string): Promise<Rpc> {
    const connection = await amqp.connect(url.replace(/^rabbit:/, "amqp:").replace(/\/$/, ""));
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue(`reply_${uniqueId()}`, { exclusive: true });
    const rpc = new Rpc(connection, channel, queue);
    await channel.consume(queue, (message) => message && rpc.#take(message.content), {
      noAck: true,
    });
    return rpc;
  }

  #take(content: Buffer): void {
    const { _msg_id, result, failure } = read(content);
    this.#waiting.get(_msg_id)?.(failure ? { raised: JSON.parse(failure).class } : { result });
    this.#waiting.delete(_msg_id);
  }

  /** @throws nothing is answered. */
  async call(
    topic: string,
    method: string,
    args: Record<string, unknown>,
    version: string,
  ): Promise<Answer> {
    const id = uniqueId();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), ANSWER_MS);
    const message = {
      method,
      args,
      version,
      _msg_id: id,
      _reply_q: this.replies,
      _timeout: null,
      _unique_id: uniqueId(),
      _context_is_admin: true,
    };
    const body = { "oslo.version": "2.0", "oslo.message": JSON.stringify(message) };
    this.channel.publish("neutron", topic, Buffer.from(JSON.stringify(body)), {
      contentType: "application/json",
      contentEncoding: "utf-8",
    });
    return await promise.finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
  }
}
