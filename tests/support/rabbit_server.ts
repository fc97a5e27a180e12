/**
 * A private RabbitMQ on free ports with data in a temporary directory: the installed one, or that of the root folder
 * which `RABBITMQ_ROOT` names (tests/bus/run.sh).
 *
 * @module
 */
import amqp from "amqplib";
import { TIME_FACTOR } from "./assert.ts";
import { freePort } from "./etcd_server.ts";
import { outputOf } from "./in_time.ts";

const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const CONTROL = "/usr/lib/rabbitmq/bin/rabbitmqctl";

/** How long a broker may take until it takes connections, ms; of three of a cluster each takes longer. */
const START_MS = 60_000;

/** What members of one cluster share. */
const COOKIE = "COOKIE";

/** Where the release is whose programs are run. */
export const ROOT = Deno.env.get("RABBITMQ_ROOT") ?? "/";

/** Its version: of RabbitMQ's folders there, which has it in its name. */
export const VERSION = Array.from(Deno.readDirSync(`${ROOT}/usr/lib/rabbitmq/lib`))
  .map(({ name }) => /^rabbitmq_server-(.+)$/.exec(name)?.[1]).find((version) => version)!;

/** A program of that release, on this machine's network and `/tmp`. */
export function inRoot(program: string, options: Deno.CommandOptions, root = ROOT): Deno.Command {
  if (root === "/") return new Deno.Command(program, options);
  const script = new URL("../bus/in_root.sh", import.meta.url).pathname;
  const args = [script, root, program, ...options.args ?? []];
  return new Deno.Command("sh", { ...options, args });
}

/** What a broker has beside "/" and guest, who may everything. */
export interface Definitions {
  readonly hosts: readonly string[];
  /** Rights in every virtual host to configure, write and read, by user; the password is "secret". */
  readonly users: Readonly<Record<string, readonly [string, string, string]>>;
}

/** How a broker is set up. */
export interface RabbitOptions {
  /** It takes TLS with client certificates alone. */
  readonly tls?: boolean;
  /** Lines of its rabbitmq.conf. */
  readonly lines?: readonly string[];
  /** The ports of its cluster's members, and that of the port mapper they share. */
  readonly cluster?: { readonly ports: readonly number[]; readonly epmd: number };
  /** @default a free one */
  readonly port?: number;
  /** Virtual hosts and users that it has from its start. */
  readonly definitions?: Definitions;
}

/** A broker that can be killed and started again; disposing of it ends it and removes its data. */
export class RabbitServer implements AsyncDisposable {
  #process: Deno.ChildProcess | null = null;
  readonly port: number;
  readonly #distribution = freePort();
  readonly #epmd: number;

  private constructor(readonly dir: string, readonly options: RabbitOptions) {
    this.port = options.port ?? freePort();
    this.#epmd = options.cluster?.epmd ?? freePort();
  }

  /** Starts a broker. @throws when it does not take connections. */
  static async start(options: RabbitOptions = {}): Promise<RabbitServer> {
    const server = new RabbitServer(await Deno.makeTempDir({ prefix: "rabbit-" }), options);
    try {
      if (options.tls) await makeCertificates(server.dir);
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return `rabbit://guest:guest@127.0.0.1:${this.port}/`;
  }

  /** What the cluster's members call it. */
  get node(): string {
    return nodeName(this.port);
  }

  async start(): Promise<void> {
    const { dir, port, options } = this;
    const { tls, lines = [], cluster } = options;
    const members =
      cluster?.ports.map((member, i) =>
        `cluster_formation.classic_config.nodes.${i + 1} = ${nodeName(member)}`
      ) ?? [];
    const listener = tls ? tlsListener(dir, port) : `listeners.tcp.1 = 127.0.0.1:${port}\n`;
    const file = `${dir}/definitions.json`;
    if (options.definitions) await Deno.writeTextFile(file, definitions(options.definitions));
    const given = options.definitions ? [`load_definitions = ${file}`] : [];
    const conf = ["loopback_users.guest = true", ...given, ...members, ...lines].join("\n");
    await Deno.writeTextFile(`${dir}/rabbitmq.conf`, `${listener}${conf}\n`);
    await Deno.writeTextFile(`${dir}/.erlang.cookie`, COOKIE, { mode: 0o600 });
    await Deno.writeTextFile(`${dir}/env.conf`, "");
    await Deno.writeTextFile(`${dir}/plugins`, "[].");
    // A group of its own: the scripts around the Erlang machine are ended with it.
    this.#process = inRoot(SERVER, {
      env: this.#environment,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
    const deadline = Date.now() + START_MS * TIME_FACTOR;
    while (true) {
      try {
        if (tls) (await Deno.connect({ hostname: "127.0.0.1", port })).close();
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
    const { dir } = this;
    return {
      HOME: dir,
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(this.#epmd),
      RABBITMQ_NODENAME: this.node,
      RABBITMQ_CONF_ENV_FILE: `${dir}/env.conf`,
      RABBITMQ_CONFIG_FILE: `${dir}/rabbitmq`,
      RABBITMQ_ENABLED_PLUGINS_FILE: `${dir}/plugins`,
      RABBITMQ_MNESIA_BASE: `${dir}/mnesia`,
      RABBITMQ_LOG_BASE: `${dir}/log`,
      RABBITMQ_PID_FILE: `${dir}/pid`,
      RABBITMQ_DIST_PORT: String(this.#distribution),
      ERL_CRASH_DUMP_SECONDS: "0", // none in the working directory
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    };
  }

  /** `rabbitmqctl` for this broker. @throws it failed. */
  async control(...args: string[]): Promise<string> {
    const { success, stdout, stderr } = await outputOf(inRoot(CONTROL, {
      args: ["-q", ...args],
      env: this.#environment,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }));
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
    if (!this.options.cluster) await stopEpmd(this.#epmd);
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** The file that a broker reads its definitions from. */
function definitions({ hosts, users }: Definitions): string {
  const vhosts = ["/", ...hosts];
  const rights = { guest: [".*", ".*", ".*"], ...users };
  return JSON.stringify({
    users: Object.keys(rights).map((name) => ({
      name,
      password: name === "guest" ? "guest" : "secret",
      tags: name === "guest" ? "administrator" : "",
    })),
    vhosts: vhosts.map((name) => ({ name })),
    permissions: Object.entries(rights).flatMap(([user, [configure, write, read]]) =>
      vhosts.map((vhost) => ({ user, vhost, configure, write, read }))
    ),
  });
}

function nodeName(port: number): string {
  return `test${port}@localhost`;
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
  const made = await outputOf("sh", { args: ["-ec", script], cwd: dir });
  if (!made.success) throw new Error(new TextDecoder().decode(made.stderr));
}

/**
 * Erlang's port mapper is a daemon of its own, and does not end before it has seen that the node, which was
 * killed, is gone.
 */
export async function stopEpmd(port: number): Promise<void> {
  const command = inRoot("epmd", {
    args: ["-port", String(port), "-kill"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  });
  for (let tries = 0; tries < 50; tries++) {
    const { stdout } = await outputOf(command);
    if (!new TextDecoder().decode(stdout).includes("living nodes")) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
