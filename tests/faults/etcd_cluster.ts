/** A real etcd of three members: each can be killed, stopped in order, hung and started again. @module */
import { makeCertificate } from "../support/certificates.ts";
import { freePort } from "../support/etcd_server.ts";
import { eventually } from "../support/assert.ts";
import type { Access } from "./setup.ts";

/** How clients reach a cluster. */
export interface ClusterOptions {
  /** Over TLS, with users on, one of whom may do everything below `/`. */
  readonly secured?: boolean;
}

interface Member {
  readonly name: string;
  readonly port: number;
  /** Of `/health` and the metrics, always without TLS. */
  readonly health: number;
  readonly peer: number;
  process: Deno.ChildProcess | null;
}

const SIZE = 3;
const PASSWORD = "secret";
/** A simple token that is not used for so long is refused, s: tokens run out while members are cut off. */
const TOKEN_TTL_SECONDS = 3;
/** Time to stop in order, ms. */
const STOP_MS = 15_000;
/** Somebody else may take a free port before a member does: so often others are tried. */
const STARTS = 3;
/** Of a member's log, shown when it does not serve, characters. */
const LOG_TAIL = 2000;

/** Runs until it is disposed of, which also removes its data. */
export class EtcdCluster implements AsyncDisposable {
  readonly #members: Member[];
  /** For the gateway. */
  readonly #http: Deno.HttpClient;

