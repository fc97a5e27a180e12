/** Pages of Neutron's with the next one on its way while one is dealt with. @module */
import type { Listing } from "../../openstack/listing.ts";
import type { Kind } from "../model/kinds.ts";
import type { SyncRun } from "../apply/sync_run.ts";

/** The items of each page; the first is asked for at once. `onPage` sees each page. */
export function readAhead<T>(
  run: SyncRun,
  kind: Kind,
  pages: AsyncGenerator<Listing<T>>,
  onPage: (page: Listing<T>) => void,
): AsyncGenerator<T[]> {
  const first = pages.next();
  first.catch(() => {}); // it is awaited in its turn, if that comes
  return follow(run, kind, pages, first, onPage);
}

async function* follow<T>(
  run: SyncRun,
  kind: Kind,
  pages: AsyncGenerator<Listing<T>>,
  first: Promise<IteratorResult<Listing<T>>>,
  onPage: (page: Listing<T>) => void,
): AsyncGenerator<T[]> {
  let next = first;
  try {
    while (true) {
      const { value, done } = await run.timed(kind, "neutronReadMs", () => next);
      if (done) return;
      run.deps.progress("reading Neutron");
      onPage(value);
      next = pages.next();
      next.catch(() => {});
      yield value.items;
    }
  } finally {
    await pages.return(undefined).catch(() => {});
  }
}
