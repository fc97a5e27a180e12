/** What the rows of the table of releases ask: one bed, with objects and users of their own. @module */
import type { Bed } from "./bed.ts";
import type { Json, Rest } from "./rest.ts";
import { Rpc } from "./rpc.ts";
import { Scenery } from "./scenery.ts";

/** A row: what is asked, and how it is found out. */
export interface Row {
  readonly name: string;
  ask(wire: Wire): Promise<string>;
}

const OCTET = 231;
/** Bound by ML2: where they are is told. */
export const HOST = "wire-1";

/** The bed as rows see it. */
export class Wire implements AsyncDisposable {
  private constructor(
    readonly bed: Bed,
    readonly scenery: Scenery,
    readonly rpc: Rpc,
    /** With the role `service` in project `service`, and nothing else. */
    readonly service: Rest,
    /** With the role `admin` alone: Keystone's own administrator has others as well. */
    readonly admin: Rest,
    readonly users: readonly string[],
  ) {}

  static async open(bed: Bed): Promise<Wire> {
    const scenery = await Scenery.create(bed, "wire", OCTET);
    const rpc = await Rpc.open(bed.at.transportUrl);
    const [service, admin] = [await userWith(bed, "service"), await userWith(bed, "admin")];
    return new Wire(bed, scenery, rpc, service.rest, admin.rest, [service.user, admin.user]);
  }

  /** The status of an answer of Neutron to its administrator, and its JSON. */
  async get(path: string, as: Rest = this.bed.neutron): Promise<{ status: number; body: Json }> {
    const response = await fetch(`${as.baseUrl}/${path}`, {
      headers: { "X-Auth-Token": await as.token() },
    });
    const text = await response.text();
    return { status: response.status, body: parse(text) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rpc[Symbol.asyncDispose]();
    await this.scenery[Symbol.asyncDispose]();
    for (const user of this.users) await this.bed.keystone.delete(`users/${user}`);
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A user with one role in project `service`. */
async function userWith(bed: Bed, name: string): Promise<{ rest: Rest; user: string }> {
  const { keystone } = bed;
  const idOf = async (kind: string, name: string) =>
    (await keystone.list(`${kind}?name=${name}`))[0]?.id;
  // Zed's Keystone makes no role `service`.
  const role = await idOf("roles", name) ??
    (await keystone.post("roles", { role: { name } })).role.id;
  const project = await idOf("projects", "service");
  const username = `wire-${crypto.randomUUID().slice(0, 8)}`;
  const body = { user: { name: username, password: username, domain_id: "default" } };
  const user = (await keystone.post("users", body)).user.id;
  await keystone.put(`projects/${project}/users/${user}/roles/${role}`);
  return { user, rest: bed.as({ username, password: username, project: "service" }) };
}
