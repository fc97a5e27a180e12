// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** Resyncs by the hour, so that one can see whether they ran at a time. Pure. @module */
import { formatCount, formatDuration } from "../../base/format.ts";
import { HOUR_MS, MAX_HOURS, type ResyncHour } from "../../state/records.ts";
import { Empty, Section, Table, Time } from "../parts.tsx";

const COLUMNS = ["Hour", "Resyncs", "Changed", "Failed", "First began", "Last ended"];
const LENGTHS = ["Longest took", "Longest pause"];

/** Each hour from now back to the first that is known; `hours` newest first. */
export function ResyncHoursPage({ hours, now }: { hours: readonly ResyncHour[]; now: number }) {
  return (
    <Section id="resync-hours-page" title="Resyncs by the hour" first>
      {hours.length === 0
        ? <Empty>None yet: only the master compares Neutron with etcd.</Empty>
        : (
          <>
            <p>
              All that ended on this node in each hour of a week, also those that found nothing to
              change. An hour without one: this node did not lead, or none came to its end. A pause
              is the time from the end of one to the start of the next.
            </p>
            <Table
              id="resync-hours"
              caption="Resyncs that ended in each hour, the newest first"
              columns={[...COLUMNS, ...LENGTHS]}
              numbers
            >
              {withGaps(hours, now).map(([at, hour]) => <HourRow at={at} hour={hour} now={now} />)}
            </Table>
          </>
        )}
      <p class="links">
        <a href="/resyncs">All resyncs</a>
      </p>
    </Section>
  );
}

/** Hours with what is known of each; null: nothing ran. */
function withGaps(
  hours: readonly ResyncHour[],
  now: number,
): (readonly [at: number, hour: ResyncHour | null])[] {
  const known = new Map(hours.map((hour) => [hour.at, hour]));
  const newest = Math.max(hours[0]!.at, Math.floor(now / HOUR_MS) * HOUR_MS);
  const many = 1 + (newest - hours.at(-1)!.at) / HOUR_MS;
  return Array.from({ length: Math.min(MAX_HOURS, Math.floor(many)) }, (_, i) => {
    const at = newest - i * HOUR_MS;
    return [at, known.get(at) ?? null];
  });
}

function HourRow({ at, hour, now }: { at: number; hour: ResyncHour | null; now: number }) {
  if (!hour) {
    return (
      <tr>
        <th scope="row">
          <Time at={at} now={now} short />
        </th>
        <td class="changed">none</td>
        <td colspan={6} />
      </tr>
    );
  }
  const { changed, failed, empty, firstAt, lastAt, longestMs, pauseMs } = hour;
  return (
    <tr>
      <th scope="row">
        <Time at={at} now={now} short />
      </th>
      <td>{formatCount(changed + failed + empty)}</td>
      {[changed, failed].map((n) => <td class={n > 0 ? "changed" : "zero"}>{formatCount(n)}</td>)}
      <td>
        <Time at={firstAt} now={now} />
      </td>
      <td>
        <Time at={lastAt} now={now} />
      </td>
      <td>{formatDuration(longestMs)}</td>
      <td>{formatDuration(pauseMs)}</td>
    </tr>
  );
}
