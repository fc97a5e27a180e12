/**
 * The test bed that `run.sh` brings up once for all files: MariaDB, RabbitMQ, Keystone and Neutron.
 *
 * @module
 */
import { Rest } from "./rest.ts";

/** What `bed.sh` starts. */
export type Service = "neutron" | "keystone" | "rabbitmq" | "mariadb";

interface Addresses {
  readonly dir: string;
  /** OpenStack's: zed, 2025.1, 2026.1 or 2026.2. */
  readonly release: string;
  readonly keystoneUrl: string;
  readonly neutronUrl: string;
  readonly transportUrl: string;
  readonly neutronConf: string;
  readonly databaseSocket: string;
}

const SCRIPT = new URL("../bed/bed.sh", import.meta.url).pathname;
const ADMIN = { username: "admin", password: "admin", project: "admin" };
/** The user with the rights of `contrib/policy/` and no other. */
export const CONDUCTOR = { username: "conductor", password: "conductor", project: "service" };

/** Handle of the running bed. */
export class Bed {
  /** Neutron's API as its administrator. */
  readonly neutron: Rest;
  readonly keystone: Rest;

  private constructor(readonly at: Addresses) {
    this.neutron = new Rest(`${at.neutronUrl}/v2.0`, at.keystoneUrl, ADMIN);
    this.keystone = new Rest(at.keystoneUrl, at.keystoneUrl, ADMIN);
  }

  /** The bed of this run. @throws when there is none: the tests are started by `run.sh`. */
  static async open(): Promise<Bed> {
    const dir = Deno.env.get("OPENSTACK_BED");
    if (!dir) throw new Error("there is no test bed: run `deno task test:openstack`");
    return new Bed(JSON.parse(await Deno.readTextFile(`${dir}/bed.json`)));
  }

  /** Neutron as another user. */
  as(credentials: typeof CONDUCTOR): Rest {
    return new Rest(this.neutron.baseUrl, this.at.keystoneUrl, credentials);
  }

  /** Ends one of the services, and waits until it is gone. */
  async stop(service: Service): Promise<void> {
    await this.#run("stop", service);
  }

  /** Starts it again, and waits until it answers. */
  async start(service: Service): Promise<void> {
    await this.#run("start", service);
  }

  /** `rabbitmqctl` for the bed's broker. */
  async rabbitmqctl(...args: string[]): Promise<void> {
    await this.#run("rabbitmqctl", ...args);
  }

  /** `bed.sh`, for the bed. */
  script(verb: string, ...rest: string[]): Deno.Command {
    const args = [SCRIPT, verb, this.at.dir, ...rest];
    return new Deno.Command("bash", { args, stdin: "null", stdout: "null", stderr: "null" });
  }

  /** What a program prints that is run among the packages of the bed's release. @throws it failed. */
  async run(...command: string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("bash", {
      args: [SCRIPT, "run", this.at.dir, ...command],
      stdin: "null",
    }).output();
    const [said, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    if (!success) throw new Error(`${command.join(" ")}: ${complained}`);
    return said!;
  }

  async #run(verb: string, ...rest: string[]): Promise<void> {
    // To a file and not a pipe: what the script starts would keep the pipe open.
    const log = `${this.at.dir}/log/bed.log`;
    const { success } = await new Deno.Command("bash", {
      args: ["-c", 'exec "$0" "$@" >"$LOG" 2>&1', SCRIPT, verb, this.at.dir, ...rest],
      env: { LOG: log },
      stdin: "null",
    }).spawn().status;
    if (!success) throw new Error(`${verb} ${rest.join(" ")}: ${await Deno.readTextFile(log)}`);
  }

  /**
   * Arguments and environment of a node that works with this bed as an operator would run it, with the
   * service user of least rights. `neutronUrl`: a proxy's instead of Neutron's own.
   */
  node(
    { etcdUrl, stateDir, name = "node-1", neutronUrl = this.at.neutronUrl, user = CONDUCTOR }: {
      etcdUrl: string;
      stateDir: string;
      name?: string;
      neutronUrl?: string;
      user?: typeof CONDUCTOR;
    },
  ): { args: string[]; env: Record<string, string> } {
    return {
      args: [
        `--state-dir=${stateDir}`,
        `--node-name=${name}`,
        `--elector-name=${name}`,
        `--etcd=${etcdUrl}`,
        `--neutron-url=${neutronUrl}`,
        `--auth-url=${this.at.keystoneUrl}`,
        `--username=${user.username}`,
        `--project-name=${user.project}`,
      ],
      env: { CONDUCTOR_PASSWORD: user.password, CONDUCTOR_TRANSPORT_URL: this.at.transportUrl },
    };
  }
}
