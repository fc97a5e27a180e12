/** A private RabbitMQ on free ports with data in a temporary directory. @module */
import amqp from "amqplib";
import { freePort } from "./etcd_server.ts";

const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/** A broker that can be killed and started again; disposing of it ends it and removes its data. */
export class RabbitServer implements AsyncDisposable {
  #process: Deno.ChildProcess | null = null;
  readonly port = freePort();
  readonly #distribution = freePort();
  readonly #epmd = freePort();

  private constructor(readonly dir: string) {}

  /** Starts a broker (45 s). @throws when it does not take connections. */
  static async start(): Promise<RabbitServer> {
    const server = new RabbitServer(await Deno.makeTempDir({ prefix: "rabbit-" }));
    await server.start();
    return server;
  }

  get url(): string {
    return `rabbit://guest:guest@127.0.0.1:${this.port}/`;
  }

  async start(): Promise<void> {
    const { dir, port } = this;
    await Deno.writeTextFile(
      `${dir}/rabbitmq.conf`,
      `listeners.tcp.1 = 127.0.0.1:${port}\nloopback_users.guest = true\n`,
    );
    await Deno.writeTextFile(`${dir}/env.conf`, "");
    await Deno.writeTextFile(`${dir}/plugins`, "[].");
    // A group of its own: the scripts around the Erlang machine are ended with it.
    this.#process = new Deno.Command(SERVER, {
      env: {
        HOME: dir,
        ERL_EPMD_ADDRESS: "127.0.0.1",
        ERL_EPMD_PORT: String(this.#epmd),
        RABBITMQ_NODENAME: `test${port}@localhost`,
        RABBITMQ_CONF_ENV_FILE: `${dir}/env.conf`,
        RABBITMQ_CONFIG_FILE: `${dir}/rabbitmq`,
        RABBITMQ_ENABLED_PLUGINS_FILE: `${dir}/plugins`,
        RABBITMQ_MNESIA_BASE: `${dir}/mnesia`,
        RABBITMQ_LOG_BASE: `${dir}/log`,
        RABBITMQ_PID_FILE: `${dir}/pid`,
        RABBITMQ_DIST_PORT: String(this.#distribution),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    const deadline = Date.now() + 45_000;
    while (true) {
      try {
        const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${port}/`);
        await connection.close();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw new Error("RabbitMQ did not start", { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  /** `kill -9`, as when the machine goes. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (!process) return;
    this.#process = null;
    try {
      Deno.kill(-process.pid, "SIGKILL");
    } catch { /* gone already */ }
    await process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await stopEpmd(this.#epmd);
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** Erlang's port mapper is a daemon of its own. */
async function stopEpmd(port: number): Promise<void> {
  await new Deno.Command("epmd", {
    args: ["-port", String(port), "-kill"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output().catch(() => {});
}
