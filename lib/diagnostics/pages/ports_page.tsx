// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** Ports whose status Neutron does not show, those that have differed for longest first. Pure. @module */
import { z } from "zod";
import type { Ports } from "../../state/records.ts";
import {
  MAX_PORT_DIFFERENCES,
  type PortDifference,
  type PortDifferencesFile,
} from "../../status/port_differences.ts";
import { clip } from "../../base/clip.ts";
import { formatCount, plural } from "../../base/format.ts";
import { pageOfList } from "../page_of_list.ts";
import { Age, Badge, Empty, Pager, Section, Table, Time } from "../parts.tsx";
import { LatestPorts, PortBadge } from "../sections/status_sections.tsx";

/** Ports on one page. */
const PORTS_PAGE = 100;
const MAX_LATEST = 50;

const WHY = ["waiting", "failed", "error"] as const;

/** What the page can be asked for; what does not fit counts as not said. */
export const portsQuerySchema = z.object({
  /** Part of the port's id or the host's name. */
  q: z.string().max(100).catch(""),
  why: z.enum(["", ...WHY]).catch(""),
  page: z.coerce.number().int().min(1).max(MAX_PORT_DIFFERENCES).catch(1),
});
export type PortsQuery = z.infer<typeof portsQuerySchema>;

/** The ports that a query asks for: the page's and how many there are. */
function selectPorts(
  { ports }: Pick<PortDifferencesFile, "ports">,
  { q, why, page }: PortsQuery,
): { rows: PortDifference[]; page: number; total: number } {
  const wanted = q.toLowerCase();
  const all = ports.filter((port) =>
    (why === "" || port.why === why) &&
    (port.port.toLowerCase().includes(wanted) || port.host.toLowerCase().includes(wanted))
  );
  return { ...pageOfList(all, page, PORTS_PAGE), total: all.length };
}

/** Path and query, without what is the default. */
export function portsPath({ q, why, page }: PortsQuery): string {
  const given = new URLSearchParams();
  if (q) given.set("q", q);
  if (why) given.set("why", why);
  if (page > 1) given.set("page", String(page));
  return given.size === 0 ? "/ports" : `/ports?${given}`;
}

/** The page's main part. */
export function PortsPage({ file, latest, query, isMaster, now }: {
  file: PortDifferencesFile | null;
  latest: Ports | null;
  query: PortsQuery;
  isMaster: boolean;
  now: number;
}) {
  return (
    <>
      <Differing file={file} query={query} isMaster={isMaster} now={now} />
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

function Differing({ file, query, isMaster, now }: {
  file: PortDifferencesFile | null;
  query: PortsQuery;
  isMaster: boolean;
  now: number;
}) {
  const title = "Ports whose status differs from Neutron's";
  if (!file) {
    return (
      <Section id="ports-page" title={title} first>
        <Empty>
          {isMaster
            ? "Not known yet: the endpoint status watcher has just started."
            : "This node has not been master: the master reports port status. Open its page."}
        </Empty>
      </Section>
    );
  }
  const { rows: found, page, total } = selectPorts(file, query);
  const note = isMaster ? plural(file.total, "port") : (
    <>
      {plural(file.total, "port")} as of <Time at={file.at} now={now} />, when this node led last
    </>
  );
  return (
    <Section id="ports-page" title={title} note={note} first>
      <p class="lead">
        A port differs from the moment at which Felix writes another status to etcd until Neutron
        has taken it: it is <i>waiting</i>, or its report has <i>failed</i>{" "}
        and is tried again. A port in <i>error</i>{" "}
        goes on differing, because Neutron takes no ERROR and shows DOWN. What somebody changes in
        Neutron itself does not show here.
      </p>
      <Filter query={query} />
      {file.total > file.ports.length
        ? (
          <p class="quiet">
            Only the {formatCount(file.ports.length)} that have differed for longest are listed.
          </p>
        )
        : null}
      {found.length === 0 ? <None file={file} /> : (
        <Table
          id="ports-differing"
          caption="Ports whose status differs from Neutron's, the longest first"
          columns={["Port", "Host", "In Calico", "Why", "Since", "Failed reports", "Last answer"]}
        >
          {found.map((port) => <DifferingRow port={port} now={now} />)}
        </Table>
      )}
      <Pager
        page={page}
        pageSize={PORTS_PAGE}
        total={total}
        href={(page) => portsPath({ ...query, page })}
      />
    </Section>
  );
}

function None({ file }: { file: PortDifferencesFile }) {
  return file.total === 0
    ? <Empty>✓ None: Neutron has taken the newest status of every port.</Empty>
    : (
      <Empty>
        No port fits. <a href="/ports">Show all</a>
      </Empty>
    );
}

function Filter({ query: { q, why } }: { query: PortsQuery }) {
  return (
    <form class="filter" method="get" action="/ports">
      <label>
        Port or host contains{" "}
        <input id="filter-q" name="q" type="search" maxlength={100} value={q} />
      </label>
      <label>
        Why{" "}
        <select id="filter-why" name="why">
          {["", ...WHY].map((each) => (
            <option value={each} selected={each === why}>{each || "any"}</option>
          ))}
        </select>
      </label>
      <button id="filter-go" type="submit">Show</button>
    </form>
  );
}

const LEVELS = { waiting: "info", failed: "warn", error: "error" } as const;

function DifferingRow({ port, now }: { port: PortDifference; now: number }) {
  return (
    <tr>
      <th scope="row" class="id">{clip(port.port, 64)}</th>
      <td>{clip(port.host, 63)}</td>
      <td>
        <PortBadge status={port.status} />
      </td>
      <td>
        <Badge level={LEVELS[port.why]} word={port.why} />
      </td>
      <td>
        <Time at={port.since} now={now} /> <Age at={port.since} now={now} />
      </td>
      <td class="number">{formatCount(port.attempts)}</td>
      <td class="wide">{port.error === null ? "–" : clip(port.error, 300)}</td>
    </tr>
  );
}
