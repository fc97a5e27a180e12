// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** What Neutron, etcd, Felix and this node say of what an operator looks for. Pure. @module */
import { z } from "zod";
import { clip } from "../../base/clip.ts";
import { plural } from "../../base/format.ts";
import {
  changeWords,
  leaderSentence,
  OTHERS_HIDDEN,
  reasonSentence,
  runWords,
  toldWords,
  verdictSentence,
} from "../../trace/sentences.ts";
import { MAX_QUERY_CHARS, QUERY_HELP, readQuery } from "../../trace/query.ts";
import { nothingTold, valueText } from "../../trace/text.ts";
import type { NeutronPort, Trace, TracedObject, TracedPort } from "../../trace/trace.ts";
import { guardSentence } from "../../sync/report/held_text.ts";
import { Badge, Empty, Pairs, Section, Time } from "../parts.tsx";
import type { Traced, Tracer } from "../tracer.ts";

/** What the page can be asked for. */
export const traceQuerySchema = z.object({ q: z.string().max(MAX_QUERY_CHARS).catch("") });
export type TraceQuery = z.infer<typeof traceQuerySchema>;

const PATH = "/trace";
/** Longest value of an object that is shown, characters of its JSON. */
const MAX_JSON_CHARS = 8000;

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
        <Badge level="warn" /> {clip(traced.refused, 500)}
      </p>
    );
  }
  const { trace } = traced;
  return (
    <>
      <p id="trace-verdict">
        <Badge level={LEVELS[trace.verdict]} word={trace.verdict} />{" "}
        {clip(verdictSentence(trace), 500)} Asked <Time at={trace.at} now={now} age />.
      </p>
      {trace.troubles.map((trouble) => (
        <p>
          <Badge level="error" /> {clip(trouble, 500)}
        </p>
      ))}
      {trace.guards.map((guard) => <p>{clip(guardSentence(guard), 500)}</p>)}
      <p class="quiet">
        {trace.seesOthers ? null : `${OTHERS_HIDDEN} `}
        {clip(leaderSentence(trace.node), 500)}
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
    <Section id={`trace-port-${index}`} title={`Port ${clip(id, 64)}`}>
      <p>
        <Badge level={LEVELS[verdict]} word={verdict} />
      </p>
      {reasons.map((reason) => <p>{clip(reasonSentence(reason), 500)}</p>)}
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
          <p class="id">{`Not compared: ${clip(key, 500)} (revision ${modRevision})`}</p>
        ))
        : <ObjectList objects={objects} trace={trace} now={now} />}
      {elsewhere.map(({ key, modRevision }) => (
        <p class="id">{`Elsewhere: ${clip(key, 500)} (revision ${modRevision})`}</p>
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
  return rows.map(([name, value]) => [name, clip(String(value).trim(), 500) || "none"] as const);
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
        {`${report?.status ?? (agent ? "no report" : "not known")} at ${
          clip(host, 63)
        }; its agent: `}
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
        {`${clip(toldWords(report), 200)}, `}
        <Time at={at} now={now} age />
        {error === null ? null : `; not taken: ${clip(error, 300)}`}
      </>,
    ] as const;
  });
}

const ACTIONS = {
  create: ["error", "missing"],
  update: ["error", "differs"],
  delete: ["error", "not wanted"],
} as const;

function ObjectList({ objects, trace, now }: {
  objects: readonly TracedObject[];
  trace: Trace;
  now: number;
}) {
  return (
    <ol class="differences">
      {objects.map((object) => <ObjectItem object={object} trace={trace} now={now} />)}
    </ol>
  );
}

function ObjectItem({ object, trace, now }: { object: TracedObject; trace: Trace; now: number }) {
  const { kind, key, subject, modRevision, action, isHeld, changes, moreChanges } = object;
  const [level, word] = action === null ? ["ok", "as wanted"] as const : ACTIONS[action];
  const last = trace.node?.changes.find((each) => each.key === key && each.subject === subject.id);
  return (
    <li>
      <h3>
        <Badge level={level} word={isHeld ? `${word}, held back` : word} /> {clip(kind, 40)}{" "}
        {modRevision === null ? null : <small>{`revision ${modRevision}`}</small>}
      </h3>
      <p class="id quiet">{clip(key, 500)}</p>
      {changes.length === 0 ? null : (
        <pre class="diff">
          {changes.map(({ path, before, after }) => (
            <>
              <span class="old">{`- ${clip(path, 200)}: ${valueText(before)}\n`}</span>
              <span class="new">{`+ ${clip(path, 200)}: ${valueText(after)}\n`}</span>
            </>
          ))}
          {moreChanges > 0 ? <span class="quiet">{`… and ${plural(moreChanges, "more place")}`}</span> : null}
        </pre>
      )}
      {last
        ? (
          <p class="quiet">
            {`L${runWords(last).slice(1)}: `}
            <a href={`/resyncs/${encodeURIComponent(last.run)}`}>{clip(last.run, 20)}</a>
            {` (${clip(last.reason, 40)}) `}
            <Time at={last.at} now={now} age />
            {`: ${clip(changeWords(last), 500)}`}
          </p>
        )
        : null}
      <Values object={object} />
    </li>
  );
}

function Values({ object: { key, wanted, stored, action } }: { object: TracedObject }) {
  const shown = action === null ? [["Value", stored]] : [["Wanted", wanted], ["In etcd", stored]];
  return (
    <details id={`value-${key}`}>
      <summary>{action === null ? "Value" : "Values"}</summary>
      {shown.map(([name, value]) => (
        <>
          <p class="quiet">{name}</p>
          <pre class="diff">{value === null ? "nothing" : jsonText(value)}</pre>
        </>
      ))}
    </details>
  );
}

function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 1);
  return text.length > MAX_JSON_CHARS ? `${text.slice(0, MAX_JSON_CHARS)}…` : text;
}
