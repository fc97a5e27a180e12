// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** What Neutron, etcd, Felix and this node say of what an operator looks for. Pure. @module */
import { z } from "zod";
import { plural } from "../../base/format.ts";
import {
  leaderSentence,
  OTHERS_HIDDEN,
  reasonSentence,
  toldWords,
  verdictSentence,
} from "../../trace/sentences.ts";
import { MAX_QUERY_CHARS, QUERY_HELP, readQuery } from "../../trace/query.ts";
import { nothingTold } from "../../trace/text.ts";
import type { NeutronPort, Trace, TracedPort } from "../../trace/trace.ts";
import { guardSentence } from "../../sync/report/held_text.ts";
import { Badge, Empty, Foreign, Pairs, Section, Time } from "../parts.tsx";
import type { Traced, Tracer } from "../tracer.ts";
import { ObjectList } from "./trace_objects.tsx";

/** What the page can be asked for. */
export const traceQuerySchema = z.object({ q: z.string().max(MAX_QUERY_CHARS).catch("") });
export type TraceQuery = z.infer<typeof traceQuerySchema>;

const PATH = "/trace";

/** The page's main part. */
export function TracePage({ query: { q }, tracer, now }: {
  query: TraceQuery;
  tracer: Tracer;
  now: number;
}) {
  const query = readQuery(q);
  const traced = query && tracer.kept(query.text);
  return (
    <>
      <Section id="trace-page" title="Trace" first>
        <p class="lead">
          What Neutron, etcd, Felix and this node say of a port, a VM, an address or a host, and
          what differs. Nothing is changed.
        </p>
        <form class="filter" method="get" action={PATH}>
          <label>
            Port, VM, IP address or host{" "}
            <input id="trace-q" name="q" type="search" maxlength={MAX_QUERY_CHARS} value={q} />
          </label>
          <button id="trace-go" type="submit">Trace</button>
        </form>
        <Outcome q={q} isReadable={query !== null} traced={traced} now={now} />
      </Section>
      {traced && "trace" in traced ? <Found trace={traced.trace} now={now} /> : null}
    </>
  );
}

function Outcome({ q, isReadable, traced, now }: {
  q: string;
  isReadable: boolean;
  traced: Traced | null;
  now: number;
}) {
  if (q === "") return <Empty>Nothing is asked for.</Empty>;
  if (!isReadable) return <Empty>{`Nothing can have that name. Allowed is ${QUERY_HELP}.`}</Empty>;
  if (traced === null) {
    return (
      <Empty>
        Nothing is kept of that trace: other traces are asked for, or it was too long ago. Ask
        again.
      </Empty>
    );
  }
  if ("refused" in traced) {
    return (
      <p id="trace-refused">
        <Badge level="warn" /> <Foreign of={traced.refused} max={500} />
      </p>
    );
  }
  const { trace } = traced;
  return (
    <>
      <p id="trace-verdict">
        <Badge level={LEVELS[trace.verdict]} word={trace.verdict} />{" "}
        <Foreign of={verdictSentence(trace)} max={500} /> Asked{" "}
        <Time at={trace.at} now={now} age />.
      </p>
      {trace.troubles.map((trouble) => (
        <p>
          <Badge level="error" /> <Foreign of={trouble} max={500} />
        </p>
      ))}
      {trace.guards.map((guard) => (
        <p>
          <Foreign of={guardSentence(guard)} max={500} />
        </p>
      ))}
      <p class="quiet">
        {trace.seesOthers ? null : `${OTHERS_HIDDEN} `}
        <Foreign of={leaderSentence(trace.node)} max={500} />
      </p>
    </>
  );
}

const LEVELS = { agrees: "ok", differs: "error", unknown: "warn", nothing: "info" } as const;

function Found({ trace, now }: { trace: Trace; now: number }) {
  return (
    <>
      {trace.ports.map((port, i) => <Port port={port} index={i} trace={trace} now={now} />)}
      {trace.more > 0
        ? <p class="quiet">{`And ${plural(trace.more, "more port")}: ask for one by its id.`}</p>
        : null}
      {trace.objects.length > 0
        ? (
          <Section id="trace-objects" title="Their security groups and subnets">
            <ObjectList objects={trace.objects} trace={trace} now={now} />
          </Section>
        )
        : null}
    </>
  );
}

