/** The whole cloud: its nodes, who leads, who led when and why each term ended. Pure. @module */
import type { Cluster, NodeRecord } from "../../state/records.ts";
import { recentTerms, TermEnds, TermTimeline } from "../charts/term_timeline.tsx";
import { Badge, Empty, Figure, Foreign, Section, Table, Time } from "../parts.tsx";
import { comparedName, differencesText } from "../../health/configurations.ts";
import { isElectionCurrent, whoLeads } from "../../health/election_findings.ts";
import { membersNow } from "../../health/etcd_members.ts";
import type { Status } from "../../health/status.ts";

const MAX_NODES = 20;
/** The manager reads it every 10 s; older than this, it could not. */
const OLD_MS = 30_000;

const NOT_READ =
  "Nodes and terms are not read from etcd yet: see the manager, which reads them every 10 s.";

/** The section. */
export function ClusterSection({ status }: { status: Status }) {
  const { cluster, at } = status;
  return (
    <Section
      id="cluster"
      title="The cloud's nodes"
      note={cluster && at - cluster.at > OLD_MS ? <Old at={cluster.at} now={at} /> : undefined}
    >
      <Mastership status={status} />
      {cluster ? <NodesTable cluster={cluster} status={status} /> : <Empty>{NOT_READ}</Empty>}
      {cluster ? <Terms cluster={cluster} now={at} /> : null}
    </Section>
  );
}

function Terms({ cluster, now }: { cluster: Cluster; now: number }) {
  if (recentTerms(cluster.terms, now).length === 0) {
    return <Empty>No term of the last 24 h is in the history in etcd.</Empty>;
  }
  return (
    <>
      <TermTimeline cluster={cluster} now={now} />
      <TermEnds terms={cluster.terms} now={now} />
    </>
  );
}

function Old({ at, now }: { at: number; now: number }) {
  return (
    <>
      ▲ not read from etcd since <Time at={at} now={now} />
    </>
  );
}

function Mastership({ status }: { status: Status }) {
  const { isMaster, leader, election, mastership, at, since, node } = status;
  const current = isElectionCurrent(status) ? election : null;
  const members = membersNow(status);
  const answering = members.filter(({ silentSince }) => silentSince === null).length;
  return (
    <dl class="figures" id="mastership">
      <Figure name="This node" level={isMaster ? "ok" : undefined}>
        {isMaster ? "★ Leads" : "Stands by"}
        {since === null ? null : (
          <>
            {" since "}
            <Time at={since} now={at} />
          </>
        )}
      </Figure>
      <Figure name="Election key" level={leader === null ? "error" : undefined}>
        <a href="/election">
          {leader === null ? `✕ ${whoLeads(status)}` : <Foreign of={leader} max={120} />}
        </a>
      </Figure>
      {members.length > 0
        ? (
          <Figure name="etcd members" level={answering < members.length ? "warn" : undefined}>
            <a href="/election">{`${answering} of ${members.length} answer`}</a>
          </Figure>
        )
        : null}
      <Figure name="Election">{current?.state ?? "not known"}</Figure>
      <Figure name="Term">
        <Foreign of={current?.term ?? (isMaster ? mastership?.term : null) ?? "–"} max={40} />
      </Figure>
      {node.startedAt === null ? null : (
        <Figure name="Node started">
          <Time at={node.startedAt} now={at} />
        </Figure>
      )}
    </dl>
  );
}

/** Name of the node that leads, by the history and this node's manager; null: they do not say the same. */
export function leadingNode(cluster: Cluster | null, leader: string | null): string | null {
  const current = cluster?.terms[0];
  return current && current.end === null && current.id === leader ? current.node : null;
}

/** Nodes that are registered in etcd. */
export function NodesTable({ cluster, status: { leader, node: { name: own }, at: now } }: {
  cluster: Cluster;
  status: Status;
}) {
  const leads = leadingNode(cluster, leader);
  const more = cluster.nodes.length - MAX_NODES;
  if (cluster.nodes.length === 0) {
    return <Empty>No node is registered in etcd: look at the managers' logs.</Empty>;
  }
  return (
    <>
      <Table
        id="nodes"
        caption="Nodes that are registered in etcd"
        columns={["Node", "Leads", "Version", "Up since", "Its page", "Configuration"]}
      >
        {cluster.nodes.slice(0, MAX_NODES).map((node) => (
          <tr>
            <th scope="row">
              <Foreign of={node.name} max={63} />
            </th>
            <td>{node.name === leads ? <b>★ leads</b> : leads === null ? "–" : "stands by"}</td>
            <td>
              <Foreign of={node.version} max={40} />
            </td>
            <td>
              <Time at={node.since} now={now} />
            </td>
            <td>
              <PageLink node={node} />
            </td>
            <td class="wide">
              <Configuration name={node.name} own={own} compared={cluster.configurations} />
            </td>
          </tr>
        ))}
      </Table>
      {more > 0 ? <p class="quiet">{more} more nodes in the JSON.</p> : null}
      <Astray cluster={cluster} />
    </>
  );
}

/** A node's configuration beside this node's. */
function Configuration({ name: whole, own, compared }: {
  name: string;
  /** Name of this node. */
  own: string;
  compared: Cluster["configurations"];
}) {
  const name = comparedName(whole);
  const differing = compared?.differing.find(({ node }) => node === name);
  if (differing) {
    return (
      <>
        <Badge level="warn" word="differs" /> in {differencesText(differing)}
      </>
    );
  }
  if (compared?.same.includes(name)) return <>as this node's</>;
  if (compared?.unknown.includes(name)) return <span class="quiet">not known</span>;
  return <span class="quiet">{compared && whole === own ? "this node" : "–"}</span>;
}

/** Nodes that serve the same Neutron under another region string, and so are not among this node's. */
function Astray({ cluster: { configurations, nodes } }: { cluster: Cluster }) {
  const astray =
    configurations?.differing.filter(({ node, differences }) =>
      differences.some(({ what }) => what === "region") &&
      !nodes.some(({ name }) => comparedName(name) === node)
    ) ?? [];
  return (
    <>
      {astray.map((each) => (
        <p class="problem">
          <Foreign of={each.node} max={63} />
          {` serves the same Neutron and differs in ${differencesText(each)}.`}
        </p>
      ))}
    </>
  );
}

/** Where it listens; a link where other machines reach it. */
function PageLink({ node: { page, diagnostics } }: { node: NodeRecord }) {
  return page === null
    ? (
      <>
        <Foreign of={diagnostics} max={80} />
      </>
    )
    : (
      <a href={`${page}/`} rel="noreferrer">
        <Foreign of={page} max={80} />
      </a>
    );
}
