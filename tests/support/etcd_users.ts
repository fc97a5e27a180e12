/** Users of a test's etcd: as root changes them, and arguments that make tokens of each kind. @module */
import { type Etcd3, Range } from "etcd3";
import { openEtcd } from "../../lib/etcd/client.ts";
import { testConfig } from "./test_config.ts";

const ROOT = { username: "root", password: "root-pw" };
/** The user that a test logs in as, its password, and all that it may do: read and write below that prefix. */
export const USER = { username: "conductor", password: "pw", prefix: "/calico/" };
/** So that tests do not wait for passwords to be checked. */
const CHEAP = "--bcrypt-cost=4";

/** Arguments of an etcd whose simple tokens end after so many seconds without a call. */
export function simpleTokens(seconds: number): string[] {
  return [CHEAP, "--auth-token=simple", `--auth-token-ttl=${seconds}`];
}

/** Arguments of an etcd whose tokens are signed, by a key that is made in `dir`, and end after so many seconds. */
export async function signedTokens(dir: string, seconds: number): Promise<string[]> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
      hash: "SHA-256",
    },
    true,
    ["sign", "verify"],
  );
  const write = async (name: string, what: string, key: Uint8Array) => {
    const lines = btoa(String.fromCharCode(...key)).replaceAll(/.{64}/g, "$&\n");
    const pem = `-----BEGIN ${what}-----\n${lines}\n-----END ${what}-----\n`;
    await Deno.writeTextFile(`${dir}/${name}`, pem);
    return `${dir}/${name}`;
  };
  const priv = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  const pub = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const keys = `pub-key=${await write("jwt.pub", "PUBLIC KEY", pub)},priv-key=${await write(
    "jwt.key",
    "PRIVATE KEY",
    priv,
  )}`;
  return [CHEAP, `--auth-token=jwt,${keys},sign-method=RS256,ttl=${seconds}s`];
}

/** What root does to an etcd; each change is done when its call resolves. */
export class Root implements Disposable {
  readonly #etcd: Etcd3;

  private constructor(endpoints: readonly string[]) {
    this.#etcd = openEtcd({ ...testConfig().etcd, endpoints, ...ROOT });
  }

  /** Makes root and {@linkcode USER}, and turns authentication on. */
  static async of(...endpoints: string[]): Promise<Root> {
    const root = new Root(endpoints);
    const etcd = root.#etcd;
    await etcd.role("root").create();
    await (await etcd.user(ROOT.username).create(ROOT.password)).addRole("root");
    const role = etcd.role(USER.username);
    await role.create();
    await role.grant({ permission: "Readwrite", range: Range.prefix(USER.prefix) });
    await root.addUser();
    await root.turnOn();
    return root;
  }

  turnOn(): Promise<unknown> {
    return this.#etcd.auth.authEnable();
  }

  turnOff(): Promise<unknown> {
    return this.#etcd.auth.authDisable();
  }

  setPassword(password: string): Promise<unknown> {
    return this.#etcd.auth.userChangePassword({ name: USER.username, password });
  }

  revokeRole(): Promise<unknown> {
    return this.#etcd.user(USER.username).removeRole(USER.username);
  }

  grantRole(): Promise<unknown> {
    return this.#etcd.user(USER.username).addRole(USER.username);
  }

  deleteUser(): Promise<unknown> {
    return this.#etcd.user(USER.username).delete();
  }

  async addUser(): Promise<void> {
    await this.#etcd.user(USER.username).create(USER.password);
    await this.grantRole();
  }

  /** A change that has nothing to do with {@linkcode USER}. */
  addAnotherRole(): Promise<unknown> {
    return this.#etcd.role(crypto.randomUUID()).create();
  }

  [Symbol.dispose](): void {
    this.#etcd.close();
  }
}
