// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** Ports whose status Neutron does not show, those that have differed for longest first. Pure. @module */
import { z } from "zod";
import type { Ports } from "../../state/records.ts";
import {
  MAX_PORT_DIFFERENCES,
  type PortDifference,
  portDifferenceSchema,
  type PortDifferencesFile,
} from "../../status/port_differences.ts";
import { toldStatus } from "../../status/reporter.ts";
import { formatCount } from "../../base/format.ts";
import { pageOfList, selectPorts } from "../select_rows.ts";
import { Age, Badge, Empty, Foreign, Pager, Section, Table, Time } from "../parts.tsx";
import { Choice, Filter, ListNote } from "./list_parts.tsx";
import { addressOf } from "../address.ts";
import { ComparisonLine, LatestPorts, PortBadge } from "../sections/status_sections.tsx";

/** Ports on one page. */
const PORTS_PAGE = 100;
const MAX_LATEST = 50;

const COLUMNS = [
  "Port",
  "Host",
  "In Calico",
  "For Neutron",
  "Why",
  "Since",
  "Failed reports",
  "Last answer",
];
const WHY = portDifferenceSchema.shape.why.options;

/** What the page can be asked for; what does not fit counts as not said. */
export const portsQuerySchema = z.object({
  /** Part of the port's id or the host's name. */
  q: z.string().max(100).catch(""),
  why: z.enum(["", ...WHY]).catch(""),
  page: z.coerce.number().int().min(1).max(MAX_PORT_DIFFERENCES).catch(1),
});
export type PortsQuery = z.infer<typeof portsQuerySchema>;

/** The page's main part. */
export function PortsPage({ file, latest, query, since, now }: {
  file: PortDifferencesFile | null;
  latest: Ports | null;
  query: PortsQuery;
  /** Start of this node's term; null: it does not lead. */
  since: number | null;
  now: number;
}) {
  const comparison = since === null ? undefined : latest?.comparison;
  return (
    <>
      <Differing file={file} query={query} since={since} now={now} comparison={comparison} />
      {latest
        ? (
          <Section id="ports-latest" title="Latest reports">
            <LatestPorts ports={latest} now={now} max={MAX_LATEST} />
          </Section>
        )
        : null}
    </>
  );
}

function Differing({ file, query, since, now, comparison }: {
  file: PortDifferencesFile | null;
  query: PortsQuery;
  /** Start of this node's term; null: it does not lead. */
  since: number | null;
  now: number;
  comparison: Ports["comparison"];
}) {
  const title = "Ports whose status differs from Neutron's";
  if (!file) {
    const none = since !== null
      ? "Not known yet: the endpoint status watcher has just started."
      : "This node has not been master: the master reports port status. Open its page.";
    return <Section id="ports-page" title={title} none={none} first />;
  }
  const all = selectPorts(file.ports, query);
  const { rows: found, page } = pageOfList(all, query.page, PORTS_PAGE);
  const isNow = since !== null && file.at >= since;
  const note = <ListNote of="port" file={file} since={since} now={now} />;
  return (
    <Section id="ports-page" title={title} note={note} first>
      <Lead />
      <ComparisonLine comparison={comparison} />
      <Filter path="/ports" text={["Port or host contains", query.q]}>
        <Choice name="why" label="Why" options={WHY} chosen={query.why} />
      </Filter>
      {file.total > file.ports.length
        ? (
          <p class="quiet">
            Only the {formatCount(file.ports.length)} that have differed for longest are listed.
          </p>
        )
        : null}
      {found.length === 0
        ? <None file={file} isAll={isNow && isAll(comparison)} isNow={isNow} />
        : (
          <Table
            id="ports-differing"
            caption="Ports whose status differs from Neutron's, the longest first"
            columns={COLUMNS}
          >
            {found.map((port) => <DifferingRow port={port} now={now} />)}
          </Table>
        )}
      <Pager
        page={page}
        pageSize={PORTS_PAGE}
        total={all.length}
        href={(page) => addressOf("/ports", { ...query, page }, portsQuerySchema)}
      />
    </Section>
  );
}

/** What differing means. */
function Lead() {
  return (
    <p class="lead">
      A port differs from the moment at which Felix writes another status to etcd until Neutron has
      taken it: it is <i>waiting</i>, or its report has <i>failed</i> and is tried again. A port in
      {" "}
      <i>error</i>{" "}
      goes on differing, because Neutron takes no ERROR and shows DOWN. One whose endpoint is{" "}
      <i>gone</i>{" "}
      (its VM was deleted, stopped or migrated) is told to Neutron as DOWN at that host, which
      changes nothing where the port is bound to another host by now. What somebody changes in
      Neutron itself shows here as soon as the port is compared with Neutron the next time.
    </p>
  );
}

/** Whether every endpoint was compared or reported. */
function isAll(comparison: Ports["comparison"]): boolean {
  return (comparison?.unsure ?? 0) === 0;
}

function None({ file, isNow, isAll }: {
  file: PortDifferencesFile;
  isNow: boolean;
  isAll: boolean;
}) {
  const text = isAll
    ? "✓ None: Neutron has taken the newest status of every port."
    : isNow
    ? "None is known yet: not all ports are compared."
    : "None then.";
  return file.total === 0 ? <Empty>{text}</Empty> : (
    <Empty>
      No port fits. <a href="/ports">Show all</a>
    </Empty>
  );
}

const LEVELS = { waiting: "info", failed: "warn", error: "error" } as const;

function DifferingRow({ port, now }: { port: PortDifference; now: number }) {
  return (
    <tr>
      <th scope="row" class="id">
        <Foreign of={port.port} max={64} />
      </th>
      <td>
        <Foreign of={port.host} max={63} />
      </td>
      <td>
        <PortBadge status={port.status} gone={port.gone} />
      </td>
      <td>{toldStatus(port.status)}</td>
      <td>
        <Badge level={LEVELS[port.why]} word={port.why} />
      </td>
      <td>
        <Time at={port.since} now={now} /> <Age at={port.since} now={now} />
      </td>
      <td class="number">{formatCount(port.attempts)}</td>
      <td class="wide">{port.error === null ? "–" : <Foreign of={port.error} max={300} />}</td>
    </tr>
  );
}
