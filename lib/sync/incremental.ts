/**
 * Between full resyncs: ids and revision numbers of every collection are listed, and what is new, gone
 * or has another revision is looked at, together with the ports whose endpoints show it (a network's
 * name and QoS policy, a group's name, a gateway, a project), which does not raise their own revision.
 * What changes in etcd behind our back is left to the full resync.
 *
 * @module
 */
import { floatingIpSchema, revisionSchema, securityGroupSchema } from "../openstack/records.ts";
import { FOLLOWED, type Followed, type Memory } from "./memory.ts";
import type { Pass } from "./pass.ts";
import type { Revisions } from "./revisions.ts";
import { emptyScope, reconcile, type Scope } from "./reconcile.ts";

/** What is not as it was remembered. */
type Changed = Record<Followed, {
  /** What is new or has another revision. */
  readonly revisions: ReadonlyMap<string, number>;
  readonly ids: string[];
  readonly gone: string[];
}>;

const REVISION_FIELDS = ["id", "revision_number"];

/** Finds what has changed since the last pass and makes it equal; resolves to how many objects. */
export async function incrementalResync(pass: Pass, memory: Memory): Promise<number> {
  const { keystone, clock } = pass.deps;
  const { signal } = pass.term;
  const changed = {} as Changed;
  const [projects] = await Promise.all([
    keystone.listProjects(signal),
    ...FOLLOWED.map(async (kind) => {
      changed[kind] = await listChanges(pass, memory.revisions[kind], kind);
    }),
  ]);
  const otherProjects = projects.filter((project) => {
    const known = memory.around.projects.get(project.id);
    return known?.name !== project.name || known.parent_id !== project.parent_id;
  }).map(({ id }) => id);
  const scope = await scopeOf(pass, memory, changed, otherProjects);
  memory.projects(projects, clock.monotonic());
  const count = scope.ports.size + scope.groups.size + scope.subnets.size;
  if (count > 0) await reconcile(pass, memory, scope);
  for (const kind of FOLLOWED) remember(memory.revisions[kind], changed[kind]);
  return count;
}

/** Lists a collection; nothing is kept of what is as it was. */
async function listChanges(
  { deps, term }: Pass,
  known: Revisions,
  kind: Followed,
): Promise<Changed[Followed]> {
  const revisions = new Map<string, number>();
  known.startListing();
  const see = (id: string, revision: number) => {
    if (!known.listed(id, revision)) revisions.set(id, revision);
  };
  const { items } = await deps.neutron.list(kind, revisionSchema, term.signal, {
    fields: REVISION_FIELDS,
    onPage: () => deps.progress("resync: listing revisions"),
    // Most records are just as they should; only others are worth a closer look.
    known(record) {
      const { id, revision_number } = record as { id?: unknown; revision_number?: unknown };
      if (typeof id !== "string" || typeof revision_number !== "number") return false;
      see(id, revision_number);
      return true;
    },
  });
  for (const { id, revision_number } of items) see(id, revision_number);
  return { revisions, ids: [...revisions.keys()], gone: known.gone() };
}

/** Only what was looked at: a port that changed again meanwhile is seen the next time. */
function remember(known: Revisions, { revisions, gone }: Changed[Followed]): void {
  for (const [id, revision] of revisions) known.set(id, revision);
  for (const id of gone) known.delete(id);
}

/** The objects that a change concerns. */
async function scopeOf(
  pass: Pass,
  memory: Memory,
  changed: Changed,
  projects: readonly string[],
): Promise<Scope> {
  const scope = emptyScope();
  const all = (kind: Followed) => [...changed[kind].ids, ...changed[kind].gone];
  for (const id of all("ports")) scope.ports.add(id);
  for (const id of all("security-groups")) scope.groups.add(id);
  for (const id of all("subnets")) scope.subnets.add(id);
  const policies = new Set(all("qos/policies"));
  const networks = new Set(all("networks"));
  for (const { id, qos_policy_id } of memory.around.networks.values()) {
    if (qos_policy_id !== null && policies.has(qos_policy_id)) networks.add(id);
  }
  for (const port of memory.ports.withPolicy(policies)) scope.ports.add(port);
  await addPortsOf(pass, scope, "network_id", [...networks]);
  await addPortsOf(pass, scope, "fixed_ips", all("subnets").map((id) => `subnet_id=${id}`));
  await addPortsOf(pass, scope, "security_groups", await renamedGroups(pass, memory, changed));
  await addPortsOf(pass, scope, "project_id", projects);
  await addPortsOfFloatingIps(pass, memory, scope, changed.floatingips);
  return scope;
}

async function addPortsOf(
  { deps, term }: Pass,
  scope: Scope,
  field: string,
  values: readonly string[],
): Promise<void> {
  // `fixed_ips` repeated means "and": one request each.
  const sets = field === "fixed_ips" ? values.map((value) => [value]) : [values];
  for (const set of sets) {
    const found = await deps.neutron.listBy(
      "ports",
      revisionSchema,
      term.signal,
      field,
      set,
      REVISION_FIELDS,
    );
    for (const { id } of found.items) scope.ports.add(id);
  }
}

/** A group's revision grows with its rules; its ports show only its name. */
async function renamedGroups(
  { deps, term }: Pass,
  memory: Memory,
  changed: Changed,
): Promise<string[]> {
  const { ids } = changed["security-groups"];
  const { items } = await deps.neutron.listBy(
    "security-groups",
    securityGroupSchema,
    term.signal,
    "id",
    ids,
    ["id", "name"],
  );
  return items.filter(({ id, name }) => memory.around.securityGroups.get(id)?.name !== name)
    .map(({ id }) => id);
}

async function addPortsOfFloatingIps(
  { deps, term }: Pass,
  memory: Memory,
  scope: Scope,
  { ids, gone }: Changed["floatingips"],
): Promise<void> {
  for (const id of [...ids, ...gone]) {
    const port = memory.portOfFloatingIp.get(id);
    if (port) scope.ports.add(port);
  }
  for (const id of gone) memory.portOfFloatingIp.delete(id);
  const { items } = await deps.neutron.listBy(
    "floatingips",
    floatingIpSchema,
    term.signal,
    "id",
    ids,
  );
  for (const { id, port_id } of items) {
    if (port_id === null) memory.portOfFloatingIp.delete(id);
    else scope.ports.add(port_id);
  }
}
