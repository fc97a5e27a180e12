// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** What is seldom looked at and must be found: etcd's size, its compaction, the configuration. Pure. @module */
import { clip } from "../../base/clip.ts";
import { formatBytes, formatCount, plural } from "../../base/format.ts";
import { type EffectiveRow, isGiven } from "../../config/effective_rows.ts";
import { freeShare, fullShare, NEARLY_FULL } from "../../etcd/database_size.ts";
import { databasesNow } from "../../health/etcd_databases.ts";
import type { Status } from "../../health/status.ts";
import type { Compaction } from "../../state/records.ts";
import { Badge, Cut, Foreign, Pairs, Section, Time } from "../parts.tsx";

/** The section; `configuration`: empty when it is not told. */
export function UpkeepSection({ status, configuration }: {
  status: Status;
  configuration: readonly EffectiveRow[];
}) {
  return (
    <Section id="upkeep" title="etcd and configuration">
      <Pairs
        of={[
          ["Database", <DatabaseLine status={status} />],
          ["Compaction", <CompactionLine compaction={status.compaction} now={status.at} />],
          ["Configuration", <ConfigurationLine configuration={configuration} />],
        ]}
      />
    </Section>
  );
}

/** Of the member that has the least room. */
function DatabaseLine({ status }: { status: Status }) {
  const all = databasesNow(status);
  const [worst] = all.filter(({ sizeBytes }) => sizeBytes !== null)
    .toSorted((a, b) =>
      b.alarms.length - a.alarms.length || (fullShare(b) ?? 0) - (fullShare(a) ?? 0)
    );
  if (!worst) return <>not known: the manager has not read it for a while</>;
  const { url, sizeBytes, quotaBytes, alarms } = worst;
  const [full, free] = [fullShare(worst), freeShare(worst)];
  const level = alarms.length > 0 ? "error" : (full ?? 0) > NEARLY_FULL ? "warn" : "ok";
  const word = alarms.length > 0
    ? (
      <>
        alarm <Foreign of={alarms.join(", ")} max={60} />
      </>
    )
    : undefined;
  return (
    <>
      <Badge level={level} word={word ?? (level === "ok" ? "has room" : "nearly full")} />{" "}
      <a href="/election" title={clip(url, 120)}>
        {formatBytes(sizeBytes!)}
        {quotaBytes === null ? "" : ` of ${formatBytes(quotaBytes)}`}
      </a>
      {full === null ? "" : `, ${percent(full)} full`}
      {free === null ? "" : `, ${percent(free)} of it free inside`}
      {", as read at "}
      <Time at={status.databases!.at} now={status.at} />
      {all.length > 1 ? <span class="quiet">{` (the fullest of ${all.length})`}</span> : null}
    </>
  );
}

function percent(share: number): string {
  return `${Math.round(share * 100)}\u00a0%`;
}

function CompactionLine({ compaction, now }: { compaction: Compaction | null; now: number }) {
  if (compaction === null) return <>not known: the manager has not checked yet</>;
  const { at, outcome, lastAt, compactions, failures } = compaction;
  return (
    <>
      <Time at={at} now={now} />: <Cut of={outcome} max={120} wrap />
      {lastAt === null ? "; none seen yet" : lastAt === at ? "" : (
        <>
          ; the last one <Time at={lastAt} now={now} />
        </>
      )}
      {`; ${formatCount(compactions)} done by this node, `}
      {failures > 0 ? <b>{formatCount(failures)} failed</b> : "none failed"}
    </>
  );
}

function ConfigurationLine({ configuration }: { configuration: readonly EffectiveRow[] }) {
  const given = configuration.filter(isGiven).length;
  return (
    <a href="/configuration">
      {configuration.length === 0
        ? "not told yet"
        : `${plural(configuration.length, "option")}, ${formatCount(given)} of them given`}
    </a>
  );
}
