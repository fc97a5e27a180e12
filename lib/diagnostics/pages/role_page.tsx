// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** One role: how it is, its memory, its metrics, what it may do, its log. Pure. @module */
import { z } from "zod";
import type { PermissionRow } from "../../process/permissions.ts";
import type { LogRecord } from "../../state/page_feed.ts";
import type { Samples } from "../../state/records.ts";
import { LineChart } from "../charts/line_chart.tsx";
import { clip } from "../../base/clip.ts";
import { formatCount, plural } from "../../base/format.ts";
import { Badge, Choices, Empty, Foreign, Pairs, Section, Table, Time } from "../parts.tsx";
import { type RoleMetric } from "../role_metrics.ts";
import { addressOf } from "../address.ts";
import { type MayAct, RestartForm } from "./restart_form.tsx";
import { SpanChoices } from "../charts/span_choices.tsx";
import { SAMPLED, spanSchema } from "../spans.ts";
import { RoleFigures } from "../sections/roles_section.tsx";
import type { RoleStatus } from "../../health/facts.ts";
import { roleWord } from "../../health/roles.ts";

const MAX_FIELDS_CHARS = 600;
const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR"] as const;

/** What the page can be asked for. */
export const roleQuerySchema = z.object({
  /** The least severe level of the log. */
  level: z.enum(LEVELS).catch("DEBUG"),
  span: spanSchema,
});
export type RoleQuery = z.infer<typeof roleQuerySchema>;

/** The page's main part. */
export function RolePage({ role, may, samples, metrics, permissions, log, query, now }: {
  role: RoleStatus;
  /** Whether who looks may restart it. */
  may: MayAct;
  samples: Samples;
  metrics: readonly RoleMetric[];
  /** null: the supervisor has not told. */
  permissions: PermissionRow | null;
  /** Oldest first. */
  log: readonly LogRecord[];
  query: RoleQuery;
  now: number;
}) {
  return (
    <>
      <State role={role} may={may} samples={samples} query={query} now={now} />
      <LogSection name={role.name} log={log} query={query} now={now} />
      <MetricsSection metrics={metrics} />
      <PermissionsSection permissions={permissions} />
    </>
  );
}

/** The supervisor's page: it is no role of its own, but tells why roles end and start. */
export function SupervisorPage({ log, query, now }: {
  log: readonly LogRecord[];
  query: RoleQuery;
  now: number;
}) {
  return (
    <>
      <Section id="role-page" title="supervisor" first>
        <p class="lead">It starts the roles, watches them and stops them in order.</p>
      </Section>
      <LogSection name="supervisor" log={log} query={query} now={now} />
    </>
  );
}

function State({ role, may, samples, query, now }: {
  role: RoleStatus;
  may: MayAct;
  samples: Samples;
  query: RoleQuery;
  now: number;
}) {
  const { name, level, problem, process, alive } = role;
  return (
    <Section id="role-page" title={name} first>
      <p class="lead">
        <Badge level={level} word={roleWord(role)} />{" "}
        {alive && process?.state === "running" ? <Foreign of={alive.doing} max={80} /> : null}
      </p>
      {problem
        ? (
          <p class="problem">
            <Foreign of={problem} max={500} />
          </p>
        )
        : null}
      {process?.lastEnd
        ? (
          <p class="quiet">
            Ended last: <Foreign of={process.lastEnd} max={500} />
          </p>
        )
        : null}
      <RoleFigures role={role} now={now} whole />
      <RestartForm role={name} may={may} />
      <SpanChoices
        chosen={query.span}
        href={(span) => addressOf(`/roles/${name}`, { ...query, span }, roleQuerySchema)}
      />
      <LineChart
        id="chart-memory"
        name="Resident memory"
        series={{ at: samples.at, values: samples.rssMib[name] ?? samples.at.map(() => null) }}
        span={SAMPLED[query.span]}
        now={now}
        format={(mib) => `${formatCount(mib)} MiB`}
      />
    </Section>
  );
}

