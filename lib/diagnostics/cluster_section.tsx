// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** The section on the whole cloud: its nodes, who led when, and etcd's compaction. Pure. @module */
import type { Cluster, Compaction, TermRecord } from "../state_records.ts";
import { clip, formatCount, formatDuration } from "./format.ts";
import { Empty, Figure, Scroll, Section, Time } from "./parts.tsx";

const MAX_TERMS = 20;
const MAX_NODES = 20;

/** Who is there and who led when. */
export function ClusterSection({ cluster, compaction, now }: {
  cluster: Cluster | null;
  compaction: Compaction | null;
  now: number;
}) {
  if (!cluster) {
    return (
      <Section id="cluster" title="The cloud's nodes">
        <Empty>Not read from etcd yet: the manager does so every 10 s while etcd answers.</Empty>
      </Section>
    );
  }
  return (
    <Section id="cluster" title="The cloud's nodes">
      <dl class="figures">
        <Figure name="Nodes">{formatCount(cluster.nodes.length)}</Figure>
        <Figure name="Terms kept">{formatCount(cluster.terms.length)}</Figure>
        <Figure name="Last compaction by this node">
          {compaction?.lastAt ? <Time at={compaction.lastAt} now={now} age /> : "none yet"}
        </Figure>
      </dl>
      <NodesTable cluster={cluster} now={now} />
      <TermsTable terms={cluster.terms} now={now} />
    </Section>
  );
}

function NodesTable({ cluster, now }: { cluster: Cluster; now: number }) {
  const leader = cluster.terms[0]?.end === null ? cluster.terms[0].node : null;
  const columns = ["Node", "Leads", "Version", "Up since", "Its page"];
  return (
    <Scroll id="nodes" label="Nodes">
      <table>
        <caption class="hidden">Nodes that are registered in etcd</caption>
        <thead>
          <tr>{columns.map((name) => <th scope="col">{name}</th>)}</tr>
        </thead>
        <tbody>
          {cluster.nodes.slice(0, MAX_NODES).map((node) => (
            <tr>
              <th scope="row">{clip(node.name, 63)}</th>
              <td>{node.name === leader ? "★ leads" : "stands by"}</td>
              <td>{clip(node.version, 40)}</td>
              <td>
                <Time at={node.since} now={now} age />
              </td>
              <td>{clip(node.diagnostics, 80)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function TermsTable({ terms, now }: { terms: readonly TermRecord[]; now: number }) {
  const columns = ["Term", "Node", "Start", "Lasted", "Why it ended"];
  return (
    <Scroll id="terms" label="Terms">
      <table>
        <caption class="hidden">Who led when, the newest term first</caption>
        <thead>
          <tr>{columns.map((name) => <th scope="col">{name}</th>)}</tr>
        </thead>
        <tbody>
          {terms.slice(0, MAX_TERMS).map((term) => (
            <tr>
              <th scope="row">{term.term}</th>
              <td>{clip(term.node, 63)}</td>
              <td>
                <Time at={term.start} now={now} />
              </td>
              <td>
                {term.end === null ? "–" : formatDuration(Math.max(0, term.end - term.start))}
              </td>
              <td>{term.end === null ? "it goes on" : clip(term.reason ?? "not known", 200)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
