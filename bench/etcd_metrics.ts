/** What an etcd says of itself on `/metrics`. @module */
import { openEtcd } from "../lib/etcd/client.ts";
import { testConfig } from "../tests/support/test_config.ts";

/** Counters of one etcd. */
export interface EtcdCounters {
  /** Bytes that it has exchanged with its clients. */
  readonly bytes: number;
  /** Messages that clients have sent, keep-alives among them. */
  readonly requests: number;
  readonly puts: number;
  readonly ranges: number;
  readonly transactions: number;
  readonly deletes: number;
  /** Size of the database file in use, bytes. */
  readonly dbBytes: number;
}

/** Reads them. */
export async function etcdCounters(url: string): Promise<EtcdCounters> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (pattern: RegExp) =>
    [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  return {
    bytes: sum(/^etcd_network_client_grpc_(?:sent|received)_bytes_total (\S+)$/gm),
    requests: sum(/^grpc_server_msg_received_total\{.*\} (\S+)$/gm),
    puts: sum(/^etcd_(?:mvcc|debugging_mvcc)_put_total (\S+)$/gm) / copies(text, "put_total"),
    ranges: sum(/^etcd_(?:mvcc|debugging_mvcc)_range_total (\S+)$/gm) / copies(text, "range_total"),
    transactions: sum(/^etcd_(?:mvcc|debugging_mvcc)_txn_total (\S+)$/gm) /
      copies(text, "txn_total"),
    deletes: sum(/^etcd_(?:mvcc|debugging_mvcc)_delete_total (\S+)$/gm) /
      copies(text, "delete_total"),
    dbBytes: sum(/^etcd_mvcc_db_total_size_in_use_in_bytes (\S+)$/gm),
  };
}

/** etcd 3.4 shows some counters twice, under their old and their new name. */
function copies(text: string, name: string): number {
  return Math.max(
    1,
    text.match(new RegExp(`^etcd_(?:debugging_)?mvcc_${name} `, "gm"))?.length ?? 1,
  );
}

/** Bytes of the database that are in use when only the newest revisions are kept. */
export async function compactedBytes(url: string): Promise<number> {
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [url], callTimeoutMs: 60_000 });
  try {
    const { header } = await etcd.put("/compacted").value("").exec();
    await etcd.kv.compact({ revision: header.revision, physical: true });
    // Pages are given back with the next commits.
    for (let i = 0; i < 3; i++) {
      await etcd.put("/compacted").value(String(i)).exec();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return (await etcdCounters(url)).dbBytes;
  } finally {
    etcd.close();
  }
}

/** What was added from one reading to the next. */
export function added(before: EtcdCounters, after: EtcdCounters): EtcdCounters {
  return Object.fromEntries(
    Object.entries(after).map((
      [name, value],
    ) => [name, value - before[name as keyof EtcdCounters]]),
  ) as unknown as EtcdCounters;
}