function Port({ port, index, trace, now }: {
  port: TracedPort;
  index: number;
  trace: Trace;
  now: number;
}) {
  const { id, neutron, verdict, reasons, objects, keys, elsewhere } = port;
  return (
    <Section
      id={`trace-port-${index}`}
      title={
        <>
          Port <Foreign of={id} max={64} />
        </>
      }
    >
      <p>
        <Badge level={LEVELS[verdict]} word={verdict} />
      </p>
      {reasons.map((reason) => (
        <p>
          <Foreign of={reasonSentence(reason)} max={500} />
        </p>
      ))}
      <Pairs
        of={[
          ...neutron ? neutronPairs(neutron) : [["Neutron", "not listed"] as const],
          ...felixPairs(port, trace, now),
          ...toldPairs(port, trace, now),
        ]}
      />
      {objects.length + keys.length > 0 ? null : (
        <Empty>
          {trace.isSearched ? "Nothing is there in etcd." : "What etcd has of it is not known."}
        </Empty>
      )}
      {objects.length === 0
        ? keys.map(({ key, modRevision }) => (
          <p class="id">
            {"Not compared: "}
            <Foreign of={key} max={500} />
            {` (revision ${modRevision})`}
          </p>
        ))
        : <ObjectList objects={objects} trace={trace} now={now} />}
      {elsewhere.map(({ key, modRevision }) => (
        <p class="id">
          {"Elsewhere: "}
          <Foreign of={key} max={500} />
          {` (revision ${modRevision})`}
        </p>
      ))}
    </Section>
  );
}

type Rows = (readonly [name: string, value: unknown])[];

function neutronPairs(port: NeutronPort): Parameters<typeof Pairs>[0]["of"] {
  const { migratingTo } = port;
  const rows: Rows = [
    ["Name", port.name],
    ["Status", port.isAdminUp === false ? `${port.status}, admin state down` : port.status],
    ["Device", `${port.device} ${port.deviceOwner}`],
    ["Host", migratingTo === null ? port.host : `${port.host}, migrates to ${migratingTo}`],
    ["Binding", `${port.vifType} ${port.vnicType}`],
    ["Addresses", port.addresses.join(", ")],
    ["Network", port.network],
    ["Project", port.project],
    ["Security groups", port.securityGroups.join(", ")],
    ["Revision", port.revision === null ? "" : `${port.revision} ${port.updatedAt}`],
  ];
  return rows.map(([name, value]) =>
    [name, <Foreign of={String(value).trim() || "none"} max={500} />] as const
  );
}

function felixPairs({ neutron, felix }: TracedPort, { agents, node }: Trace, now: number) {
  const hosts = new Set([...neutron?.host ? [neutron.host] : [], ...felix.map(({ host }) => host)]);
  return [...hosts].map((host) => {
    const report = felix.find((each) => each.host === host);
    const agent = agents.find((each) => each.host === host);
    const reportedAt = node?.agents.find((each) => each.host === host)?.reportedAt ?? null;
    return [
      "Felix",
      <>
        {`${report?.status ?? (agent ? "no report" : "not known")} at `}
        <Foreign of={host} max={63} />
        {"; its agent: "}
        {agent?.state ?? "not asked"}
        {agent?.time === undefined || agent.time === null ? null : (
          <>
            , <Time at={agent.time} now={now} age />
          </>
        )}
        {reportedAt === null ? null : (
          <>
            ; told to Neutron <Time at={reportedAt} now={now} age />
          </>
        )}
      </>,
    ] as const;
  });
}

function toldPairs({ id }: TracedPort, { node }: Trace, now: number) {
  if (node === null) return [["Told", "not known"] as const];
  const told = node.reports.filter(({ port }) => port === id);
  if (told.length === 0) return [["Told", nothingTold(node.reportsSince)] as const];
  return told.map((report) => {
    const { at, error } = report;
    return [
      "Told",
      <>
        <Foreign of={toldWords(report)} max={200} />
        {", "}
        <Time at={at} now={now} age />
        {error === null ? null : (
          <>
            {"; not taken: "}
            <Foreign of={error} max={300} />
          </>
        )}
      </>,
    ] as const;
  });
}
