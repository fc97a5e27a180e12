/** A trace with something of everything, and any text in it. @module */
import { judgeTrace } from "../../lib/trace/judge.ts";
import type { PortReport } from "../../lib/status/port_reports.ts";
import type { CloudAccount, CloudPort, NeutronPort, NodeAccount } from "../../lib/trace/trace.ts";
import { NOW } from "../diagnostics/fixtures.ts";

export const PORT = "366434ee-157d-4f75-830a-a46bea6bdd7e";

/** A bound port of a VM. */
export function neutronPort(changes: Partial<NeutronPort> = {}, text = "vm-7"): NeutronPort {
  return {
    id: PORT,
    name: text,
    device: "vm-7",
    deviceOwner: "compute:nova",
    host: "host-2",
    vifType: "tap",
    vnicType: "normal",
    migratingTo: null,
    status: "ACTIVE",
    isAdminUp: true,
    network: text,
    project: text,
    addresses: ["10.3.0.17"],
    subnets: [],
    securityGroups: [text],
    revision: 4,
    updatedAt: "2026-11-27T12:00:00Z",
    ...changes,
  };
}

/** A port on which all agree. */
export function cloudPort(changes: Partial<CloudPort> = {}, text = "text"): CloudPort {
  const key = `/calico/wep/${text}`;
  return {
    id: PORT,
    neutron: neutronPort({}, text),
    isServed: true,
    objects: [{
      kind: "WorkloadEndpoint",
      key,
      subject: { type: "port", id: PORT },
      wanted: { [text]: text },
      stored: { [text]: text },
      modRevision: "12",
      action: null,
      isHeld: false,
      changes: [],
      moreChanges: 0,
    }],
    keys: [{ key, modRevision: "12" }],
    elsewhere: [],
    felix: [{ host: "host-2", key, status: "ACTIVE", modRevision: "13" }],
    ...changes,
  };
}

/** What Neutron and etcd say. */
export function cloudAccount(changes: Partial<CloudAccount> = {}): CloudAccount {
  return {
    query: PORT,
    at: NOW - 1000,
    ports: [cloudPort()],
    more: 0,
    objects: [],
    agents: [{ host: "host-2", time: NOW - 3000, state: "fresh" }],
    guards: [],
    leftOut: [],
    isCompared: true,
    isSearched: true,
    seesOthers: true,
    troubles: [],
    ...changes,
  };
}

/** What Neutron was told. */
export function report(changes: Partial<PortReport> = {}): PortReport {
  return {
    host: "host-2",
    port: PORT,
    status: "ACTIVE",
    told: "ACTIVE",
    gone: false,
    at: NOW,
    error: null,
    ...changes,
  };
}

/** The state of a node that leads. */
export function nodeAccount(changes: Partial<NodeAccount> = {}): NodeAccount {
  return {
    node: "node-1",
    leads: true,
    leader: "node-1:7",
    isElectionKnown: true,
    watches: false,
    reports: [report({ at: NOW - 9000 })],
    reportsSince: NOW - 60_000,
    differing: [],
    agents: [],
    changes: [],
    runError: null,
    guards: [],
    leftOut: [],
    ...changes,
  };
}

/** One with `text` in every field that holds text of others. */
export function fullTrace(text: string) {
  const plain = cloudPort({}, text);
  const object = plain.objects[0]!;
  const port = cloudPort({
    objects: [
      object,
      {
        ...object,
        key: `${object.key}/other`,
        action: "update",
        changes: [{ path: `/${text}`, before: text, after: { [text]: 1 } }],
        moreChanges: 3,
      },
      { ...object, key: `${object.key}/held`, wanted: null, action: "delete", isHeld: true },
    ],
    elsewhere: [{ key: text, namespace: text, modRevision: "1" }],
  }, text);
  const guard = { collection: text, why: "many" as const, held: 9, lost: 5, names: [text] };
  const left = { why: "not-expressible" as const, collection: text, total: 1 };
  const cloud = cloudAccount({
    query: text,
    ports: [port, { ...port, id: text, neutron: null, objects: [] }],
    more: 7,
    objects: [{ ...object, key: `${object.key}/group`, subject: { type: "group", id: text } }],
    agents: [{ host: text, time: null, state: "unreadable" }],
    guards: [guard],
    leftOut: [{ ...left, names: [`port ${PORT}: ${text}`] }],
    troubles: [text],
  });
  const change = { run: "abc", at: NOW, reason: text, isWritten: false };
  const node = nodeAccount({
    node: text,
    leads: false,
    leader: text,
    reports: [report({ host: text, status: text, told: "DOWN", error: text })],
    changes: [{
      ...change,
      action: "update",
      kind: text,
      subject: PORT,
      key: object.key,
      changes: [{ path: text, before: text }],
    }],
  });
  return judgeTrace(cloud, node);
}