  private constructor(readonly dir: string, readonly access: Access) {
    const caCerts = access.caFile ? [Deno.readTextFileSync(access.caFile)] : [];
    this.#http = Deno.createHttpClient({ caCerts });
    this.#members = Array.from({ length: SIZE }, (_, i) => ({
      name: `m${i}`,
      port: freePort(),
      health: freePort(),
      peer: freePort(),
      process: null,
    }));
  }

  /** Starts all members and waits until they serve; when one ends instead, all of them on other ports. */
  static async start(options: ClusterOptions = {}): Promise<EtcdCluster> {
    for (let start = 1;; start++) {
      try {
        return await EtcdCluster.#start(options);
      } catch (error) {
        if (start === STARTS) throw error;
      }
    }
  }

  static async #start({ secured = false }: ClusterOptions): Promise<EtcdCluster> {
    const dir = await Deno.makeTempDir({ prefix: "etcd-cluster-" });
    const { cert: caFile = null } = secured ? await makeCertificate(dir, "member") : {};
    const cluster = new EtcdCluster(dir, {
      scheme: secured ? "https" : "http",
      caFile,
      username: secured ? "conductor" : null,
      password: secured ? PASSWORD : null,
    });
    try {
      for (let i = 0; i < SIZE; i++) cluster.revive(i);
      await cluster.healthy();
      if (secured) await cluster.#addUsers();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Turns users on. */
  async #addUsers(): Promise<void> {
    await this.#call("auth/role/add", { name: "root" });
    await this.#call("auth/role/add", { name: "calico" });
    const perm = { permType: "READWRITE", key: btoa("/"), range_end: btoa("0") };
    await this.#call("auth/role/grant", { name: "calico", perm });
    for (const [name, role] of [["root", "root"], ["conductor", "calico"]]) {
      await this.#call("auth/user/add", { name, password: PASSWORD });
      await this.#call("auth/user/grant", { user: name, role });
    }
    await this.#call("auth/enable", {});
  }

  /** Makes every token of the nodes' user useless: the password is set again, to what it was. Members may be down. */
  async endTokens(): Promise<void> {
    const credential = { name: "root", password: PASSWORD };
    for (let member = 0; member < SIZE; member++) {
      try {
        const { token } = await this.#call("auth/authenticate", credential, { member });
        const user = { name: "conductor", password: PASSWORD };
        return void await this.#call("auth/user/changepw", user, { member, token });
      } catch { /* the next member may do it */ }
    }
  }

  /** A call of a member's gateway. */
  async #call(
    method: string,
    body: unknown,
    { member = 0, token = "" }: { member?: number; token?: string } = {},
  ) {
    const response = await fetch(`${this.urls[member]}/v3/${method}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: token ? { Authorization: token } : {},
      client: this.#http,
      signal: AbortSignal.timeout(5000),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method}: ${answer.message ?? answer.error}`);
    return answer;
  }

  get ports(): number[] {
    return this.#members.map(({ port }) => port);
  }

  get urls(): string[] {
    return this.ports.map((port) => `${this.access.scheme}://127.0.0.1:${port}`);
  }

  /** SIGKILL. */
  async kill(index: number): Promise<void> {
    await this.#end(index, "SIGKILL");
  }

  /** As a service manager does it: in order, and by force when that takes too long. */
  async stop(index: number): Promise<void> {
    const { process } = this.#members[index]!;
    const late = setTimeout(() => process?.kill("SIGKILL"), STOP_MS);
    await this.#end(index, "SIGTERM");
    clearTimeout(late);
  }

  async #end(index: number, signal: Deno.Signal): Promise<void> {
    const member = this.#members[index]!;
    const { process } = member;
    if (!process) return;
    member.process = null;
    try {
      process.kill(signal);
    } catch { /* it has ended by itself */ }
    await process.status;
  }

  /** It keeps its connections and does nothing, until it is resumed or killed. */
  hang(index: number): void {
    this.#members[index]!.process?.kill("SIGSTOP");
  }

  /** After {@linkcode hang}. */
  resume(index: number): void {
    this.#members[index]!.process?.kill("SIGCONT");
  }

  /** Starts a member on its data, if it does not run. */
  revive(index: number): void {
    const member = this.#members[index]!;
    if (member.process) return;
    const client = `${this.access.scheme}://127.0.0.1:${member.port}`;
    const secured = this.access.caFile
      ? [`--cert-file=${this.access.caFile}`, `--key-file=${this.dir}/member.key`]
      : [];
    const peer = `http://127.0.0.1:${member.peer}`;
    const all = this.#members.map((m) => `${m.name}=http://127.0.0.1:${m.peer}`).join(",");
    member.process = new Deno.Command("etcd", {
      args: [
        `--name=${member.name}`,
        `--data-dir=${this.dir}/${member.name}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=${all}`,
        `--listen-metrics-urls=http://127.0.0.1:${member.health}`,
        ...secured,
        `--auth-token-ttl=${TOKEN_TTL_SECONDS}`,
        "--heartbeat-interval=100",
        "--election-timeout=1000",
        "--logger=zap", // 3.4's other logger cannot write to a file
        `--log-outputs=${this.#log(member)}`,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Resolves when every member serves, or that one. */
  async healthy(only?: number): Promise<void> {
    for (const [index, member] of this.#members.entries()) {
      if (only !== undefined && only !== index) continue;
      const { name, health, process } = member;
      let end: string | null = null;
      process?.status.then(({ code }) => end = `it has ended with code ${code}`);
      const url = `http://127.0.0.1:${health}/health`;
      await eventually(`${name} serves`, async () => {
        if (end) return true;
        const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
        return (await response.text()).includes("true");
      }, 20_000).catch((error) => end = String(error));
      if (end) throw new Error(`${name}: ${end}\n${this.#logTail(member)}`);
    }
  }

  #log({ name }: Member): string {
    return `${this.dir}/${name}.log`;
  }

  #logTail(member: Member): string {
    try {
      return Deno.readTextFileSync(this.#log(member)).slice(-LOG_TAIL);
    } catch (error) {
      return `no log of it: ${error}`;
    }
  }

  /** Index of the member that leads, or of one that does not. */
  async find(role: "leader" | "follower"): Promise<number> {
    for (let member = 0; member < SIZE; member++) {
      const { header, leader } = await this.#call("maintenance/status", {}, { member });
      if ((header.member_id === leader) === (role === "leader")) return member;
    }
    throw new Error(`no member is the ${role}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    for (let i = 0; i < SIZE; i++) await this.kill(i);
    await Deno.remove(this.dir, { recursive: true });
  }
}
