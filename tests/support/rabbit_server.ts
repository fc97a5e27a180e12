/** A private RabbitMQ on free ports with data in a temporary directory. @module */
import amqp from "amqplib";
import { freePort } from "./etcd_server.ts";

const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl";

/** A broker that can be killed and started again; disposing of it ends it and removes its data. */
export class RabbitServer implements AsyncDisposable {
  #process: Deno.ChildProcess | null = null;
  readonly port = freePort();
  readonly #distribution = freePort();
  readonly #epmd = freePort();

  private constructor(readonly dir: string, readonly tls: boolean) {}

  /** Starts a broker (45 s). @throws when it does not take connections. */
  static async start({ tls = false } = {}): Promise<RabbitServer> {
    const server = new RabbitServer(await Deno.makeTempDir({ prefix: "rabbit-" }), tls);
    if (tls) await makeCertificates(server.dir);
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
      (this.tls ? tlsListener(dir, port) : `listeners.tcp.1 = 127.0.0.1:${port}\n`) +
        "loopback_users.guest = true\n",
    );
    await Deno.writeTextFile(`${dir}/env.conf`, "");
    await Deno.writeTextFile(`${dir}/plugins`, "[].");
    // A group of its own: the scripts around the Erlang machine are ended with it.
    this.#process = new Deno.Command(SERVER, {
      env: this.#environment,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    const deadline = Date.now() + 45_000;
    while (true) {
      try {
        if (this.tls) (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        else {
          const url = `amqp://guest:guest@127.0.0.1:${port}/`;
          await (await amqp.connect(url, { timeout: 5000 })).close();
        }
        return;
      } catch (error) {
        if (Date.now() > deadline) throw new Error("RabbitMQ did not start", { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  get #environment(): Record<string, string> {
    const { dir, port } = this;
    return {
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
    };
  }

  /** `rabbitmqctl` for this broker. @throws it failed. */
  async control(...args: string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command(CONTROL, {
      args: ["-q", ...args],
      env: this.#environment,
      stdin: "null",
    }).output();
    const said = new TextDecoder().decode(stdout);
    if (success) return said;
    throw new Error(`rabbitmqctl ${args[0]}: ${said}${new TextDecoder().decode(stderr)}`);
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

  /** `kill -STOP`: its connections stay open, and nothing comes of them; `false`: it goes on. */
  freeze(frozen = true): void {
    Deno.kill(-this.#process!.pid, frozen ? "SIGSTOP" : "SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await stopEpmd(this.#epmd);
    await Deno.remove(this.dir, { recursive: true });
  }
}

function tlsListener(dir: string, port: number): string {
  return `listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:${port}\n` +
    `ssl_options.cacertfile = ${dir}/ca.pem\nssl_options.certfile = ${dir}/server.pem\n` +
    `ssl_options.keyfile = ${dir}/server.key\nssl_options.verify = verify_peer\n` +
    "ssl_options.fail_if_no_peer_cert = true\n";
}

/** A private CA, and certificates for the broker and for a client. */
async function makeCertificates(dir: string): Promise<void> {
  const script = `
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem -subj /CN=test-ca
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' > san
    for name in server client; do
      openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name
      openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile san -out $name.pem
    done`;
  const made = await new Deno.Command("sh", { args: ["-ec", script], cwd: dir }).output();
  if (!made.success) throw new Error(new TextDecoder().decode(made.stderr));
}

/**
 * Erlang's port mapper is a daemon of its own, and does not end before it has seen that the node, which was
 * killed, is gone.
 */
async function stopEpmd(port: number): Promise<void> {
  const command = new Deno.Command("epmd", {
    args: ["-port", String(port), "-kill"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  });
  for (let tries = 0; tries < 50; tries++) {
    const { stdout } = await command.output();
    if (!new TextDecoder().decode(stdout).includes("living nodes")) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