function LogSection({ name, log, query, now }: {
  name: string;
  log: readonly LogRecord[];
  query: RoleQuery;
  now: number;
}) {
  const least = LEVELS.indexOf(query.level);
  const shown = log
    .filter(({ level }) => (LEVELS as readonly string[]).indexOf(level) >= least)
    .toReversed();
  return (
    <Section
      id="log"
      title="Recent log"
      note={`${plural(shown.length, "record")}, the newest first`}
    >
      <Choices
        name="level"
        label="Least severe level"
        of={LEVELS.map((level) => [level, level === "DEBUG" ? "all" : level.toLowerCase()])}
        chosen={query.level}
        href={(level) => addressOf(`/roles/${name}`, { ...query, level }, roleQuerySchema)}
      />
      {shown.length === 0
        ? (
          <Empty>
            {log.length === 0
              ? "No record since the node started. Debug records need --log-level debug."
              : "No record of that level."}
          </Empty>
        )
        : (
          <div class="scroll lines" id="log-lines" role="region" aria-label="Log" tabindex={0}>
            <ol class="log">
              {shown.map((record) => <Record record={record} now={now} />)}
            </ol>
          </div>
        )}
    </Section>
  );
}

const BADGES: Readonly<Record<string, "info" | "warn" | "error">> = {
  WARN: "warn",
  ERROR: "error",
  CRITICAL: "error",
};

function Record({ record: { time, level, pid, message, fields }, now }: {
  record: LogRecord;
  now: number;
}) {
  const at = Date.parse(time);
  return (
    <li>
      {Number.isFinite(at) ? <Time at={at} now={now} /> : (
        <span>
          <Foreign of={time} max={30} />
        </span>
      )}
      <Badge level={BADGES[level] ?? "info"} word={clip(level.toLowerCase(), 10)} />
      <span class="message">
        <Foreign of={message} max={1000} />{" "}
        <span class="fields">
          <Foreign of={fieldText(fields)} max={MAX_FIELDS_CHARS} />
        </span>
      </span>
      <span class="quiet pid">{String(pid)}</span>
    </li>
  );
}

function fieldText(fields: LogRecord["fields"]): string {
  const parts = Object.entries(fields).map(([name, value]) =>
    `${clip(name, 60)}=${typeof value === "string" ? value : JSON.stringify(value)}`
  );
  return parts.join("  ");
}

function MetricsSection({ metrics }: { metrics: readonly RoleMetric[] }) {
  return (
    <Section id="metrics" title="Metrics">
      {metrics.length === 0
        ? (
          <Empty>
            None yet. All metrics of the node are at <a href="/metrics">/metrics</a>.
          </Empty>
        )
        : (
          <Table
            id="metrics-table"
            caption="Metrics of this role"
            columns={["Name", "Labels", "Value", "Meaning"]}
          >
            {metrics.map(({ name, labels, value, help }) => (
              <tr>
                <th scope="row" class="id">
                  <Foreign of={name} max={120} />
                </th>
                <td class="id">
                  <Foreign of={labels || "–"} max={120} />
                </td>
                <td>
                  <Foreign of={value} max={60} />
                </td>
                <td class="wide">
                  <Foreign of={help} max={200} />
                </td>
              </tr>
            ))}
          </Table>
        )}
    </Section>
  );
}

const KINDS = [
  ["net", "Connect to or listen on"],
  ["read", "Read"],
  ["write", "Write"],
  ["env", "Environment names"],
  ["run", "Run"],
  ["sys", "Ask the system for"],
] as const;

function PermissionsSection({ permissions }: { permissions: PermissionRow | null }) {
  return (
    <Section id="permissions" title="What it may do">
      {permissions === null
        ? <Empty>Not told by the supervisor yet.</Empty>
        : <Pairs of={KINDS.map(([kind, name]) => [name, <List of={permissions[kind]} />])} />}
    </Section>
  );
}

function List({ of }: { of: readonly string[] }) {
  if (of.length === 0) return <>nothing</>;
  return (
    <ul class="items">
      {of.slice(0, 50).map((item) => (
        <li>
          <code>
            <Foreign of={item} max={200} />
          </code>
        </li>
      ))}
      {of.length > 50 ? <li>{of.length - 50} more</li> : null}
    </ul>
  );
}
