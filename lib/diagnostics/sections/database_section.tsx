/** The databases of etcd's members: size, quota, fragmentation, alarms. Pure. @module */
import { formatBytes } from "../../base/format.ts";
import { freeShare, fullShare, NEARLY_FULL } from "../../etcd/database_size.ts";
import { databasesNow } from "../../health/etcd_databases.ts";
import type { Status } from "../../health/status.ts";
import type { DatabaseSize } from "../../state/records.ts";
import { Badge, Foreign, Section, Table } from "../parts.tsx";

/** The section. */
export function DatabaseSection({ status }: { status: Status }) {
  const all = databasesNow(status);
  const none = all.length > 0
    ? undefined
    : "Not known: the manager has not read their sizes for a while.";
  return (
    <Section id="etcd-databases" title="etcd's databases" none={none}>
      {none ? null : (
        <Table
          id="databases"
          caption="Size of the members' databases, as this node's manager reads it every minute"
          columns={["Member", "State", "Size", "In use", "Free inside", "Quota", "Of quota"]}
        >
          {all.map((database) => (
            <tr>
              <th scope="row">
                <Foreign of={database.url} max={120} />
              </th>
              <td>
                <State database={database} />
              </td>
              <td>{bytes(database.sizeBytes)}</td>
              <td>{bytes(database.inUseBytes)}</td>
              <td>{percent(freeShare(database))}</td>
              <td>{bytes(database.quotaBytes)}</td>
              <td>{percent(fullShare(database))}</td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

function State({ database }: { database: DatabaseSize }) {
  const { alarms, problem } = database;
  if (problem !== null) {
    return (
      <Badge
        level="warn"
        word={
          <>
            not known: <Foreign of={problem} max={120} />
          </>
        }
      />
    );
  }
  if (alarms.length > 0) {
    return (
      <Badge
        level="error"
        word={
          <>
            alarm <Foreign of={alarms.join(", ")} max={60} />
          </>
        }
      />
    );
  }
  if ((fullShare(database) ?? 0) > NEARLY_FULL) return <Badge level="warn" word="nearly full" />;
  return <Badge level="ok" word="has room" />;
}

function bytes(n: number | null): string {
  return n === null ? "–" : formatBytes(n);
}

function percent(share: number | null): string {
  return share === null ? "–" : `${Math.round(share * 100)} %`;
}
