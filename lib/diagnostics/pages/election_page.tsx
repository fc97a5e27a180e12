// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** The election: the key as etcd holds it, its lease, what this node makes of it, the history. Pure. @module */
import type { RawElectionKey } from "../../state/records.ts";
import type { WindowQuery } from "../charts/time_window.ts";
import { formatDuration } from "../../base/format.ts";
import { Badge, Empty, Foreign, Pairs, Section, Table, Time } from "../parts.tsx";
import { NodesTable } from "../sections/cluster_section.tsx";
import { DatabaseSection } from "../sections/database_section.tsx";
import { isElectionCurrent } from "../../health/election_findings.ts";
import { membersNow } from "../../health/etcd_members.ts";
import type { Status } from "../../health/status.ts";
import { GapsSection, SeenSection } from "./gap_parts.tsx";
import { HistorySection } from "./term_parts.tsx";

/** The page's main part. */
export function ElectionPage({ status, query }: { status: Status; query: WindowQuery }) {
  const { cluster, at } = status;
  return (
    <>
      <KeySection status={status} />
      <NodeSection status={status} />
      <MembersSection status={status} />
      <DatabaseSection status={status} />
      <Section id="election-nodes" title="Nodes">
        {cluster ? <NodesTable cluster={cluster} status={status} /> : <NotRead />}
      </Section>
      <HistorySection cluster={cluster} query={query} now={at} />
      <GapsSection cluster={cluster} now={at} />
      <SeenSection node={status.node.name} cluster={cluster} now={at} />
    </>
  );
}

/** The members of etcd that are configured, and which of them answer. */
function MembersSection({ status }: { status: Status }) {
  const members = membersNow(status);
  const none = members.length > 0
    ? undefined
    : "Not known: the manager has not asked them for a while.";
  return (
    <Section id="etcd-members" title="etcd members" none={none}>
      {none ? null : (
        <Table
          id="members"
          caption="Members of etcd, as this node's manager asks them every 10 s"
          columns={["Member", "State", "Since", "Why"]}
        >
          {members.map(({ url, silentSince, error }) => (
            <tr>
              <th scope="row">
                <Foreign of={url} max={120} />
              </th>
              <td>
                {silentSince === null
                  ? <Badge level="ok" word="answers" />
                  : <Badge level="warn" word="does not answer" />}
              </td>
              <td>{silentSince === null ? "–" : <Time at={silentSince} now={status.at} age />}</td>
              <td class="wide">{error === null ? "–" : <Foreign of={error} max={300} />}</td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

function NotRead() {
  return <Empty>Not read from etcd yet: the manager does so every 10 s while etcd answers.</Empty>;
}

function KeySection({ status }: { status: Status }) {
  const { cluster, election, at } = status;
  const key = cluster?.electionKey;
  return (
    <Section
      id="election-page"
      title="Election key"
      first
      note={cluster
        ? (
          <>
            as read at <Time at={cluster.at} now={at} />
          </>
        )
        : undefined}
    >
      {election?.problem && isElectionCurrent(status)
        ? (
          <p class="problem">
            <Foreign of={election.problem} max={300} />
          </p>
        )
        : null}
      {key === undefined
        ? <NotRead />
        : key === null
        ? <Empty>There is no such key in etcd: nobody leads.</Empty>
        : <RawKey raw={key} />}
    </Section>
  );
}

function RawKey({ raw }: { raw: RawElectionKey }) {
  return (
    <Pairs
      of={[
        ["Key", <Code of={raw.key} />],
        ["Value", <Code of={raw.value} />],
        ["Create revision (the term)", <Code of={raw.createRevision} />],
        ["Mod revision", <Code of={raw.modRevision} />],
        ["Version (writes since its creation)", <Code of={raw.version} />],
        ["Lease", <Lease raw={raw} />],
      ]}
    />
  );
}

function Code({ of }: { of: string }) {
  return (
    <code>
      <Foreign of={of} max={500} />
    </code>
  );
}

function Lease({ raw }: { raw: RawElectionKey }) {
  if (raw.lease === "0") return <Badge level="warn" word="none: the key never expires by itself" />;
  const { leaseGrantedSeconds, leaseLeftSeconds } = raw;
  return (
    <>
      <Code of={raw.lease} /> (hexadecimal <code>{hexadecimal(raw.lease)}</code>),{" "}
      {leaseLeftSeconds === null
        ? "which etcd no longer knows"
        : `${leaseLeftSeconds} s left of ${leaseGrantedSeconds} s when it was read`}
    </>
  );
}

/** As etcdctl prints it. */
function hexadecimal(lease: string): string {
  return /^\d+$/.test(lease) ? BigInt(lease).toString(16) : "unknown";
}

function NodeSection({ status }: { status: Status }) {
  const { election, isMaster, node, at } = status;
  const mastership = isMaster ? status.mastership : null;
  const current = isElectionCurrent(status) ? election : null;
  return (
    <Section
      id="election-node"
      title={
        <>
          What <Foreign of={node.name} max={63} /> makes of it
        </>
      }
    >
      <Pairs
        of={[
          ["State", current?.state ?? "not known: the manager does not report"],
          ["Leads", isMaster ? <b>★ yes</b> : "no"],
          ["Term", mastership ? <code>{mastership.term}</code> : "–"],
          ["Since", mastership ? <Time at={mastership.since} now={at} age /> : "–"],
          [
            "Mastership without a refresh",
            mastership
              ? formatDuration(Math.max(0, mastership.validUntil - mastership.heartbeat))
              : "–",
          ],
        ]}
      />
    </Section>
  );
}
